// One condition on one label of a series, as PromQL selectors, silences of series and federation write them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern/pattern.h"
#include "base/result.h"

namespace watchbill::metrics::tsdb {

enum class MatchKind : std::uint8_t { equal, not_equal, regex, not_regex };

// The operator as PromQL writes it: "=", "!=", "=~", "!~".
[[nodiscard]] std::string_view symbol(MatchKind kind) noexcept;

// A pattern longer than this is refused: nobody writes it, and its automaton costs memory in every select.
inline constexpr std::size_t pattern_bytes_max = 32 * 1024;
// Memory that one compiled pattern and its automaton may use.
inline constexpr std::int64_t pattern_memory_bytes_max = 4 << 20;

// Immutable and cheap to copy; may be used on any thread at once.
//
// Regular expressions are RE2's (Go's family), must match the whole value, and `.` matches a newline too. A label that a series
// does not have counts as the empty text: `a=""` matches series without `a`, `a!="x"` matches them too (Prometheus).
class Matcher {
 public:
  // Fails (invalid) when the pattern does not compile or is larger than the bounds above; `detail` is RE2's reason.
  // `name` is not checked: a name that no series can have matches as an absent label does.
  [[nodiscard]] static Result<Matcher> create(std::string name, MatchKind kind, std::string value);
  // The common case, which cannot fail.
  [[nodiscard]] static Matcher equal(std::string name, std::string value);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] MatchKind kind() const noexcept { return kind_; }
  // The text as given: a value, or a pattern.
  [[nodiscard]] const std::string& value() const noexcept { return value_; }

  // Whether a label with this value ("" = no such label) meets the condition.
  [[nodiscard]] bool matches(std::string_view label_value) const;
  [[nodiscard]] bool matches_empty() const noexcept { return matches_empty_; }
  // True for != and !~.
  [[nodiscard]] bool is_negative() const noexcept { return kind_ == MatchKind::not_equal || kind_ == MatchKind::not_regex; }

  // What the index can look up instead of testing each value, for the condition without its negation.
  // The only values that can match, sorted, when the pattern is a choice of plain texts (`a|b|c`, `(?:a|b)`) or there is no
  // pattern.
  [[nodiscard]] const std::vector<std::string>& literals() const noexcept { return literals_; }
  [[nodiscard]] bool is_literal() const noexcept { return !pattern_; }
  // Every value that matches starts with this; may be empty.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

  // `name="value"` with Go's quoting and the matcher's operator.
  [[nodiscard]] std::string text() const;

  // Same name, operator and text.
  friend bool operator==(const Matcher& a, const Matcher& b) noexcept {
    return a.kind_ == b.kind_ && a.name_ == b.name_ && a.value_ == b.value_;
  }

 private:
  Matcher() = default;
  [[nodiscard]] bool matches_positively(std::string_view label_value) const;

  std::string name_;
  MatchKind kind_{MatchKind::equal};
  std::string value_;
  bool matches_empty_{false};
  std::vector<std::string> literals_;
  std::string prefix_;
  std::optional<Pattern> pattern_;  // none when `literals_` says all
};

}  // namespace watchbill::metrics::tsdb
