// What a remote of remote_write wants, what is sent to it and what comes back: the plain data of this folder.
//
// A remote is sent what stands in the sample log. The log is read in *groups* of samples; a group is cut into requests by rules
// that depend on nothing but its samples and the terms, and where it ends is noted on disk before its first request leaves. So
// whoever goes on after a crash repeats the same requests, each of which was taken whole or not at all: a receiver that refuses a
// whole request for one sample that it has already, as Prometheus does, still gets every sample.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "metrics/relabel/rules.h"
#include "model/labels.h"

namespace watchbill::metrics::sender {

struct QueueTerms {
  std::size_t capacity{2500};           // samples in memory for each shard, about
  std::size_t samples_per_request{500};
  std::uint32_t shard_count_min{1};
  std::uint32_t shard_count_max{200};
  Duration deadline{Duration::seconds(5)};  // a sample waits no longer for others
  Duration backoff_min{Duration::milliseconds(30)};
  Duration backoff_max{Duration::seconds(5)};
  bool retries_429{false};
};

struct Terms {
  std::string identity;     // what its progress is noted under; the same in every run, one of its own for each remote
  std::string fingerprint;  // of all that decides what is in a request; one line
  Labels external_labels;   // added where a series has none of that name
  relabel::Rules relabel;
  bool sends_histograms{false};
  bool sends_exemplars{false};
  QueueTerms queue;
  bool sends_metadata{true};
  Duration metadata_interval{Duration::minutes(1)};
  std::size_t families_per_request{500};
  Duration flush_interval{Duration::seconds(5)};  // of the sample log: for so long a sample has waited when it is read
};

// One request that is to go out now.
struct Call {
  std::uint64_t id{0};
  std::string body;  // WriteRequest, compressed
  bool is_metadata{false};  // or exemplars: no samples, whose answers are counted apart
};

// What became of a call. Each call has exactly one.
struct Answer {
  std::uint64_t id{0};
  std::uint32_t status{0};           // of HTTP; 0: none came
  bool was_sent{true};               // without a status: whether the far side may have got it
  Duration retry_after;              // as the far side asks; 0 where it does not
  Duration took;
  std::string text;                  // for people, without secrets
};

// Bounds of the buckets of `request_seconds`, without the last one that has none. Source: Prometheus 2.42.
inline constexpr std::array<double, 15> request_seconds_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                                               2.5,   5,    10,    25,   60,  120,  300};

// Samples of the two kinds.
struct Counts {
  std::uint64_t samples{0};
  std::uint64_t histograms{0};
  Counts& operator+=(const Counts& other) noexcept {
    samples += other.samples;
    histograms += other.histograms;
    return *this;
  }
  [[nodiscard]] std::uint64_t all() const noexcept { return samples + histograms; }
};

// Since the sender was made; the comments name Prometheus' metrics.
struct Figures {
  Counts sent;              // …_total: taken by the far side
  Counts failed;            // …_failed_total: refused for good
  Counts refused_repeats;   // refused when they were repeated after a crash or an answer that was lost: taken before, most likely
  Counts dropped;           // …_dropped_total: by relabelling, as kind, or for want of labels
  Counts retried;           // …_retried_total
  Counts pending;           // …_pending: read and not answered yet
  std::uint64_t unexplained{0};  // of `dropped`: their labels are in a damaged range of the log
  // exemplars_…; dropped: by relabelling, or since the store forgot them before they were sent.
  std::uint64_t exemplars_sent{0}, exemplars_failed{0}, exemplars_retried{0}, exemplars_dropped{0};
  std::uint64_t families_sent{0}, families_failed{0}, families_retried{0};  // metadata_…
  std::uint64_t bytes{0}, metadata_bytes{0};                                // of bodies that were taken
  std::uint64_t gaps{0};                 // how often the log no longer had what was to be sent next
  std::int64_t newest_sent_ms{0};        // highest_sent_timestamp
  std::uint32_t shard_count{0};
  double shard_count_wanted{0};
  std::array<std::uint64_t, request_seconds_bounds.size() + 1> request_counts{};  // of requests that were taken, by their time
  double request_seconds{0};
};

}  // namespace watchbill::metrics::sender
