// What readers of metrics pages have in common: limits, what was read last, names, quoted values, errors. TextParser and
// OpenMetricsParser are the two formats; which one a page has is told by its Content-Type (page_format.h).
//
// The caller keeps the page alive and calls next() until it gives `end` or `malformed`; views are valid until the next call. One
// bad entry makes the whole page bad: a scraper appends nothing of it. Pure; time linear in the page.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/labels.h"

namespace watchbill::metrics::exposition {

// `untyped` is what OpenMetrics calls unknown; the last three are of OpenMetrics alone.
enum class FamilyType : std::uint8_t { untyped, counter, gauge, histogram, summary, gauge_histogram, info, state_set };

// The word of the formats: "untyped", "counter", "gaugehistogram", …
[[nodiscard]] std::string_view word(FamilyType type) noexcept;

struct TextLimits {
  std::size_t body_bytes_max{64U << 20};        // one page; kube-state-metrics of a large cluster has 30 MiB
  std::size_t sample_count_max{1'000'000};      // of one page
  std::size_t label_count_max{256};             // of one sample
  std::size_t label_name_bytes_max{1024};
  std::size_t label_value_bytes_max{256 * 1024};
};

// One label as the page has it: the value between its quotes, escapes not yet resolved.
struct RawLabel {
  std::string_view name;
  std::string_view escaped_value;
};

class PageReader {
 public:
  enum class Entry : std::uint8_t { sample, help, type, unit, end, malformed };

  // Says of which series the next sample may be: `text` is the series_text() of a sample that a reader of this format took within
  // these limits, and stays where it is until the next call. Where a line begins with it, name and labels are not read again:
  // is_expected() is true then, and metric_name(), raw_labels() and labels() are empty. "" expects nothing. Saves two thirds of a
  // sample's time.
  void expect(std::string_view text) noexcept { expected_ = text; }
  [[nodiscard]] bool is_expected() const noexcept { return is_expected_; }

  // After sample, help, type, unit: the metric name.
  [[nodiscard]] std::string_view metric_name() const noexcept { return metric_name_; }

  // After sample. `series_text` is name and labels as the page writes them: a key for a cache of series, equal text is an equal
  // series.
  [[nodiscard]] std::string_view series_text() const noexcept { return series_text_; }
  [[nodiscard]] std::span<const RawLabel> raw_labels() const noexcept { return raw_labels_; }
  // All labels with __name__, escapes resolved, empty values left out.
  [[nodiscard]] Labels labels() const;
  [[nodiscard]] double value() const noexcept { return value_; }
  // The sample's own time in ms since 1970, if it has one.
  [[nodiscard]] std::optional<std::int64_t> timestamp_ms() const noexcept { return timestamp_ms_; }

  // After type.
  [[nodiscard]] FamilyType type() const noexcept { return type_; }

  // After malformed: kind `invalid` (not the format) or `exhausted` (beyond a limit); `on` is "line L, column C" (from 1, columns
  // in bytes), `detail` says what was expected there.
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 protected:
  enum CharacterClass : std::uint8_t { letter = 1, digit = 2, colon = 4 };
  enum class Newlines : std::uint8_t { allowed, refused };

  PageReader(std::string_view page, const TextLimits& limits) noexcept : page_(page), limits_(limits) {}

  [[nodiscard]] static bool is(char c, unsigned classes) noexcept;
  // Resolves \\ and \n, and \" where it may stand; any other backslash stays.
  [[nodiscard]] static std::string unescape(std::string_view text, bool has_quotes);
  [[nodiscard]] static std::vector<Labels::Pair> pairs_of(std::span<const RawLabel> labels);
  [[nodiscard]] static bool has_duplicate(std::span<const RawLabel> labels);

  [[nodiscard]] bool is_at_end() const noexcept { return at_ == page_.size(); }
  [[nodiscard]] char peek() const noexcept { return at_ < page_.size() ? page_[at_] : '\n'; }  // the page ends like a line
  [[nodiscard]] bool begin_sample();
  // Passes over the name and labels that are expected; false where the line begins otherwise, or might.
  [[nodiscard]] bool pass_expected() noexcept;
  [[nodiscard]] bool read_name(bool allow_colon, std::string_view& out) noexcept;
  // The label name at `begin`, which was just read.
  [[nodiscard]] bool check_label_name(std::size_t begin, std::string_view name);
  // A label value in double quotes.
  [[nodiscard]] bool read_quoted(Newlines newlines, std::string_view& out);
  [[nodiscard]] bool set_value(std::size_t begin, double& out);
  // A value as nearly all are, few digits, up to a blank or the end of the line; false where it is none, and then nothing is
  // read.
  [[nodiscard]] bool read_short_value(double& out) noexcept;
  [[nodiscard]] bool check_utf8(std::string_view text, std::string_view expected);
  bool fail(std::size_t offset, std::string_view expected, ErrorKind kind = ErrorKind::invalid);

  std::string_view page_;
  TextLimits limits_;
  std::size_t at_{0};
  std::size_t sample_count_{0};
  bool has_failed_{false};
  std::string_view metric_name_;
  std::string_view series_text_;
  std::string_view expected_;
  bool is_expected_{false};
  std::vector<RawLabel> raw_labels_;
  double value_{0};
  std::optional<std::int64_t> timestamp_ms_;
  std::string_view text_;  // of help and unit, escapes not yet resolved
  FamilyType type_{FamilyType::untyped};
  Error error_;
};

}  // namespace watchbill::metrics::exposition
