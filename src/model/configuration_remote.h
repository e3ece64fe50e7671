// Who else gets the samples. Source: Prometheus 2.42 configuration, remote_write.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/configuration_scrape.h"
#include "model/fields.h"

namespace watchbill {

// The key queue_config of a remote.
struct RemoteQueueConfiguration {
  Duration backoff_max{Duration::seconds(5)};    // at least backoff_min
  Duration backoff_min{Duration::milliseconds(30)};
  std::uint64_t capacity{2500};                  // samples in memory for each shard
  Duration deadline{Duration::seconds(5)};       // a sample waits no longer for others
  bool retries_429{false};
  std::uint64_t samples_per_request{500};
  std::uint32_t shard_count_max{200};            // at least shard_count_min
  std::uint32_t shard_count_min{1};
  template <class To> static constexpr auto fields(To&& to) {
    using Q = RemoteQueueConfiguration;
    return to(field("backoff_max_ms", &Q::backoff_max), field("backoff_min_ms", &Q::backoff_min),
              field("capacity", &Q::capacity), field("deadline_ms", &Q::deadline), field("retries_429", &Q::retries_429),
              field("samples_per_request", &Q::samples_per_request), field("shard_count_max", &Q::shard_count_max),
              field("shard_count_min", &Q::shard_count_min));
  }
  friend bool operator==(const RemoteQueueConfiguration&, const RemoteQueueConfiguration&) = default;
};

// The key metadata_config of a remote.
struct RemoteMetadataConfiguration {
  std::uint64_t families_per_request{500};
  Duration interval{Duration::minutes(1)};  // more than 0
  bool is_left_out{false};
  template <class To> static constexpr auto fields(To&& to) {
    using M = RemoteMetadataConfiguration;
    return to(field("families_per_request", &M::families_per_request), field("interval_ms", &M::interval),
              field("is_left_out", &M::is_left_out));
  }
  friend bool operator==(const RemoteMetadataConfiguration&, const RemoteMetadataConfiguration&) = default;
};

// One remote. Two of them differ in their names; without names they are not wholly alike.
struct RemoteWriteConfiguration {
  HttpClientConfiguration client;
  std::map<std::string, std::string> headers;  // a value may be env:NAME
  RemoteMetadataConfiguration metadata;
  std::string name;                            // may be empty
  RemoteQueueConfiguration queue;
  std::vector<RelabelConfiguration> relabel;   // of samples
  bool sends_exemplars{false};
  bool sends_histograms{false};                // native ones
  Duration timeout{Duration::seconds(30)};     // of a request; more than 0
  std::string url;
  template <class To> static constexpr auto fields(To&& to) {
    using R = RemoteWriteConfiguration;
    return to(field("client", &R::client), field("headers", &R::headers), field("metadata", &R::metadata),
              field("name", &R::name), field("queue", &R::queue), field("relabel", &R::relabel),
              field("sends_exemplars", &R::sends_exemplars), field("sends_histograms", &R::sends_histograms),
              field("timeout_ms", &R::timeout), field("url", &R::url));
  }
  friend bool operator==(const RemoteWriteConfiguration&, const RemoteWriteConfiguration&) = default;
};

}  // namespace watchbill
