// Rules as Prometheus applies them, and what is wrong with those that it would not take.
#include "metrics/relabel/rules.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace watchbill::metrics::relabel {
namespace {

using A = RelabelAction;

RelabelConfiguration rule(A action) {
  RelabelConfiguration out;
  out.action = action;
  return out;
}

RelabelConfiguration rule(A action, std::vector<std::string> sources, const std::string& target = "") {
  RelabelConfiguration out = rule(action);
  out.source_labels = std::move(sources);
  out.target_label = target;
  return out;
}

RelabelConfiguration with_regex(RelabelConfiguration out, const std::string& regex) {
  out.regex = regex;
  return out;
}

RelabelConfiguration with_replacement(RelabelConfiguration out, const std::string& replacement) {
  out.replacement = replacement;
  return out;
}

// The labels after the rules, or "dropped".
std::string after(const std::vector<RelabelConfiguration>& written, Labels labels) {
  const auto rules = Rules::compile(written);
  if (!rules) return rules.error().text();
  return rules->apply(labels) ? labels.text() : "dropped";
}

const Labels abc({{"a", "foo"}, {"b", "bar"}, {"c", "baz"}});

TEST(relabel, replace_writes_what_the_pattern_took) {
  EXPECT_EQ(after({with_regex(rule(A::replace, {"a"}, "d"), "f(.*)")}, abc), R"({a="foo", b="bar", c="baz", d="oo"})");
  EXPECT_EQ(after({rule(A::replace, {"a", "b"}, "d")}, abc), R"({a="foo", b="bar", c="baz", d="foo;bar"})");
  EXPECT_EQ(
      after({with_replacement(with_regex(rule(A::replace, {"a", "b"}, "a"), "(?P<x>f)o+;(b).*"), "${x}-$2-$$-${9}-$2x")}, abc),
      R"({a="f-b-$--", b="bar", c="baz"})")
      << "$2x is a group of that name, as in Go";
  EXPECT_EQ(after({with_regex(rule(A::replace, {"a"}, "d"), "o")}, abc), abc.text()) << "the whole value has to match";
  EXPECT_EQ(after({with_regex(rule(A::replace, {"a"}, "d"), "fo|foo")}, abc), R"({a="foo", b="bar", c="baz"})")
      << "there is no group 1, and an empty value is no label";
  EXPECT_EQ(after({with_replacement(rule(A::replace, {}, "d"), "x")}, abc), R"({a="foo", b="bar", c="baz", d="x"})");
  EXPECT_EQ(after({with_replacement(rule(A::replace, {"a"}, "a"), "")}, abc), R"({b="bar", c="baz"})");
  RelabelConfiguration joined = rule(A::replace, {"a", "none", "b"}, "d");
  joined.separator = "";
  EXPECT_EQ(after({joined}, abc), R"({a="foo", b="bar", c="baz", d="foobar"})");
}

TEST(relabel, the_name_of_a_target_may_be_taken_from_the_value) {
  EXPECT_EQ(after({with_replacement(with_regex(rule(A::replace, {"a", "b"}, "${1}_x"), "(.*);(.*)"), "$2")}, abc),
            R"({a="foo", b="bar", c="baz", foo_x="bar"})");
  EXPECT_EQ(after({with_replacement(with_regex(rule(A::replace, {"v"}, "$1"), "(.*)"), "x")}, Labels({Labels::Pair{"v", "1-2"}})),
            R"({v="1-2"})")
      << "a name that is none is not written";
}

TEST(relabel, a_dot_is_no_newline) {
  EXPECT_EQ(after({rule(A::replace, {"a"}, "b")}, Labels({Labels::Pair{"a", "1\n2"}})), R"({a="1\n2"})");
}

TEST(relabel, keep_and_drop_look_at_the_whole_value) {
  EXPECT_EQ(after({with_regex(rule(A::drop, {"a"}), "o")}, abc), abc.text());
  EXPECT_EQ(after({with_regex(rule(A::drop, {"a"}), ".*o.*")}, abc), "dropped");
  EXPECT_EQ(after({with_regex(rule(A::keep, {"a", "b"}), "foo;bar")}, abc), abc.text());
  EXPECT_EQ(after({with_regex(rule(A::keep, {"a"}), "no-match")}, abc), "dropped");
  EXPECT_EQ(after({with_regex(rule(A::keep, {"none"}), "")}, abc), abc.text());
  EXPECT_EQ(after({with_regex(rule(A::drop, {"a"}), "foo"), with_replacement(rule(A::replace, {}, "d"), "x")}, abc), "dropped");
  EXPECT_EQ(after({rule(A::keepequal, {"a"}, "b")}, abc), "dropped");
  EXPECT_EQ(after({rule(A::dropequal, {"a"}, "b")}, abc), abc.text());
  EXPECT_EQ(after({rule(A::keepequal, {"a"}, "b")}, Labels({{"a", "1"}, {"b", "1"}})), R"({a="1", b="1"})");
  EXPECT_EQ(after({rule(A::dropequal, {"a"}, "b")}, Labels({{"a", "1"}, {"b", "1"}})), "dropped");
}

// Figures computed with Python: int.from_bytes(hashlib.md5(text).digest()[8:], "big") % modulus
TEST(relabel, hashmod_spreads_by_md5) {
  RelabelConfiguration spread = rule(A::hashmod, {"c"}, "d");
  spread.modulus = 1000;
  EXPECT_EQ(after({spread}, abc), R"({a="foo", b="bar", c="baz", d="976"})");
  spread.source_labels = {"a", "b"};
  spread.modulus = 7;
  EXPECT_EQ(after({spread}, abc), R"({a="foo", b="bar", c="baz", d="6"})");
}

TEST(relabel, names_are_mapped_dropped_and_kept) {
  const Labels labels({{"__meta_k8s_pod", "p"}, {"__meta_k8s_zone", "z"}, {"a", "1"}});
  EXPECT_EQ(after({with_regex(rule(A::labelmap), "__meta_k8s_(.+)")}, labels),
            R"({__meta_k8s_pod="p", __meta_k8s_zone="z", a="1", pod="p", zone="z"})");
  EXPECT_EQ(after({with_replacement(with_regex(rule(A::labelmap), "(__meta_k8s_pod|a)"), "x_${1}")}, labels),
            R"({__meta_k8s_pod="p", __meta_k8s_zone="z", a="1", x___meta_k8s_pod="p", x_a="1"})");
  EXPECT_EQ(after({with_regex(rule(A::labeldrop), "__meta_.*")}, labels), R"({a="1"})");
  EXPECT_EQ(after({with_regex(rule(A::labelkeep), "__meta_k8s_.*")}, labels), R"({__meta_k8s_pod="p", __meta_k8s_zone="z"})");
  EXPECT_EQ(after({with_regex(rule(A::labeldrop), "meta")}, labels), labels.text());
}

TEST(relabel, letters_change_their_case) {
  const Labels labels({Labels::Pair{"a", "FoO-Ä"}});
  EXPECT_EQ(after({rule(A::lowercase, {"a"}, "b"), rule(A::uppercase, {"a"}, "c")}, labels),
            R"({a="FoO-Ä", b="foo-ä", c="FOO-Ä"})");
}

TEST(relabel, what_is_wrong_is_told_with_its_key) {
  const auto problem = [](const RelabelConfiguration& written) -> std::string {
    const auto compiled = Rule::compile(written);
    return compiled ? "" : std::string(compiled.error().key) + ": " + compiled.error().text;
  };
  EXPECT_EQ(problem(rule(A::replace)), ": the action replace needs the key target_label");
  EXPECT_EQ(problem(rule(A::hashmod, {"a"}, "b")), ": the action hashmod needs the key modulus, of at least 1");
  EXPECT_EQ(problem(rule(A::replace, {"a"}, "a-b")), "target_label: \"a-b\" is no label name, not even with $1 or ${NAME} in it");
  EXPECT_EQ(problem(rule(A::replace, {"a"}, "1a")), "target_label: \"1a\" is no label name, not even with $1 or ${NAME} in it");
  EXPECT_EQ(problem(rule(A::replace, {"a"}, "${1")), "target_label: \"${1\" is no label name, not even with $1 or ${NAME} in it");
  EXPECT_EQ(problem(rule(A::replace, {"a"}, "a_${1}_$x2")), "");
  EXPECT_EQ(problem(rule(A::lowercase, {"a"}, "$1")), "target_label: \"$1\" is no label name");
  EXPECT_EQ(problem(with_replacement(rule(A::uppercase, {"a"}, "b"), "x")),
            "replacement: the action uppercase has no replacement");
  EXPECT_EQ(problem(with_replacement(rule(A::labelmap), "a b")),
            "replacement: \"a b\" is no label name, not even with $1 or ${NAME} in it");
  EXPECT_EQ(problem(with_regex(rule(A::keepequal, {"a"}, "b"), "x")),
            ": the action keepequal takes only source_labels and target_label");
  EXPECT_EQ(problem(rule(A::labeldrop, {"a"})), ": the action labeldrop takes only regex");
  EXPECT_EQ(problem(with_regex(rule(A::keep, {"a"}), "(")), "regex: \"(\" is no pattern: missing ): (");
  EXPECT_EQ(problem(with_regex(rule(A::keep, {"a"}), std::string(20'000, 'x'))),
            "regex: the pattern has 20000 bytes; at most 16384 are read");
}

}  // namespace
}  // namespace watchbill::metrics::relabel
