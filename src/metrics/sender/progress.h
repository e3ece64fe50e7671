// How far a remote is, as it is noted on disk: a small file of text that is replaced as a whole.
//
//   watchbill remote write 1
//   remote IDENTITY
//   terms FINGERPRINT
//   newest MILLISECONDS
//   shards COUNT
//   at RUN SEGMENT OFFSET SAMPLE
//   until RUN SEGMENT OFFSET SAMPLE SHARDS      (any number of them)
//   check HEX
// Everything before `at` is with the far side, or was refused by it. From there on the groups that end at each `until` may be on
// their way. `check` is the beginning of the SHA-256 of the lines before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/tsdb/log_follower.h"

namespace watchbill::metrics::sender {

struct Progress {
  struct NotedGroup {
    tsdb::LogPlace end;
    std::uint32_t shard_count{1};
    friend bool operator==(const NotedGroup&, const NotedGroup&) = default;
  };
  std::string identity, fingerprint;  // without line breaks
  std::int64_t newest_ms{0};          // the youngest sample before `at`
  std::uint32_t shard_count{1};       // of the next group
  tsdb::LogPlace at;
  std::vector<NotedGroup> groups;  // in their order
  friend bool operator==(const Progress&, const Progress&) = default;
};

inline constexpr std::size_t progress_bytes_max = 64U << 10;

[[nodiscard]] std::string text_of(const Progress& progress);
// Nothing when this is no such text, or one that was damaged.
[[nodiscard]] std::optional<Progress> read_progress(std::string_view text);

}  // namespace watchbill::metrics::sender
