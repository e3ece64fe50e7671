// The checked configuration: everything a bill says, read, resolved and found to be consistent. Plain data; its canonical JSON is
// the blob that ConfigAccepted names; a part that is added later is absent in older blobs and then has its defaults. Defaults
// stand in the structs and nowhere else; paths are absolute; names exist; templates and expressions parse. Made by
// config/load.h. Source: design/bill.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/configuration_access.h"
#include "model/configuration_alerting.h"
#include "model/configuration_binding.h"
#include "model/configuration_metrics.h"
#include "model/configuration_remote.h"
#include "model/configuration_routing.h"
#include "model/configuration_scrape.h"
#include "model/configuration_supervisor.h"

namespace watchbill {

struct TlsConfiguration {
  std::string cert_file;
  std::string key_file;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("cert_file", &TlsConfiguration::cert_file), field("key_file", &TlsConfiguration::key_file));
  }
};

struct StorageConfiguration {
  using C = StorageConfiguration;
  std::optional<std::int64_t> exemplar_count_max;  // in memory; none: as many as the store takes by itself; 0: none are kept
  Duration retention{Duration::hours(24)};      // more than 0, at most 15 days
  std::optional<std::int64_t> retention_bytes;  // of blocks and log on disk; none: as many as `retention` takes
  Duration out_of_order_window;                 // 0: samples of a series come in order; at most `retention`
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("exemplar_count_max", &C::exemplar_count_max), field("out_of_order_window_ms", &C::out_of_order_window),
              field("retention_bytes", &C::retention_bytes), field("retention_ms", &C::retention));
  }
};

struct Configuration {
  AccessConfiguration access;
  AlertingConfiguration alerting;
  std::string data;                             // the data directory
  EvaluationConfiguration evaluation;
  std::string external_url;                     // empty: made from `listen`
  std::string folder;                           // of the bill
  GlobalConfiguration global;
  std::map<std::string, HysteresisConfiguration> hysteresis;  // alerts, by the name of the alert
  std::vector<std::string> listen{"127.0.0.1:9911"};  // HOST:PORT or [HOST]:PORT, at least one
  std::vector<RemoteWriteConfiguration> remote_write;
  std::optional<RoutingConfiguration> routing;  // alertmanager_config; absent: nothing is sent
  std::vector<RuleGroupConfiguration> rule_groups;
  RunbookConfiguration runbooks;                // with bindings and environments
  std::vector<ScrapeConfiguration> scrape_configs;
  StorageConfiguration storage;
  WorkloadsConfiguration supervision;           // workloads, probes and supervisor
  std::optional<TlsConfiguration> tls;
  template <class To> static constexpr auto fields(To&& to) {
    using C = Configuration;
    return to(field("access", &C::access), field("alerting", &C::alerting), field("data", &C::data),
              field("evaluation", &C::evaluation), field("external_url", &C::external_url), field("folder", &C::folder),
              field("global", &C::global), field("hysteresis", &C::hysteresis), field("listen", &C::listen),
              field("remote_write", &C::remote_write), field("routing", &C::routing), field("rule_groups", &C::rule_groups),
              field("runbooks", &C::runbooks), field("scrape_configs", &C::scrape_configs), field("storage", &C::storage),
              field("supervision", &C::supervision), field("tls", &C::tls));
  }
};

}  // namespace watchbill
