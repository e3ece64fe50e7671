// What a controller was started with and reads, as Prometheus' clients ask for it: status/config, flags and runtimeinfo,
// federate.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/labels.h"

namespace watchbill::api {

struct Running {
  std::string configuration;             // its part that is Prometheus', as YAML with defaults and without secrets
  std::string alertmanager;              // Alertmanager's file as YAML without secrets; empty: there is none
  std::vector<std::string> jobs;         // of scrape_configs
  Labels external_labels;
  std::map<std::string, std::string> flags;  // Prometheus' flags that have a meaning here
  std::string working_directory;
  std::string files_seen_from;           // see config::seen_from(): how rule files are named
  Duration retention;                    // of samples
  Instant read_at;                       // when that configuration was taken
  bool is_last_reload_taken{true};
};

}  // namespace watchbill::api
