// Reads a page in Prometheus' text format 0.0.4, entry by entry, without copying it; see page_reader.h.
//
// Source: the text format 0.0.4 as Prometheus 2.42 reads it. Differs in one thing: a NUL byte where a line begins is malformed
// (there it ends the page in silence).
#pragma once

#include <string>
#include <string_view>

#include "metrics/exposition/page_reader.h"

namespace watchbill::metrics::exposition {

class TextParser : public PageReader {
 public:
  explicit TextParser(std::string_view page, const TextLimits& limits = {}) noexcept : PageReader(page, limits) {}

  // The next entry; never `unit`. After `end` and `malformed` it gives the same again.
  [[nodiscard]] Entry next();

  // After help: the text, escapes resolved.
  [[nodiscard]] std::string help() const { return unescape(text_, false); }

 private:
  void skip_blanks() noexcept;
  void skip_line() noexcept;
  Entry read_comment();
  Entry read_sample();
  [[nodiscard]] bool read_series();
  [[nodiscard]] bool read_labels();
  [[nodiscard]] bool read_label();
  [[nodiscard]] bool read_timestamp();
};

}  // namespace watchbill::metrics::exposition
