// What is known of metric families, told to a remote again and again: one request at a time, all of them in each round.
// Source: Prometheus 2.42, metadata_watcher.go; it takes no part in what is noted, and what a crash cuts short the next round
// says. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/sender/terms.h"
#include "metrics/tsdb/snapshot.h"

namespace watchbill::metrics::sender {

using FamilyList = std::vector<std::pair<std::string, tsdb::Metadata>>;

class Families {
 public:
  // `terms` and `figures` outlive it. The first round begins one interval after `now`.
  Families(const Terms& terms, Figures& figures, Instant now);

  // `known` is asked when a round begins.
  void give_calls(Instant now, const std::function<FamilyList()>& known, std::uint64_t& next_id, std::vector<Call>& out);
  // False when it is no call of these.
  bool take(const Answer& answer, Instant now);
  [[nodiscard]] Instant wake_at() const noexcept;

 private:
  const Terms& terms_;
  Figures& figures_;
  Instant next_round_at_;
  FamilyList round_;
  std::size_t next_{0}, end_{0};  // of the request under way in `round_`
  std::uint64_t call_{0};
  Instant try_at_;
  Duration backoff_;
  std::size_t body_bytes_{0};
};

}  // namespace watchbill::metrics::sender
