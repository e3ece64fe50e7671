// Reads the files of the sample log (sample_log.h) in the order in which they were written, while they grow: record by record,
// from a position that was noted earlier, perhaps by a process that is gone.
//
// It only reads, on a thread of its own choice; the log's writer needs not know of it. A file that a later one follows is
// complete; what is incomplete at the end of the last one is waited for. Cost: each byte is read and checked once (SHA-256).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "metrics/tsdb/log_frame.h"
#include "ports/files.h"

namespace watchbill::metrics::tsdb {

// A place in the log. Ordered as the log was written.
struct LogPlace {
  LogPosition position;     // where a record begins
  std::uint64_t sample{0};  // that many samples of it lie before the place
  friend auto operator<=>(const LogPlace&, const LogPlace&) = default;
};

struct LogFollowerLimits {
  std::uint64_t part_bytes{std::uint64_t{1} << 20};        // read at once; more where a record is larger
  std::uint64_t record_bytes_max{std::uint64_t{1} << 30};  // what claims to be larger is damage
};

class LogFollower {
 public:
  struct Record {
    LogPlace at;
    LogPlace behind;        // where the next one is looked for
    std::string_view payload;  // for LogDecoder; holds until the next call of next()
    // It lies before the place that was asked for, and is given because it may explain series: only its labels count.
    bool is_past{false};
    bool begins_segment{false};  // the first one of its file
    // Files that stood between the place, or the record before, and this one are gone.
    bool follows_gap{false};
    std::uint64_t damaged_bytes{0};  // passed over before it
  };

  // `files` outlives it.
  LogFollower(ports::FilesPort& files, std::string folder, const LogFollowerLimits& limits = {});

  // Goes on at `place`. Records of its file that lie before come first.
  void begin(const LogPlace& place);

  // The next record; nothing while there is none yet. Fails as reading does; then it may be called again.
  [[nodiscard]] Result<std::optional<Record>> next();

 private:
  enum class Step : std::uint8_t { again, nothing_yet, record };

  [[nodiscard]] Result<Step> choose_file();
  [[nodiscard]] Result<Step> look();
  [[nodiscard]] Result<Step> at_end();
  [[nodiscard]] Result<bool> read_more(std::uint64_t wanted);
  void pass(std::uint64_t bytes);
  [[nodiscard]] LogPlace place(std::uint64_t offset) const noexcept { return {{file_.run, file_.segment, offset}, 0}; }
  [[nodiscard]] std::string_view rest() const noexcept { return std::string_view(buffer_).substr(used_); }

  ports::FilesPort& files_;
  const std::string folder_;
  const LogFollowerLimits limits_;
  LogPlace begin_;
  LogSegment wanted_;       // the next file is this one or a later one
  bool has_file_{false};
  bool has_read_{false};    // a file since begin()
  LogSegment file_;         // that is read
  bool is_complete_{false};  // a later one was seen before its end was read
  bool is_first_{false};
  bool was_at_end_{false};   // when it was last read
  bool has_gap_{false};
  std::uint64_t damaged_bytes_{0};
  std::uint64_t offset_{0};  // of rest() in the file
  std::string buffer_;
  std::size_t used_{0};
  Record record_;
};

}  // namespace watchbill::metrics::tsdb
