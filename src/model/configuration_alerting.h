// Other Alertmanagers that are told of alerts: the key `alerting` of a Prometheus file. Source: Prometheus 2.42.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "model/configuration_scrape.h"

namespace watchbill {

struct AlertmanagerConfiguration {
  std::string address;              // HOST:PORT
  HttpClientConfiguration client;
  std::string path_prefix;          // "" or "/PATH"
  std::string scheme{"http"};       // or https
  Duration timeout{Duration::seconds(10)};
  template <class To> static constexpr auto fields(To&& to) {
    using A = AlertmanagerConfiguration;
    return to(field("address", &A::address), field("client", &A::client), field("path_prefix", &A::path_prefix),
              field("scheme", &A::scheme), field("timeout_ms", &A::timeout));
  }
  friend bool operator==(const AlertmanagerConfiguration&, const AlertmanagerConfiguration&) = default;
};

struct AlertingConfiguration {
  std::vector<AlertmanagerConfiguration> alertmanagers;  // none of our own addresses
  std::vector<RelabelConfiguration> relabel;             // of the alerts' labels
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("alertmanagers", &AlertingConfiguration::alertmanagers), field("relabel", &AlertingConfiguration::relabel));
  }
};

}  // namespace watchbill
