#include "config/alertmanager.h"

#include "base/sha256.h"
#include "config/alertmanager_global.h"
#include "config/alertmanager_inhibition.h"
#include "config/alertmanager_receivers.h"
#include "config/alertmanager_routes.h"
#include "config/alertmanager_templates.h"
#include "config/alertmanager_times.h"
#include "config/integrations.h"
#include "config/time_zones.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct FileKeys {
  std::vector<InhibitRuleConfiguration> inhibit_rules;
  std::vector<TimeIntervalKeys> mute_time_intervals;
  RouteKeys route;
  std::vector<TimeIntervalKeys> time_intervals;
};

// Read in an order of their own: receivers need what `global` and `templates` say.
void read_in_turn(const Cursor&, FileKeys&) {}

// Where traces of Alertmanager's own go: nothing that is told depends on it.
void pass_over(const Cursor& at, FileKeys&) {
  at.warn("passed_over", "this program sends no traces; nothing that is told depends on it");
}

constexpr auto alertmanager_file = table<FileKeys>(
    "Alertmanager file", whole<FileKeys, read_in_turn>("global", "settings", "", "defaults of receivers"),
    required(optional<&FileKeys::route, read_route_keys>("route", "settings", "", "the root route: every alert enters here")),
    whole<FileKeys, read_in_turn>("receivers", "list", "", "who can be told"),
    optional<&FileKeys::inhibit_rules, read_inhibit_rules>("inhibit_rules", "list", "", "which alerts mute which others"),
    optional<&FileKeys::time_intervals, read_time_intervals>("time_intervals", "list", "", "times that routes name"),
    optional<&FileKeys::mute_time_intervals, read_time_intervals>("mute_time_intervals", "list", "",
                                                                  "the same, as it was called before"),
    whole<FileKeys, read_in_turn>("templates", "list of paths or patterns", "",
                                  "files of templates; a later one replaces definitions of an earlier one"),
    whole<FileKeys, pass_over>("tracing", "settings", "", "passed over with a warning: no traces are sent"),
    later<FileKeys>("event_recorder", ""));

Cursor list_of(const Cursor& at, std::string_view key) { return at.member(key, at.file().tree.find(at.index(), key)); }

// Gives the names of all receivers, the wrong ones too.
std::vector<std::string_view> take_receivers(const Cursor& at, const FileReader& files,
                                             AlertmanagerFile& out) {
  GlobalKeys global = default_global(at);
  if (const std::optional<Cursor> written = value_of(at, "global")) {
    global = {};
    read_alertmanager_global(*written, global);
  }
  out.routing.resolve_timeout = global.resolve_timeout;
  NotificationTemplates templates;
  if (const std::optional<Cursor> written = value_of(at, "templates")) templates.read(*written, files);
  std::vector<std::string_view> names;
  if (const std::optional<Cursor> written = value_of(at, "receivers"))
    names = read_receivers(*written, global, templates, out.routing.receivers);
  out.templates = templates.take();
  for (const TemplateText& each : out.templates) out.routing.templates.push_back({each.path, sha256(each.text).hex()});
  return names;
}

void take_time_intervals(const Cursor& at, FileKeys& keys, const FileReader& files, RoutingConfiguration& out) {
  TimeZones zones(files);
  if (!keys.mute_time_intervals.empty())
    add_time_intervals(list_of(at, "mute_time_intervals"), keys.mute_time_intervals, zones, out.time_intervals);
  if (!keys.time_intervals.empty())
    add_time_intervals(list_of(at, "time_intervals"), keys.time_intervals, zones, out.time_intervals);
}

}  // namespace

AlertmanagerFile read_alertmanager_file(const Cursor& at, const FileReader& files) {
  AlertmanagerFile file;
  RoutingConfiguration& out = file.routing;
  out.routes.emplace_back();
  FileKeys keys;
  if (!read_object(at, alertmanager_file, keys)) return file;
  out.inhibit_rules = std::move(keys.inhibit_rules);
  take_time_intervals(at, keys, files, out);
  const std::vector<std::string_view> receivers = take_receivers(at, files, file);
  std::vector<std::string_view> intervals;
  for (const auto& [name, interval] : out.time_intervals) intervals.push_back(name);
  if (const NodeIndex root = at.file().tree.find(at.index(), "route"); root != no_node)
    out.routes = lay_out_routes(at.member("route", root), keys.route, {receivers, intervals});
  return file;
}

std::vector<TableView> alertmanager_tables() {
  std::vector<TableView> out{alertmanager_file.view(), global_table()};
  for (const TableView& table : route_tables()) out.push_back(table);
  for (const TableView& table : receiver_tables()) out.push_back(table);
  for (const TableView& table : inhibition_tables()) out.push_back(table);
  for (const TableView& table : time_tables()) out.push_back(table);
  return out;
}

}  // namespace watchbill::config
