#include "config/tree.h"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "base/assert.h"

namespace watchbill::config {
namespace {

Mark mark_of(const yaml_mark_t& mark) noexcept {
  return {static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column + 1)};
}

ScalarStyle style_of(yaml_scalar_style_t style) noexcept {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return ScalarStyle::single_quoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return ScalarStyle::double_quoted;
    case YAML_LITERAL_SCALAR_STYLE: return ScalarStyle::literal;
    case YAML_FOLDED_SCALAR_STYLE: return ScalarStyle::folded;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE: return ScalarStyle::plain;
  }
  return ScalarStyle::plain;
}

std::string_view text_of(const yaml_char_t* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

// One event of libyaml, freed when it goes.
struct Event {
  yaml_event_t raw{};
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }
};

// Builds the tree from libyaml's events. The first problem ends it.
class Builder {
 public:
  Builder(Tree& tree, const TreeLimits& limits) : tree_(tree), limits_(limits) {}

  std::optional<TreeError> run();

 private:
  std::optional<TreeError> take(const yaml_event_t& event);
  std::optional<TreeError> scalar(const yaml_event_t& event);
  std::optional<TreeError> alias(const yaml_event_t& event);
  std::optional<TreeError> open(const yaml_event_t& event, NodeKind kind, const yaml_char_t* anchor, const yaml_char_t* tag);
  std::optional<TreeError> close(const yaml_event_t& event);
  std::optional<TreeError> measure(Node& node) const;
  std::optional<TreeError> check_keys(const Node& mapping) const;
  std::optional<TreeError> merge(NodeIndex index);
  bool add_merged(std::vector<NodeIndex>& children, NodeIndex from) const;
  std::optional<TreeError> attach(NodeIndex index, Mark at);

  Tree& tree_;
  const TreeLimits& limits_;
  std::vector<NodeIndex> open_;                          // the way from the root to where we are
  std::map<std::string, NodeIndex, std::less<>> anchors_;
  bool has_ended_{false};                                // the first document is complete
};

TreeError error(std::string_view code, Mark at, std::string text) { return {code, at, std::move(text)}; }

TreeError syntax_error(const yaml_parser_t& parser) {
  Mark at = mark_of(parser.problem_mark);
  if (parser.error == YAML_READER_ERROR || parser.error == YAML_MEMORY_ERROR) at = mark_of(parser.mark);
  std::string text = parser.problem == nullptr ? "this is no YAML" : parser.problem;
  if (parser.context != nullptr)
    text += fmt::format(" ({} that began in line {})", parser.context, parser.context_mark.line + 1);
  return error("syntax", at, std::move(text));
}

std::optional<TreeError> Builder::run() {
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) return error("syntax", {}, "there is no memory for reading YAML");
  const std::unique_ptr<yaml_parser_t, decltype(&yaml_parser_delete)> guard(&parser, &yaml_parser_delete);
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(tree_.source.data()), tree_.source.size());
  while (true) {
    Event event;
    if (yaml_parser_parse(&parser, &event.raw) == 0) return syntax_error(parser);
    if (event.raw.type == YAML_STREAM_END_EVENT) break;
    if (std::optional<TreeError> problem = take(event.raw)) return problem;
  }
  if (tree_.root == no_node) {
    tree_.root = static_cast<NodeIndex>(tree_.nodes.size());
    tree_.nodes.emplace_back();
  }
  return std::nullopt;
}

std::optional<TreeError> Builder::take(const yaml_event_t& event) {
  switch (event.type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT: return std::nullopt;
    case YAML_DOCUMENT_START_EVENT:
      if (!has_ended_) return std::nullopt;
      return error("multiple_documents", mark_of(event.start_mark), "a second document begins here: one file holds one document");
    case YAML_DOCUMENT_END_EVENT: has_ended_ = true; return std::nullopt;
    case YAML_ALIAS_EVENT: return alias(event);
    case YAML_SCALAR_EVENT: return scalar(event);
    case YAML_SEQUENCE_START_EVENT:
      return open(event, NodeKind::sequence, event.data.sequence_start.anchor, event.data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
      return open(event, NodeKind::mapping, event.data.mapping_start.anchor, event.data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close(event);
  }
  return std::nullopt;
}

std::optional<TreeError> Builder::scalar(const yaml_event_t& event) {
  const auto& data = event.data.scalar;
  const std::string_view tag = text_of(data.tag);
  const bool is_text = tag == YAML_STR_TAG || tag == "!";
  if (!tag.empty() && !is_text)
    return error("syntax", mark_of(event.start_mark), fmt::format("the tag {} has no meaning here; leave it out", tag));
  Node node;
  node.style = style_of(data.style);
  // `!!str 5` is text whatever it looks like, as a quoted scalar is.
  if (is_text && node.style == ScalarStyle::plain) node.style = ScalarStyle::single_quoted;
  node.begin = mark_of(event.start_mark);
  node.end = mark_of(event.end_mark);
  node.text.assign(reinterpret_cast<const char*>(data.value), data.length);
  const NodeIndex index = static_cast<NodeIndex>(tree_.nodes.size());
  const Mark at = node.begin;
  tree_.nodes.push_back(std::move(node));
  if (data.anchor != nullptr) anchors_.insert_or_assign(std::string(text_of(data.anchor)), index);
  return attach(index, at);
}

std::optional<TreeError> Builder::alias(const yaml_event_t& event) {
  const Mark at = mark_of(event.start_mark);
  const std::string_view name = text_of(event.data.alias.anchor);
  const auto found = anchors_.find(name);
  if (found == anchors_.end()) return error("syntax", at, fmt::format("there is no anchor &{} before this alias", name));
  if (std::find(open_.begin(), open_.end(), found->second) != open_.end())
    return error("alias_cycle", at, fmt::format("the alias *{} stands inside its own anchor", name));
  return attach(found->second, at);
}

std::optional<TreeError> Builder::open(const yaml_event_t& event, NodeKind kind, const yaml_char_t* anchor,
                                       const yaml_char_t* tag) {
  const Mark at = mark_of(event.start_mark);
  if (tag != nullptr) return error("syntax", at, fmt::format("the tag {} has no meaning here; leave it out", text_of(tag)));
  if (open_.size() >= limits_.depth_max)
    return error("too_large", at, fmt::format("nested deeper than {} levels", limits_.depth_max));
  Node node;
  node.kind = kind;
  node.begin = at;
  const NodeIndex index = static_cast<NodeIndex>(tree_.nodes.size());
  tree_.nodes.push_back(std::move(node));
  if (anchor != nullptr) anchors_.insert_or_assign(std::string(text_of(anchor)), index);
  if (std::optional<TreeError> problem = attach(index, at)) return problem;
  open_.push_back(index);
  return std::nullopt;
}

std::optional<TreeError> Builder::close(const yaml_event_t& event) {
  const NodeIndex index = open_.back();
  open_.pop_back();
  Node& node = tree_.nodes[index];
  node.end = mark_of(event.end_mark);
  if (node.kind == NodeKind::mapping) {
    if (std::optional<TreeError> problem = check_keys(node)) return problem;
    if (std::optional<TreeError> problem = merge(index)) return problem;
  }
  return measure(tree_.nodes[index]);
}

// Puts a node under the innermost open one.
std::optional<TreeError> Builder::attach(NodeIndex index, Mark at) {
  if (tree_.nodes.size() > limits_.nodes_max)
    return error("too_large", at, fmt::format("more than {} values in one file", limits_.nodes_max));
  if (open_.empty()) {
    tree_.root = index;
    return std::nullopt;
  }
  Node& parent = tree_.nodes[open_.back()];
  const bool is_key = parent.kind == NodeKind::mapping && parent.children.size() % 2 == 0;
  if (is_key && tree_.nodes[index].kind != NodeKind::scalar)
    return error("syntax", at, "a key is one word; if a text should begin with a bracket or a brace, put it in quotes");
  parent.children.push_back(index);
  return std::nullopt;
}

std::optional<TreeError> Builder::measure(Node& node) const {
  std::uint64_t expanded = 1;
  std::uint32_t height = 0;
  for (const NodeIndex child : node.children) {
    expanded += tree_.nodes[child].expanded_count;
    height = std::max<std::uint32_t>(height, tree_.nodes[child].height);
  }
  if (expanded > limits_.nodes_max)
    return error("too_large", node.begin, fmt::format("more than {} values once its aliases are written out", limits_.nodes_max));
  if (height >= limits_.depth_max)
    return error("too_large", node.begin, fmt::format("nested deeper than {} levels", limits_.depth_max));
  node.expanded_count = static_cast<std::uint32_t>(expanded);
  node.height = static_cast<std::uint16_t>(height + 1);
  return std::nullopt;
}

std::optional<TreeError> Builder::check_keys(const Node& mapping) const {
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < mapping.children.size(); i += 2) {
    const Node& key = tree_.nodes[mapping.children[i]];
    if (names.insert(key.text).second) continue;
    const auto first = std::find_if(mapping.children.begin(), mapping.children.end(),
                                    [&](NodeIndex child) { return tree_.nodes[child].text == key.text; });
    return error("duplicate_key", key.begin,
                 fmt::format("the key {} is written twice, first in line {}", key.text, tree_.nodes[*first].begin.line));
  }
  return std::nullopt;
}

// Replaces `<<: *a` and `<<: [*a, *b]` by what they name; written keys win, then the earlier of the list.
std::optional<TreeError> Builder::merge(NodeIndex index) {
  std::vector<NodeIndex>& children = tree_.nodes[index].children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const Node& key = tree_.nodes[children[i]];
    if (key.text != "<<" || key.style != ScalarStyle::plain) continue;
    const NodeIndex value = children[i + 1];
    const Mark at = key.begin;
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(i), children.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    bool is_merged = true;
    if (tree_.nodes[value].kind == NodeKind::sequence) {
      for (const NodeIndex each : tree_.nodes[value].children) is_merged = is_merged && add_merged(children, each);
    } else {
      is_merged = add_merged(children, value);
    }
    if (!is_merged) return error("syntax", at, "<< wants a mapping, or a list of mappings");
    break;  // a second `<<` is a duplicate key
  }
  return std::nullopt;
}

bool Builder::add_merged(std::vector<NodeIndex>& children, NodeIndex from) const {
  const Node& source = tree_.nodes[from];
  if (source.kind != NodeKind::mapping) return false;
  std::unordered_set<std::string_view> names;
  for (std::size_t i = 0; i < children.size(); i += 2) names.insert(tree_.nodes[children[i]].text);
  for (std::size_t i = 0; i < source.children.size(); i += 2) {
    if (!names.insert(tree_.nodes[source.children[i]].text).second) continue;
    children.push_back(source.children[i]);
    children.push_back(source.children[i + 1]);
  }
  return true;
}

}  // namespace

Result<Tree, TreeError> parse_tree(std::string source, const TreeLimits& limits) {
  if (source.size() > limits.bytes_max)
    return error("too_large", {}, fmt::format("the file has {} bytes; at most {} are read", source.size(), limits.bytes_max));
  // Editors of other systems write a byte order mark; libyaml would count it as a column.
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (source.starts_with(byte_order_mark)) source.erase(0, byte_order_mark.size());
  Tree tree;
  tree.source = std::move(source);
  if (std::optional<TreeError> problem = Builder(tree, limits).run()) return std::move(*problem);
  WB_ASSERT(tree.root < tree.nodes.size(), "run() gives an empty file a root too");
  return tree;
}

NodeIndex Tree::find(NodeIndex mapping, std::string_view key) const {
  const Node& node = nodes[mapping];
  if (node.kind != NodeKind::mapping) return no_node;
  for (std::size_t i = 0; i < node.children.size(); i += 2)
    if (nodes[node.children[i]].text == key) return node.children[i + 1];
  return no_node;
}

bool is_null(const Node& node) noexcept {
  if (node.kind != NodeKind::scalar || node.style != ScalarStyle::plain) return false;
  return node.text.empty() || node.text == "~" || node.text == "null" || node.text == "Null" || node.text == "NULL";
}

}  // namespace watchbill::config
