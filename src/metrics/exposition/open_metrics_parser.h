// Reads a page in OpenMetrics 1.0, entry by entry, without copying it; see page_reader.h.
//
// Stricter than the text format: single blanks, no other comments, no empty lines, and `# EOF` at the end, so that half a page is
// not taken for a whole one. Source: OpenMetrics 1.0 as Prometheus 2.42 reads it. Taken as there, though the standard forbids it:
// families that are interleaved, counters without _total. `_created` is a sample like others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/exposition/exemplar.h"
#include "metrics/exposition/page_reader.h"

namespace watchbill::metrics::exposition {

class OpenMetricsParser : public PageReader {
 public:
  explicit OpenMetricsParser(std::string_view page, const TextLimits& limits = {}) noexcept : PageReader(page, limits) {}

  // The next entry. After `end` and `malformed` it gives the same again.
  [[nodiscard]] Entry next();

  // After help: the text, escapes resolved.
  [[nodiscard]] std::string help() const { return unescape(text_, true); }
  // After unit: empty, or the last word of the metric's name.
  [[nodiscard]] std::string_view unit() const noexcept { return text_; }
  // After sample. None where there is none, and where its labels have more than 128 characters, as there.
  [[nodiscard]] std::optional<Exemplar> exemplar() const;

 private:
  Entry read_comment();
  Entry read_end();
  [[nodiscard]] bool read_text();
  [[nodiscard]] bool read_type();
  [[nodiscard]] bool check_unit();
  Entry read_sample();
  [[nodiscard]] bool read_series();
  [[nodiscard]] bool read_labels(std::vector<RawLabel>& out);
  [[nodiscard]] bool read_exemplar();
  [[nodiscard]] bool read_token(std::string_view expected, std::size_t& begin);
  [[nodiscard]] bool read_number(double& out);
  [[nodiscard]] bool read_seconds(std::optional<std::int64_t>& out_ms);
  [[nodiscard]] bool has_exemplar_next() const noexcept;

  bool has_ended_{false};
  bool has_exemplar_{false};
  std::vector<RawLabel> exemplar_labels_;
  double exemplar_value_{0};
  std::optional<std::int64_t> exemplar_timestamp_ms_;
};

}  // namespace watchbill::metrics::exposition
