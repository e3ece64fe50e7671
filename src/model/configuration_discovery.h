// Where targets come from. Source: Prometheus 2.42 configuration.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/configuration_client.h"
#include "model/fields.h"
#include "model/labels.h"

namespace watchbill {

// Targets that share labels: of static_configs, of a discovery file or of a discovery answer.
struct StaticTargets {
  Labels labels;
  std::vector<std::string> targets;  // HOST:PORT or HOST
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("labels", &StaticTargets::labels), field("targets", &StaticTargets::targets));
  }
  friend bool operator==(const StaticTargets&, const StaticTargets&) = default;
};

// Files that name targets.
struct FileDiscoveryConfiguration {
  std::vector<std::string> files;  // absolute; patterns in the last part
  Duration refresh_interval{Duration::minutes(5)};
  template <class To> static constexpr auto fields(To&& to) {
    using F = FileDiscoveryConfiguration;
    return to(field("files", &F::files), field("refresh_interval_ms", &F::refresh_interval));
  }
  friend bool operator==(const FileDiscoveryConfiguration&, const FileDiscoveryConfiguration&) = default;
};

// A server that names targets.
struct HttpDiscoveryConfiguration {
  HttpClientConfiguration client;
  Duration refresh_interval{Duration::minutes(1)};
  std::string url;
  template <class To> static constexpr auto fields(To&& to) {
    using H = HttpDiscoveryConfiguration;
    return to(field("client", &H::client), field("refresh_interval_ms", &H::refresh_interval), field("url", &H::url));
  }
  friend bool operator==(const HttpDiscoveryConfiguration&, const HttpDiscoveryConfiguration&) = default;
};

enum class DnsRecordType : std::uint8_t { a, aaaa, mx, srv };
template <>
struct Words<DnsRecordType> {
  static constexpr std::array<std::string_view, 4> table{"A", "AAAA", "MX", "SRV"};
};

// Names whose records are targets.
struct DnsDiscoveryConfiguration {
  std::vector<std::string> names;  // at least one
  std::uint16_t port{0};           // of the targets; SRV has its own
  Duration refresh_interval{Duration::seconds(30)};
  DnsRecordType type{DnsRecordType::srv};
  template <class To> static constexpr auto fields(To&& to) {
    using D = DnsDiscoveryConfiguration;
    return to(field("names", &D::names), field("port", &D::port), field("refresh_interval_ms", &D::refresh_interval),
              field("type", &D::type));
  }
  friend bool operator==(const DnsDiscoveryConfiguration&, const DnsDiscoveryConfiguration&) = default;
};

}  // namespace watchbill
