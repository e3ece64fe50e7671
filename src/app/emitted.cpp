#include "app/emitted.h"

#include "api/metrics.h"
#include "drivers/scrape/host_reader.h"
#include "drivers/system/system.h"

namespace watchbill::app {

config::KnownMetrics own_metrics() {
  config::KnownMetrics out;
  for (const api::DeclaredMetric& metric : api::declared_metrics()) out.types[std::string(metric.name)] = metric.type;
  for (const api::ClosedLabel& label : api::closed_labels())
    for (const std::string_view value : label.values)
      out.closed_values[{std::string(label.metric), std::string(label.label)}].emplace(value);
  for (const char* name : {"probe_success", "probe_duration_seconds"}) out.types[name] = "gauge";
  return out;
}

std::string host_page() {
  drivers::system::SystemClock clock;
  drivers::scrape::HostReader reader;
  drivers::scrape::HostMetrics metrics;
  static_cast<void>(reader.read(clock.now().wall, metrics));  // what cannot be read is not emitted
  metrics::exposition::Page page;
  drivers::scrape::write(metrics, page);
  return page.text();
}

}  // namespace watchbill::app
