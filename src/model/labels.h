// Label sets: what names a series, an alert, a target.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace watchbill {

// A set of label names with values, sorted by name, without duplicates and without empty values (an empty value means "no such
// label", as in Prometheus). Comparison is by name, then value: the order in which vectors are written.
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels() = default;
  // Takes pairs in any order. Of two equal names the later one wins; pairs with an empty value are dropped.
  explicit Labels(std::vector<Pair> pairs);

  // The value, or "" when there is no such label. O(log n).
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return !get(name).empty(); }
  // Sets, replaces or (with an empty value) removes one label. O(n).
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name) { set(name, ""); }

  [[nodiscard]] const std::vector<Pair>& pairs() const noexcept { return pairs_; }
  [[nodiscard]] bool empty() const noexcept { return pairs_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return pairs_.size(); }
  [[nodiscard]] auto begin() const noexcept { return pairs_.begin(); }
  [[nodiscard]] auto end() const noexcept { return pairs_.end(); }

  // `{a="1", b="2"}` with Go's quoting; `name{…}` when there is a label `__name__`. `{}` for the empty set.
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const Labels&, const Labels&) = default;

 private:
  std::vector<Pair> pairs_;
};

// The label that holds a series' metric name.
inline constexpr std::string_view metric_name_label = "__name__";

// [a-zA-Z_][a-zA-Z0-9_]*
[[nodiscard]] bool is_label_name(std::string_view name) noexcept;
// [a-zA-Z_:][a-zA-Z0-9_:]*
[[nodiscard]] bool is_metric_name(std::string_view name) noexcept;

// A Go string literal in double quotes: ", \ and control characters escaped, other UTF-8 as it is.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace watchbill
