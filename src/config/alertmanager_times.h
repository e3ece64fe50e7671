// The time intervals of an Alertmanager file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "config/time_zones.h"
#include "model/configuration_time.h"

namespace watchbill::config {

// Of one file, and of one part of a period. A period may carry the clock changes of its zone.
inline constexpr std::size_t time_intervals_max = 1'000;
inline constexpr std::size_t time_periods_max = 2'000;
inline constexpr std::size_t time_ranges_max = 100;

// One interval as it is written, each period still without its zone.
struct TimeIntervalKeys {
  std::string name;
  std::vector<TimePeriodConfiguration> periods;
};

// Reads a list of intervals.
void read_time_intervals(const Cursor& at, std::vector<TimeIntervalKeys>& out);

// Adds what was read at the list `at` to `out`, with zones. Complains about names that are there already, zones that are not
// there, and too many of all.
void add_time_intervals(const Cursor& at, std::vector<TimeIntervalKeys>& read, TimeZones& zones,
                        std::map<std::string, TimeIntervalConfiguration>& out);

// The tables of this part, for documentation and tests.
[[nodiscard]] std::vector<TableView> time_tables();

}  // namespace watchbill::config
