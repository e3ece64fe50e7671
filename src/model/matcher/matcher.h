// Conditions on the labels of alerts, as Alertmanager's routes, inhibition rules and silences write them.
//
// A label that an alert does not have counts as the empty text: `a=""` matches alerts without `a`, `a!="x"` matches them too.
// Regular expressions are RE2's (Go's family) and must match the whole value; `.` matches no newline.
// Source: Alertmanager 0.25 pkg/labels (Matcher, ParseMatcher, ParseMatchers); names in quotes are of 0.27.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern/pattern.h"
#include "base/result.h"
#include "model/configuration_routing.h"
#include "model/labels.h"

namespace watchbill {

// Of one text with matchers: the bound that patterns of PromQL have. Each becomes a program of up to a megabyte.
inline constexpr std::size_t matcher_text_bytes_max = 32 << 10;
// Of one text, and of one route: the most that a file of this field is known to have is below 100.
inline constexpr std::size_t matcher_count_max = 1'000;

// The operator as it is written: "=", "!=", "=~", "!~".
[[nodiscard]] std::string_view symbol(MatcherKind kind) noexcept;

// `severity=~"page|ticket"`: within quotes \, " and newlines are escaped and nothing else is, so that parse_matcher() gives the
// same again. A name that needs quotes has them.
[[nodiscard]] std::string text(const LabelMatcher& matcher);
// `{a="b",c=~"d"}`: of all of them, in their order. Routes are named so in group keys.
[[nodiscard]] std::string text(const std::vector<LabelMatcher>& matchers);

// One matcher: `severity=page`, ` severity =~ "page|ticket" `. A value is quoted or not; \" \\ and \n are escapes in both, and
// a backslash before anything else is itself. A name is a label name ([a-zA-Z_:][a-zA-Z0-9_:]*), or any text in double quotes.
// Fails (invalid): `detail` says what was expected, and where, as "at byte N" from 1. The pattern is compiled and forgotten.
[[nodiscard]] Result<LabelMatcher> parse_matcher(std::string_view text);
// Some, between commas, in braces or not: `{a="b", c!~d}`; a comma at the end is passed over, empty text gives none. As in
// Alertmanager a brace at one end alone is taken off too.
[[nodiscard]] Result<std::vector<LabelMatcher>> parse_matchers(std::string_view text);

// Why a text holds no matchers, and at which of its bytes, from 0.
struct MatcherError {
  std::size_t offset{0};
  std::string text;
};
// As parse_matchers(), for who can show the place.
[[nodiscard]] Result<std::vector<LabelMatcher>, MatcherError> read_matchers(std::string_view text);
// A matcher of known parts, whose pattern is looked at. The offset of an error is 0.
[[nodiscard]] std::optional<MatcherError> find_fault(const LabelMatcher& matcher);

// All conditions of a route or a silence, ready to be asked. Immutable, cheap to copy, any thread.
class Matchers {
 public:
  Matchers() = default;
  // Fails (invalid) when a pattern does not compile; matchers of an accepted bill, and those that parse_matcher() gave, do.
  [[nodiscard]] static Result<Matchers> compile(const std::vector<LabelMatcher>& matchers);

  // Whether all of them are met; none: yes. O(matchers), no allocations.
  [[nodiscard]] bool match(const Labels& labels) const;

 private:
  struct One {
    MatcherKind kind{MatcherKind::equal};
    std::string name;
    std::string value;
    std::optional<Pattern> pattern;
  };
  std::vector<One> all_;
};

}  // namespace watchbill
