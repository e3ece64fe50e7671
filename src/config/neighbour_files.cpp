#include "config/neighbour_files.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/json.h"
#include "config/paths.h"
#include "config/texts.h"

namespace watchbill::config {
namespace {

constexpr std::string_view retention_flag = "--storage.tsdb.retention.time";
constexpr std::string_view retention_size_flag = "--storage.tsdb.retention.size";
constexpr std::string_view external_url_flag = "--web.external-url";
constexpr std::string_view feature_flag = "--enable-feature";
constexpr std::string_view native_histograms = "native-histograms";

// Reads the text of a flag as the value of a key is read; nothing when it was not given.
template <class T, auto reader>
void read_flag(std::string_view flag, const std::string& text, Bill& bill, T& out) {
  if (text.empty()) return;
  std::string scalar;
  append_json_string(scalar, text);
  SourceFile line;
  line.path = "command line";
  line.dialect = Dialect::prometheus;
  Result<Tree, TreeError> tree = parse_tree(std::move(scalar));
  if (!tree) {
    bill.report.add({Severity::error, tree.error().code, {line.path, {}}, std::string(flag), tree.error().text});
    return;
  }
  line.tree = std::move(*tree);
  reader(Cursor(bill.report, line, line.tree.root, flag), out);
}

// Units there are powers of 1024 with or without i, and 0 is no limit.
std::string size_as_there(std::string text) {
  if (text == "0" || text == "0B") return {};
  constexpr std::string_view prefixes = "KMG";
  if (text.size() > 1 && text.back() == 'B' && prefixes.find(text[text.size() - 2]) != std::string_view::npos)
    text.insert(text.size() - 1, 1, 'i');
  return text;
}

void take_feature(std::string_view feature, Bill& bill) {
  if (feature == native_histograms) {
    bill.configuration.global.histograms.native = true;
    return;
  }
  bill.report.add({Severity::error, "not_yet_supported", {"command line", {}}, std::string(feature_flag),
                   fmt::format("expected {}, found \"{}\": this release has no other feature to enable; leave it out",
                               native_histograms, feature)});
}

}  // namespace

std::vector<std::string> NeighbourFlags::words() const {
  std::vector<std::string> out;
  const auto add = [&out](std::string_view flag, const std::string& text) {
    if (!text.empty()) out.push_back(std::string(flag) + "=" + text);
  };
  add(retention_flag, retention);
  add(retention_size_flag, retention_size);
  add(external_url_flag, external_url);
  for (const std::string& each : features) add(feature_flag, each);
  return out;
}

void take_flags(const NeighbourFlags& flags, Bill& bill) {
  Configuration& out = bill.configuration;
  read_flag<Duration, read_retention>(retention_flag, flags.retention, bill, out.storage.retention);
  read_flag<std::optional<std::int64_t>, read_retention_size>(retention_size_flag, size_as_there(flags.retention_size),
                                                              bill, out.storage.retention_bytes);
  read_flag<std::string, read_url>(external_url_flag, flags.external_url, bill, out.external_url);
  for (std::string_view list : flags.features)
    while (!list.empty()) {
      const std::size_t end = std::min(list.find(','), list.size());
      if (end > 0) take_feature(list.substr(0, end), bill);
      list.remove_prefix(std::min(end + 1, list.size()));
    }
}

void fill_in_for_drop_in(Bill& bill, const LoadOptions& options) {
  Configuration& out = bill.configuration;
  out.access.compatible = CompatibleAccess::open;
  out.evaluation.early = EarlyLooks::none;
  out.data = absolute_path(options.working_directory == "/" ? "" : options.working_directory, "data");
  out.folder = bill.files.front().folder;
  out.runbooks.folder = out.folder;
  out.runbooks.own_host = options.own_host;
  for (const AlertPlace& each : bill.alerts) out.runbooks.bindings[each.alert].unbound = "drop-in";
  if (out.routing || !out.alerting.alertmanagers.empty() || bill.alerts.empty()) return;
  bill.report.add({Severity::warning, "no_route", {bill.files.front().path, {}}, "rule_files",
                   "alerts go nowhere: no Alertmanager file is named with --alertmanager.config, and no other one in alerting"});
}

std::vector<PrometheusSection> prometheus_sections(const Bill& bill) {
  constexpr std::array<std::string_view, 6> names{"global",         "alerting",     "rule_files",
                                                  "scrape_configs", "remote_write", "remote_read"};
  std::vector<PrometheusSection> sections;
  for (const std::string_view name : names)
    for (const Sections::Section& section : bill.sections.of(name)) sections.push_back({name, section.file, section.value});
  return sections;
}

}  // namespace watchbill::config
