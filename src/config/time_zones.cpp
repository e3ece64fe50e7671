#include "config/time_zones.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/values.h"
#include "config/zone_file.h"

namespace watchbill::config {
namespace {

constexpr std::size_t zone_name_bytes_max = 255;
constexpr std::string_view local = "Local";

// No other file can be named so. A control character in a name would end it early for the system.
bool is_zone_name(std::string_view name) {
  const auto is_of_names = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' ||
           c == '/' || c == '.';
  };
  return name.size() <= zone_name_bytes_max && !name.starts_with('/') && name.find("..") == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), is_of_names);
}

}  // namespace

ZoneConfiguration TimeZones::read(const Cursor& at) {
  std::string name;
  watchbill::config::read(at, name);
  if (name.empty() || name == "UTC") return {};
  if (!is_zone_name(name)) {
    at.complain("out_of_range", "expected the name of a time zone such as Europe/Vienna: letters, digits, _ + - . and /");
    return {};
  }
  if (name == local)
    at.warn("host_time_zone",
            "Local is the time zone of the host that reads this, another on another host; name it, as Europe/Vienna");
  const auto known = by_name_.find(name);
  if (known != by_name_.end() && known->second) return *known->second;
  std::optional<ZoneConfiguration> read = load(at, name);
  return by_name_.insert_or_assign(name, std::move(read)).first->second.value_or(ZoneConfiguration{});
}

std::optional<ZoneConfiguration> TimeZones::load(const Cursor& at, const std::string& name) {
  const std::string path = name == local ? std::string(host_zone_file) : std::string(zone_folder) + "/" + name;
  const Result<std::string> bytes = files_.read(path);
  if (!bytes && name == local && bytes.error().kind == ErrorKind::not_found) return ZoneConfiguration{};  // such a host has UTC
  if (!bytes) {
    complain_of_missing(at, name, bytes.error());
    return std::nullopt;
  }
  Result<ZoneConfiguration, ZoneFileError> zone = parse_zone_file(*bytes, name);
  if (zone) return std::move(*zone);
  at.complain("bad_time_zone", fmt::format("{} at byte {}: {}", path, zone.error().offset + 1, zone.error().text));
  return std::nullopt;
}

void TimeZones::complain_of_missing(const Cursor& at, const std::string& name, const Error& error) const {
  if (error.kind != ErrorKind::not_found) return at.complain("file_unreadable", error.text());
  const Result<std::vector<std::string>> names = files_.list(std::string(zone_folder));
  if (!names || names->empty())
    return at.complain("file_unreadable",
                       fmt::format("there are no time zones in {}: install the package tzdata, or leave `location` out for UTC",
                                   zone_folder));
  const std::string nearest = nearest_name(name);
  at.complain("unknown_name", fmt::format("there is no time zone {}{}", name,
                                          nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
}

// Folder by folder.
std::string TimeZones::nearest_name(std::string_view name) const {
  std::string out;
  while (!name.empty()) {
    const std::string_view part = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(part.size() + 1, name.size()));
    const Result<std::vector<std::string>> names = files_.list(std::string(zone_folder) + (out.empty() ? "" : "/" + out));
    if (!names) return {};
    std::vector<std::string_view> candidates(names->begin(), names->end());
    std::sort(candidates.begin(), candidates.end());
    const bool is_there = std::binary_search(candidates.begin(), candidates.end(), part);
    const std::string_view nearest = is_there ? part : nearest_spelling(part, candidates);
    if (nearest.empty()) return {};
    out += (out.empty() ? "" : "/") + std::string(nearest);
  }
  return out;
}

}  // namespace watchbill::config
