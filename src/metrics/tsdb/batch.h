// What is given to a Head in one go, and what became of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/labels.h"

namespace watchbill::metrics::tsdb {

// Why a sample was not taken. The names are what metrics and the API say.
enum class AppendRefusal : std::uint8_t {
  out_of_order,         // older than the newest sample of its series, and there is no out_of_order_window; or a histogram
  duplicate_timestamp,  // the same time with another value; the same value again is no refusal
  too_old,              // before the window, or before the out_of_order_window
  too_far_ahead,        // more than `ahead_max` after the time of advance()
  too_many_series,      // `series_count_max` is met and the series is new
  memory_full,          // `bytes_max` is met and the sample needs a new chunk
  too_many_samples,     // the batch holds more than its `sample_count_max`; nothing of it was written
  no_labels,            // the empty label set names no series
  bad_label_name,       // not [a-zA-Z_][a-zA-Z0-9_]*, a value of __name__ that is no metric name, or the label of companions
  too_many_labels,
  label_name_too_long,
  label_value_too_long,
  unknown_series,       // an outdated reference and no labels beside it
};
inline constexpr std::size_t append_refusal_count = 13;

[[nodiscard]] std::string_view word(AppendRefusal refusal) noexcept;

// Names a series for quick appends. Outdated once the series left the window; the head notices. A default one is outdated.
struct SeriesReference {
  std::uint32_t slot{std::numeric_limits<std::uint32_t>::max()};
  std::uint32_t generation{0};
  friend bool operator==(const SeriesReference&, const SeriesReference&) = default;
};

// One sample of a batch, and what became of it.
struct BatchSample {
  SeriesReference series;             // set by append() where it was outdated and `labels` are given: keep it for the next batch
  const Labels* labels{nullptr};      // needed only where `series` may be outdated
  Instant at;
  double value{0};
  std::string_view histogram;         // a native histogram as histogram::encode() writes it; empty: the sample is `value`
  Result<void, AppendRefusal> taken;  // out: success or why not
};

struct BatchResult {
  std::size_t taken_count{0};
  std::size_t new_series_count{0};
  std::size_t refused_count{0};
};

}  // namespace watchbill::metrics::tsdb
