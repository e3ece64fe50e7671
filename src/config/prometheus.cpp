#include "config/prometheus.h"

#include <optional>

#include "config/discovery.h"
#include "config/http_client.h"
#include "config/relabel.h"
#include "config/remote_write.h"
#include "config/scrape_jobs.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

struct GlobalKeys {
  Duration scrape_interval{Duration::minutes(1)};
  std::optional<Duration> scrape_timeout;
  Duration evaluation_interval{Duration::minutes(1)};
  Labels external_labels;
  ScrapeLimits limits;
  bool keeps_native{false};
  bool keeps_classic{false};
  bool keeps_classic_always{false};
};

using G = GlobalKeys;
constexpr auto global_keys = table<G>(
    "global",
    optional<&G::scrape_interval, read_positive>("scrape_interval", "duration", "1m", "time between two scrapes of a target"),
    optional<&G::scrape_timeout, read_optional_positive>("scrape_timeout", "duration", "10s", "at most the interval"),
    optional<&G::evaluation_interval, read_positive>("evaluation_interval", "duration", "1m",
                                                     "time between two slots of a rule group"),
    optional<&G::external_labels>("external_labels", "map of text", "",
                                  "added to alerts and to samples that are written to remotes; $externalLabels in templates"),
    limit_key<G, &ScrapeLimits::body_bytes, read_body_size>("body_size_limit", "size", "of jobs that set none"),
    limit_key<G, &ScrapeLimits::sample_count_max>("sample_limit", "number", "of jobs that set none"),
    limit_key<G, &ScrapeLimits::target_count_max>("target_limit", "number", "of jobs that set none"),
    limit_key<G, &ScrapeLimits::label_count_max>("label_limit", "number", "of jobs that set none"),
    limit_key<G, &ScrapeLimits::label_name_bytes_max>("label_name_length_limit", "number", "of jobs that set none"),
    limit_key<G, &ScrapeLimits::label_value_bytes_max>("label_value_length_limit", "number", "of jobs that set none"),
    optional<&G::keeps_native>("scrape_native_histograms", "truth", "false", "of jobs that say nothing"),
    optional<&G::keeps_classic>("scrape_classic_histograms", "truth", "false", "of jobs that say nothing"),
    optional<&G::keeps_classic_always>("always_scrape_classic_histograms", "truth", "false", "its later name"),
    later<G>("query_log_file", ""), later<G>("rule_query_offset", ""), later<G>("keep_dropped_targets", ""),
    later<G>("scrape_protocols", ""), later<G>("metric_name_validation_scheme", ""), later<G>("metric_name_escaping_scheme", ""),
    later<G>("convert_classic_histograms_to_nhcb", ""), later<G>("runtime", ""),
    later<G>("scrape_failure_log_file", ""));

}  // namespace

void read(const Cursor& at, GlobalConfiguration& out) {
  GlobalKeys keys;
  if (!read_object(at, global_keys, keys)) return;
  out.scrape_interval = keys.scrape_interval;
  out.evaluation_interval = keys.evaluation_interval;
  out.external_labels = keys.external_labels;
  // Enabled by a flag they stay so.
  out.histograms = {keys.keeps_classic || keys.keeps_classic_always, keys.keeps_native || out.histograms.native};
  out.scrape_limits = keys.limits;
  out.scrape_timeout = timeout_within(at, keys.scrape_interval, keys.scrape_timeout, Duration::seconds(10));
}

std::vector<TableView> prometheus_tables() {
  std::vector<TableView> tables{global_keys.view()};
  for (const std::vector<TableView>& part :
       {scrape_job_tables(), relabel_tables(), http_client_tables(), discovery_tables(), remote_write_tables()})
    tables.insert(tables.end(), part.begin(), part.end());
  return tables;
}

}  // namespace watchbill::config
