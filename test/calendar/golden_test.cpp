// Every interval of test/data/calendar/intervals.cases, asked at the instants under it: whether it holds, and until when.
// WB_WRITE_GOLDENS=1 writes the answers anew; a person reads them before they are committed.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gtest/gtest.h>

#include "calendar/intervals.h"
#include "model/calendar/calendar.h"
#include "places.h"

namespace watchbill {
namespace {

std::string text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string answer(const TimeIntervalConfiguration& interval, Instant at) {
  const Instant change = next_change(interval, at);
  return format_rfc3339(at) + (contains(interval, at) ? " in, until " : " out, until ") +
         (change == Instant::never() ? "never" : format_rfc3339(change));
}

// "### claim", "= periods", and lines that begin with an instant.
TEST(calendar, an_interval_is_what_its_periods_say) {
  const std::string path = in_test_data("calendar/intervals.cases");
  const std::string golden = text_of_file(path);
  std::istringstream lines(golden);
  std::string written;
  std::string claim;
  TimeIntervalConfiguration interval;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::string now = line;
    if (line.starts_with("### ")) claim = line;
    else if (line.starts_with("= ")) interval = interval_of(line.substr(2));
    else if (!line.empty() && line.front() != '#') {
      const Result<Instant> at = parse_rfc3339(line.substr(0, line.find(' ')));
      ASSERT_TRUE(at) << line;
      now = answer(interval, *at);
      ++count;
    }
    if (std::getenv("WB_WRITE_GOLDENS") == nullptr) {
      EXPECT_EQ(now, line) << claim;
    }
    written += now + "\n";
  }
  EXPECT_GE(count, 60U);
  if (std::getenv("WB_WRITE_GOLDENS") != nullptr) std::ofstream(path, std::ios::binary) << written;
}

}  // namespace
}  // namespace watchbill
