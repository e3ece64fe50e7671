#include "api/clock_warning.h"

namespace watchbill::api {

std::string clock_warning(Duration ahead) {
  const bool is_ahead = ahead.ms > 0;
  const std::int64_t seconds = (is_ahead ? ahead.ms : -ahead.ms) / 1000;
  const std::string by = format_duration(Duration::seconds(seconds));
  return "clock: the engine's time, which records and samples have, is " + by + (is_ahead ? " ahead of" : " behind") +
         " this host's clock, and stays so. " +
         (is_ahead ? "It agrees again after a start that is later than its last record: stop, wait for " + by + ", start"
                   : std::string("It agrees again after the next start")) +
         " (docs/operations.md, The clock)";
}

}  // namespace watchbill::api
