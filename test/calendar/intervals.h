// Time intervals for tests, written as Alertmanager's file writes them.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "config/load.h"
#include "model/configuration_time.h"
#include "zone_bytes.h"

namespace watchbill {

// What stands in the zone folder of every test here: enough to have all kinds of rules, on any host.
inline std::string footer_of(const std::string& zone) {
  if (zone == "Europe/Vienna") return vienna_footer;
  if (zone == "America/New_York") return "EST5EDT,M3.2.0,M11.1.0";
  if (zone == "Australia/Lord_Howe") return "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
  if (zone == "Europe/Dublin") return "IST-1GMT0,M10.5.0,M3.5.0/1";
  if (zone == "America/Godthab") return "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
  if (zone == "Test/Julian") return "AAA4BBB,J60/0,300/24";
  if (zone == "Test/Always") return "AAA3BBB4,0/0,J365/23";
  if (zone == "Asia/Kathmandu") return "<+0545>-5:45";
  return {};
}

inline constexpr const char* test_zones[] = {"UTC",           "Europe/Vienna", "America/New_York", "Australia/Lord_Howe",
                                             "Europe/Dublin", "America/Godthab", "Test/Julian",    "Test/Always",
                                             "Asia/Kathmandu"};

inline config::FileReader reader_of_zones(const std::string& file) {
  config::FileReader reader;
  reader.read = [file](const std::string& path) -> Result<std::string> {
    if (path == "/am.yml") return file;
    const std::string folder = "/usr/share/zoneinfo/";
    const std::string footer = path.starts_with(folder) ? footer_of(path.substr(folder.size())) : "";
    if (footer.empty()) return Error{ErrorKind::not_found, "read", path, "No such file or directory"};
    return ZoneBytes{{0}, {}, footer}.text();
  };
  reader.list = [](const std::string& folder) -> Result<std::vector<std::string>> {
    return Error{ErrorKind::not_found, "list", folder, "No such file or directory"};
  };
  return reader;
}

// Of periods such as "{weekdays: [monday]}, {months: [may]}".
inline TimeIntervalConfiguration interval_of(const std::string& periods) {
  const config::FileReader files = reader_of_zones(
      "receivers: [{name: o}]\nroute: {receiver: o}\ntime_intervals: [{name: t, time_intervals: [" + periods + "]}]\n");
  const config::Loaded loaded = config::check_alertmanager_file("/am.yml", files);
  for (const config::Finding& each : loaded.findings) ADD_FAILURE() << each.line() << " of " << periods;
  if (!loaded.configuration) return {};
  return loaded.configuration->routing->time_intervals.at("t");
}

}  // namespace watchbill
