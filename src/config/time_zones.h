// Time zones by name, from the files of the host: what is read goes into the configuration, so that every controller that has it
// means the same by it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/cursor.h"
#include "config/load.h"
#include "model/configuration_time.h"

namespace watchbill::config {

inline constexpr std::string_view zone_folder = "/usr/share/zoneinfo";
inline constexpr std::string_view host_zone_file = "/etc/localtime";

class TimeZones {
 public:
  // The files must outlive this.
  explicit TimeZones(const FileReader& files) : files_(files) {}

  // The zone that the scalar `at` names, as Go's time.LoadLocation finds it: "" and UTC are UTC, Local is the zone of this host
  // (warns: host_time_zone), all else is a file of `zone_folder`. Complains, and gives UTC, when there is none.
  ZoneConfiguration read(const Cursor& at);

 private:
  std::optional<ZoneConfiguration> load(const Cursor& at, const std::string& name);
  void complain_of_missing(const Cursor& at, const std::string& name, const Error& error) const;
  [[nodiscard]] std::string nearest_name(std::string_view name) const;

  const FileReader& files_;
  std::map<std::string, std::optional<ZoneConfiguration>> by_name_;  // nothing: complained about
};

}  // namespace watchbill::config
