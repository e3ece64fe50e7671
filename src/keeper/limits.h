// What the keeper bounds, each with its unit and reason. A value, so that tests can shrink it; the program has no configuration.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace watchbill::keeper {

struct Limits {
  std::uint32_t workload_count_max{8192};   // 5 000 workloads are the design's aim; each costs one descriptor and about 2 kB
  std::uint32_t effect_count_max{1024};     // remembered effects; the oldest acknowledged ones go first
  std::uint32_t effect_running_max{64};     // one-shot processes at a time
  std::uint32_t probe_running_max{128};
  std::uint32_t connection_count_max{8};    // the agent, its successor and whoever asks by hand
  std::size_t outcome_bytes_max{8U << 20};  // unacknowledged reports in memory; touched only when used
  std::size_t memory_bytes_slack{1U << 20}; // the memory file is rewritten when it is twice its live size and this
  Duration idle_exit{Duration::seconds(60)};       // after the last workload and connection are gone
  Duration idle_exit_of_started{Duration::seconds(3)};  // the same where the next controller starts a keeper again
  Duration memory_retry{Duration::seconds(1)};     // between attempts to write on a full disk
  Duration gap_report_every{Duration::seconds(10)};
  std::uint32_t frames_per_turn{16};        // requests of one connection between two looks at exits
  std::uint32_t outputs_per_turn{4};        // FIFOs read, 64 KiB each at most, between two looks at exits
  // After output was read only to be discarded: the keeper runs before ordinary processes and a flood must not buy it a
  // processor. A FIFO fills meanwhile, so floods are read at 50 MB/s at most; other output waits that long.
  Duration flood_pause{Duration::milliseconds(5)};
  std::uint32_t starts_per_turn{8};
};

}  // namespace watchbill::keeper
