// Writes a page in Prometheus' text format 0.0.4: what /metrics answers.
//
// Families come out by name, series by labels, whatever the order of the calls: equal contents are equal bytes. The caller bounds
// what it adds. Pure; one page is used on one thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/exposition/page_reader.h"
#include "model/labels.h"

namespace watchbill::metrics::exposition {

// The name of a family and what it tells people. The text is written once, by the first call for the name.
struct Family {
  std::string_view name;  // a valid metric name
  std::string_view help;  // empty: no HELP line
};

// Counts of observations by upper bound. `counts[i]` is the number in bucket i alone (not of all below it too) and has one entry
// more than `bounds`, for those above the last bound.
struct HistogramValue {
  std::span<const double> bounds;  // ascending, finite
  std::span<const std::uint64_t> counts;
  double sum{0};
};

// Adds a line `name{labels} value`, labels as they come, with a newline. Holds: names are valid.
void append_sample(std::string& out, std::string_view name, std::span<const Labels::Pair> labels, double value);

class Page {
 public:
  // Asserted in all: names are valid, one name has one type, and no series is added twice. `labels` are without __name__.
  void counter(const Family& family, const Labels& labels, double value);
  void gauge(const Family& family, const Labels& labels, double value);
  void untyped(const Family& family, const Labels& labels, double value);
  // NAME_bucket with `le` for each bound and +Inf, NAME_sum, NAME_count.
  void histogram(const Family& family, const Labels& labels, const HistogramValue& value);
  // A gauge for each of `states` with the label `state_label`: 1 for `current`, which is one of them, 0 for the others.
  struct StateSet {
    std::string_view state_label;
    std::span<const std::string_view> states;
    std::string_view current;
  };
  void state_set(const Family& family, const Labels& labels, const StateSet& set);

  // Lines of another family that are written already (append_sample), behind all series that have no `key`; of two with one key
  // the first stays. Nothing happens where the page has the name with another type.
  void add_lines(const Family& family, FamilyType type, const std::string& key, std::string lines);

  // The page so far; ends with a newline unless it is empty.
  [[nodiscard]] std::string text() const;

  // The Content-Type of what text() gives.
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Contents {
    FamilyType type{FamilyType::untyped};
    std::string help;
    std::map<Labels, std::string> lines;  // of one series, as written
    std::map<std::string, std::string> more_lines;  // by key
  };

  [[nodiscard]] std::string& lines_of(const Family& family, FamilyType type, const Labels& labels);
  void add(const Family& family, FamilyType type, const Labels& labels, double value);

  std::map<std::string, Contents, std::less<>> families_;
};

}  // namespace watchbill::metrics::exposition
