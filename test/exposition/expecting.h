// Reads a page as a scraper does that knows what stood there last.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "metrics/exposition/page_reader.h"

namespace watchbill::metrics::exposition {

// What a reader gives of a page, entry by entry, when it expects `expected` each time.
template <class Parser>
std::string read_expecting(const std::string& page, std::string_view expected, std::size_t& passed) {
  Parser parser(page);
  std::string out;
  while (true) {
    parser.expect(expected);
    const PageReader::Entry entry = parser.next();
    if (entry == PageReader::Entry::malformed) return out + parser.error().on + ": " + parser.error().detail;
    if (entry == PageReader::Entry::end) return out;
    if (entry != PageReader::Entry::sample) continue;
    if (parser.is_expected()) ++passed;
    if (parser.is_expected()) EXPECT_EQ(parser.series_text(), expected) << page;
    else EXPECT_EQ(parser.labels().get("__name__"), parser.metric_name()) << page;
    out += std::string(parser.series_text()) + "=" + std::to_string(parser.value()) + "@" +
           std::to_string(parser.timestamp_ms().value_or(-1)) + ";";
  }
}

}  // namespace watchbill::metrics::exposition
