#include "config/tree.h"

#include <gtest/gtest.h>

namespace watchbill::config {
namespace {

Tree tree_of(std::string text) {
  Result<Tree, TreeError> tree = parse_tree(std::move(text));
  EXPECT_TRUE(tree.has_value()) << (tree ? "" : tree.error().text);
  return tree ? std::move(*tree) : Tree{};
}

std::string refusal_of(std::string text, const TreeLimits& limits = {}) {
  const Result<Tree, TreeError> tree = parse_tree(std::move(text), limits);
  if (tree) return "accepted";
  return std::to_string(tree.error().at.line) + ":" + std::to_string(tree.error().at.column) + " " +
         std::string(tree.error().code);
}

// The place of a piece of a scalar's text: the scalar is the value under the key x of the root.
std::string place_of(const std::string& source, std::string_view piece) {
  const Tree tree = tree_of(source);
  const Node& scalar = tree.at(tree.find(tree.root, "x"));
  const std::size_t offset = scalar.text.find(piece);
  EXPECT_NE(offset, std::string::npos) << scalar.text;
  const Mark mark = tree.place_in(scalar, offset);
  return std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

TEST(tree, keys_and_values_know_where_they_stand) {
  const Tree tree = tree_of("a: 1\nlist:\n  - x\n  - {deep: [y]}\n");
  const Node& root = tree.at(tree.root);
  EXPECT_EQ(root.children.size(), 4U);
  EXPECT_EQ(tree.at(root.children[2]).begin, (Mark{2, 1}));
  const Node& list = tree.at(tree.find(tree.root, "list"));
  EXPECT_EQ(tree.at(list.children[1]).begin, (Mark{4, 5}));
  EXPECT_EQ(tree.at(tree.find(list.children[1], "deep")).begin, (Mark{4, 12}));
}

TEST(tree, an_empty_file_is_nothing) {
  const Tree tree = tree_of("# only a comment\n");
  EXPECT_TRUE(is_null(tree.at(tree.root)));
}

TEST(tree, a_key_may_be_written_once) { EXPECT_EQ(refusal_of("a: 1\nb: 2\na: 3\n"), "3:1 duplicate_key"); }

TEST(tree, a_second_document_is_refused) { EXPECT_EQ(refusal_of("a: 1\n---\nb: 2\n"), "2:1 multiple_documents"); }

TEST(tree, an_alias_inside_its_own_anchor_is_refused) { EXPECT_EQ(refusal_of("x: &a [1, *a]\n"), "1:11 alias_cycle"); }

TEST(tree, an_alias_without_an_anchor_is_refused) { EXPECT_EQ(refusal_of("x: *a\n"), "1:4 syntax"); }

TEST(tree, aliases_count_as_written_out) {
  std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int n = 0; n < 10; ++n) laughs += before + (n < 9 ? ", " : "]\n");
  }
  EXPECT_EQ(refusal_of(laughs), "6:5 too_large");
}

TEST(tree, nesting_is_bounded_also_through_aliases) {
  EXPECT_EQ(refusal_of(std::string(20'000, '[')), "1:73 too_large");
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i)
    chain += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  EXPECT_EQ(refusal_of(chain), "72:6 too_large");
}

TEST(tree, bytes_and_values_are_bounded) {
  TreeLimits limits;
  limits.bytes_max = 4;
  EXPECT_EQ(refusal_of("a: 12", limits), "1:1 too_large");
  limits = {};
  limits.nodes_max = 3;
  EXPECT_EQ(refusal_of("[1, 2, 3]", limits), "1:8 too_large");
}

TEST(tree, keys_are_words_and_tags_mean_nothing) {
  EXPECT_EQ(refusal_of("? [a]\n: b\n"), "1:3 syntax");
  EXPECT_EQ(refusal_of("a: !!int 5\n"), "1:4 syntax");
  EXPECT_EQ(refusal_of("a: !!str 5\n"), "accepted");
}

TEST(tree, bytes_that_are_no_utf8_are_refused) { EXPECT_EQ(refusal_of("a: \xff\xfe\n").substr(4), "syntax"); }

TEST(tree, merges_take_what_is_not_written) {
  const Tree tree = tree_of("base: &b {a: 1, c: 2}\nmine:\n  <<: *b\n  a: 9\n");
  const NodeIndex mine = tree.find(tree.root, "mine");
  EXPECT_EQ(tree.at(tree.find(mine, "a")).text, "9");
  EXPECT_EQ(tree.at(tree.find(mine, "c")).text, "2");
  EXPECT_EQ(tree.find(mine, "<<"), no_node);
  EXPECT_EQ(refusal_of("mine:\n  <<: 5\n"), "2:3 syntax");
}

TEST(place, plain_and_quoted_texts) {
  EXPECT_EQ(place_of("x: up == 0\n", "=="), "1:7");
  EXPECT_EQ(place_of("x: 'it''s up'\n", "up"), "1:11");
  EXPECT_EQ(place_of("x: \"a\\tb\\u00e9c\"\n", "c"), "1:15");
  EXPECT_EQ(place_of("x: \"größe == 0\"\n", "=="), "1:11");
}

TEST(place, plain_texts_over_many_lines) {
  EXPECT_EQ(place_of("x: up\n  == 0\n\n  and down\n", "=="), "2:3");
  EXPECT_EQ(place_of("x: up\n  == 0\n\n  and down\n", "down"), "4:7");
  EXPECT_EQ(place_of("x: \"up \\\n   == 0\"\n", "=="), "2:4");
}

TEST(place, literal_blocks) {
  const std::string source = "x: |\n  sum(\n\n    rate(y[5m])\n  ) > 0\n";
  EXPECT_EQ(place_of(source, "sum"), "2:3");
  EXPECT_EQ(place_of(source, "rate"), "4:5");
  EXPECT_EQ(place_of(source, "> 0"), "5:5");
  EXPECT_EQ(place_of("x: |2\n    two\n  one\n", "one"), "3:3");
  EXPECT_EQ(place_of("x: |\r\n  a\r\n  b\r\n", "b"), "3:3");
}

TEST(place, folded_blocks) {
  const std::string source = "x: >-  # why\n  sum(\n  rate(y[5m])\n\n  ) > 0\n    deeper\n  end\n";
  EXPECT_EQ(place_of(source, "rate"), "3:3");
  EXPECT_EQ(place_of(source, "> 0"), "5:5");
  EXPECT_EQ(place_of(source, "deeper"), "6:5");
  EXPECT_EQ(place_of(source, "end"), "7:3");
}

}  // namespace
}  // namespace watchbill::config
