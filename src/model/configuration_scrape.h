// What is scraped: jobs, where their targets come from and what becomes of labels on the way. Source: Prometheus 2.42
// configuration; limits for all jobs as in 2.45.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/configuration_client.h"
#include "model/configuration_discovery.h"
#include "model/configuration_histogram.h"
#include "model/fields.h"
#include "model/labels.h"

namespace watchbill {

enum class RelabelAction : std::uint8_t {
  replace, keep, drop, hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase, keepequal, dropequal
};
template <>
struct Words<RelabelAction> {
  static constexpr std::array<std::string_view, 11> table{"replace",   "keep",      "drop",      "hashmod",
                                                          "labelmap",  "labeldrop", "labelkeep", "lowercase",
                                                          "uppercase", "keepequal", "dropequal"};
};

// One rule, as written: an empty text means something else than none (metrics/relabel/rules.h has the defaults).
struct RelabelConfiguration {
  RelabelAction action{RelabelAction::replace};
  std::uint64_t modulus{0};
  std::optional<std::string> regex;
  std::optional<std::string> replacement;
  std::optional<std::string> separator;
  std::vector<std::string> source_labels;
  std::string target_label;
  template <class To> static constexpr auto fields(To&& to) {
    using R = RelabelConfiguration;
    return to(field("action", &R::action), field("modulus", &R::modulus), field("regex", &R::regex),
              field("replacement", &R::replacement), field("separator", &R::separator),
              field("source_labels", &R::source_labels), field("target_label", &R::target_label));
  }
  friend bool operator==(const RelabelConfiguration&, const RelabelConfiguration&) = default;
};

// 0: no limit of the bill's.
struct ScrapeLimits {
  std::uint64_t body_bytes{0};  // so many are too many already
  std::uint64_t label_count_max{0};
  std::uint64_t label_name_bytes_max{0};
  std::uint64_t label_value_bytes_max{0};
  std::uint64_t sample_count_max{0};
  std::uint64_t target_count_max{0};
  template <class To> static constexpr auto fields(To&& to) {
    using L = ScrapeLimits;
    return to(field("body_bytes", &L::body_bytes), field("label_count_max", &L::label_count_max),
              field("label_name_bytes_max", &L::label_name_bytes_max),
              field("label_value_bytes_max", &L::label_value_bytes_max), field("sample_count_max", &L::sample_count_max),
              field("target_count_max", &L::target_count_max));
  }
  friend bool operator==(const ScrapeLimits&, const ScrapeLimits&) = default;
};

// One job.
struct ScrapeConfiguration {
  HttpClientConfiguration client;
  std::vector<DnsDiscoveryConfiguration> dns_discovery;
  std::vector<FileDiscoveryConfiguration> file_discovery;
  HistogramConfiguration histograms;
  bool honors_labels{false};
  std::vector<HttpDiscoveryConfiguration> http_discovery;
  bool ignores_timestamps{false};
  std::string job;                                         // unique
  ScrapeLimits limits;
  std::vector<RelabelConfiguration> metric_relabel;        // of samples
  std::string metrics_path{"/metrics"};                    // begins with "/"
  std::map<std::string, std::vector<std::string>> params;  // of the query
  bool refuses_compression{false};
  std::vector<RelabelConfiguration> relabel;               // of targets
  std::string scheme{"http"};                              // or https
  Duration scrape_interval{Duration::minutes(1)};
  Duration scrape_timeout{Duration::seconds(10)};          // at most the interval
  std::vector<StaticTargets> static_configs;
  template <class To> static constexpr auto fields(To&& to) {
    using S = ScrapeConfiguration;
    return to(field("client", &S::client), field("dns_discovery", &S::dns_discovery), field("file_discovery", &S::file_discovery),
              field("histograms", &S::histograms), field("honors_labels", &S::honors_labels),
              field("http_discovery", &S::http_discovery), field("ignores_timestamps", &S::ignores_timestamps),
              field("job", &S::job), field("limits", &S::limits), field("metric_relabel", &S::metric_relabel),
              field("metrics_path", &S::metrics_path), field("params", &S::params),
              field("refuses_compression", &S::refuses_compression), field("relabel", &S::relabel), field("scheme", &S::scheme),
              field("scrape_interval_ms", &S::scrape_interval), field("scrape_timeout_ms", &S::scrape_timeout),
              field("static_configs", &S::static_configs));
  }
  friend bool operator==(const ScrapeConfiguration&, const ScrapeConfiguration&) = default;
};

}  // namespace watchbill
