// Time intervals as they are laid out, the zones of their files, and their bounds. What is refused: alertmanager.cases.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "config/alertmanager_routes.h"
#include "config/alertmanager_times.h"
#include "config/cases.h"
#include "model/codec.h"
#include "zone_bytes.h"

namespace watchbill::config {
namespace {

const std::string head = "receivers: [{name: o}]\nroute: {receiver: o}\n";

Loaded load_text(const std::string& text, MemoryFiles files = {}) {
  files["/am.yml"] = text;
  return check_alertmanager_file("/am.yml", reader_of(files));
}

std::string laid_out(const std::string& text, const MemoryFiles& files = {}) {
  const Loaded loaded = load_text(head + text, files);
  if (!loaded.configuration) return report_of(loaded);
  std::string out;
  for (const auto& [name, interval] : loaded.configuration->routing->time_intervals)
    for (const TimePeriodConfiguration& each : interval.periods) out += name + " " + canonical_text(each) + "\n";
  return out;
}

constexpr const char* utc = "\"zone\":{\"first_offset\":0,\"name\":\"UTC\"}}\n";

TEST(time_intervals, parts_are_numbers) {
  EXPECT_EQ(
      laid_out(R"(
time_intervals:
  - name: t
    time_intervals:
      - times: [{start_time: 00:00, end_time: '09:30'}, {start_time: '23:59', end_time: 24:00}]
      - weekdays: ['Monday:FRIDAY', sunday]
        months: [january:March, '5', 6:july, december]
      - days_of_month: [1, '+2:05', '-3:-1', '15:-1', '27:-1']
        years: [2026, '2027:2030', '0:9999']
  - {name: empty, time_intervals: []}
mute_time_intervals: [{name: old, time_intervals: [{}]}]
)"),
      std::string("old {") + utc + "t {\"times\":[{\"begin\":0,\"end\":570},{\"begin\":1439,\"end\":1440}]," + utc +
          "t {\"months\":[{\"begin\":1,\"end\":3},{\"begin\":5,\"end\":5},{\"begin\":6,\"end\":7},{\"begin\":12,\"end\":12}],"
          "\"weekdays\":[{\"begin\":1,\"end\":5},{\"begin\":0,\"end\":0}]," +
          utc +
          "t {\"days_of_month\":[{\"begin\":1,\"end\":1},{\"begin\":2,\"end\":5},{\"begin\":-3,\"end\":-1},{\"begin\":15,"
          "\"end\":-1},{\"begin\":27,\"end\":-1}],\"years\":[{\"begin\":2026,\"end\":2026},{\"begin\":2027,\"end\":2030},"
          "{\"begin\":0,\"end\":9999}]," +
          utc);
}

MemoryFiles host_with_zones() {
  const std::string folder = "/usr/share/zoneinfo/";
  return {{folder + "Europe/Vienna", ZoneBytes{{3600}, {}, vienna_footer}.text()},
          {folder + "Etc/GMT+5", ZoneBytes{{-18'000}, {}, "<-05>5"}.text()},
          {folder + "Singapore", ZoneBytes{{28'800}, {}, "<+08>-8"}.text()},
          {folder + "Broken", "TZif2"},
          {"/etc/localtime", ZoneBytes{{32'400}, {}, "KST-9"}.text()}};
}

// Of one period with this location: the configuration, or the report.
std::string zone_of(const std::string& location, const MemoryFiles& files) {
  return laid_out("time_intervals: [{name: t, time_intervals: [{location: " + location + "}]}]\n", files);
}

std::string fixed_zone(const std::string& name, int offset) {
  return "t {\"zone\":{\"first_offset\":" + std::to_string(offset) + ",\"name\":\"" + name + "\"}}\n";
}

TEST(time_intervals, a_zone_is_written_out_with_its_rules) {
  const MemoryFiles files = host_with_zones();
  EXPECT_EQ(zone_of("Etc/GMT+5", files), fixed_zone("Etc/GMT+5", -18'000));
  EXPECT_EQ(zone_of("UTC", {}), fixed_zone("UTC", 0));
  EXPECT_EQ(zone_of("''", {}), fixed_zone("UTC", 0));
  const std::string vienna = zone_of("Europe/Vienna", files);
  EXPECT_NE(vienna.find("\"daylight_offset\":7200"), std::string::npos) << vienna;
}

TEST(time_intervals, local_is_the_zone_of_the_host_that_reads_it) {
  EXPECT_EQ(zone_of("Local", host_with_zones()), fixed_zone("Local", 32'400));
  EXPECT_EQ(zone_of("Local", {}), fixed_zone("UTC", 0));
}

TEST(time_intervals, a_zone_that_is_not_there_is_told_with_the_nearest) {
  const MemoryFiles files = host_with_zones();
  const std::string before = "/am.yml:3:56: error: time_intervals[0].time_intervals[0].location: ";
  EXPECT_EQ(zone_of("Singapoor", files), before + "there is no time zone Singapoor; did you mean Singapore? [unknown_name]\n");
  EXPECT_EQ(zone_of("Mars/Base", files), before + "there is no time zone Mars/Base [unknown_name]\n");
  EXPECT_EQ(zone_of("Broken", files),
            before + "/usr/share/zoneinfo/Broken at byte 1: expected TZif: this is no time zone file [bad_time_zone]\n");
}

TEST(time_intervals, where_there_are_no_zones_the_package_is_named) {
  EXPECT_EQ(zone_of("Europe/Vienna", {}),
            "/am.yml:3:56: error: time_intervals[0].time_intervals[0].location: there are no time zones in /usr/share/zoneinfo: "
            "install the package tzdata, or leave `location` out for UTC [file_unreadable]\n");
}

TEST(time_intervals, what_is_read_reads_back) {
  const Loaded loaded = load_text(head +
                                      "time_intervals: [{name: t, time_intervals: [{times: [{start_time: '01:00', end_time: "
                                      "'02:00'}], location: Europe/Vienna}]}]\n",
                                  host_with_zones());
  ASSERT_TRUE(loaded.configuration) << report_of(loaded);
  RoutingConfiguration again;
  ASSERT_TRUE(from_canonical_text(canonical_text(*loaded.configuration->routing), again));
  EXPECT_EQ(again, *loaded.configuration->routing);
}

// By the readers themselves, whatever else is said of such a file.
TEST(time_intervals, each_route_has_only_those_that_it_names) {
  SourceFile file;
  file.dialect = Dialect::prometheus;
  file.tree = *parse_tree("{receiver: o, routes: [{mute_time_intervals: [b, a], active_time_intervals: [c], routes: [{}]}, {}]}");
  Report report;
  const Cursor at(report, file, file.tree.root, "route");
  RouteKeys keys;
  read_route_keys(at, keys);
  const std::string_view receivers[] = {"o"};
  const std::string_view intervals[] = {"a", "b", "c"};
  const std::vector<RouteConfiguration> routes = lay_out_routes(at, keys, {receivers, intervals});
  ASSERT_EQ(routes.size(), 4U);
  for (const std::size_t without : {0U, 2U, 3U})
    EXPECT_TRUE(routes[without].mute_time_intervals.empty() && routes[without].active_time_intervals.empty()) << without;
  EXPECT_EQ(routes[1].mute_time_intervals, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(routes[1].active_time_intervals, (std::vector<std::string>{"c"}));
}

TEST(time_intervals, their_number_is_bounded) {
  const auto intervals = [](std::size_t count, const std::string& periods) {
    std::string out = "time_intervals:\n";
    for (std::size_t i = 0; i < count; ++i) out += "- {name: t" + std::to_string(i) + ", time_intervals: [" + periods + "]}\n";
    return out;
  };
  EXPECT_EQ(load_text(head + intervals(time_intervals_max, "{}, {}")).configuration->routing->time_intervals.size(),
            time_intervals_max);
  EXPECT_EQ(laid_out(intervals(time_intervals_max + 1, "{}")),
            "/am.yml:4:1: error: time_intervals: more than 1000 time intervals in one file [too_large]\n");
  EXPECT_EQ(
      laid_out(intervals(time_intervals_max - 1, "{}, {}") + "mute_time_intervals: [{name: o, time_intervals: [{}, {}, {}]}]\n"),
      "/am.yml:4:1: error: time_intervals: more than 2000 periods of time intervals in one file [too_large]\n");
}

TEST(time_intervals, ranges_of_a_part_are_bounded) {
  const auto days = [](std::size_t count) {
    std::string list = "1";
    for (std::size_t i = 1; i < count; ++i) list += ", 1";
    return "time_intervals: [{name: t, time_intervals: [{days_of_month: [" + list + "]}]}]\n";
  };
  EXPECT_TRUE(load_text(head + days(time_ranges_max)).configuration);
  EXPECT_EQ(
      laid_out(days(time_ranges_max + 1)),
      "/am.yml:3:61: error: time_intervals[0].time_intervals[0].days_of_month: 101 ranges; at most 100 are read [too_large]\n");
}

}  // namespace
}  // namespace watchbill::config
