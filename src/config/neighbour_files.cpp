#include "config/neighbour_files.h"

#include <array>

#include "config/paths.h"

namespace watchbill::config {

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
