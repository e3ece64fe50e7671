// Keeps the window over a restart: what the head was given is written every few seconds and read again at the next start.
//
// The caller calls flush() every 5 s and load() once before the first append; one thread at a time, which blocks while the files
// do. Losing at most the last 5 s at a crash is the contract: samples are not the journal. Files: FOLDER/RUN-SEGMENT.log, each a
// row of records (log_frame.h), one for each flush. A segment explains every series that it mentions; where that record is
// damaged, the other segments of its run help out. log_follower.h reads the same files while they grow.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/tsdb/head.h"
#include "metrics/tsdb/log_frame.h"
#include "metrics/tsdb/log_position.h"
#include "ports/files.h"

namespace watchbill::metrics::tsdb {

struct SampleLogLimits {
  std::uint64_t segment_bytes_max{std::uint64_t{64} << 20};  // then the next one begins; read as a whole at start
  Duration segment_age_max{Duration::hours(1)};              // so that what left the window leaves the disk within the hour
  std::size_t pending_bytes_max{std::size_t{64} << 20};      // kept while the disk takes nothing; beyond it the log has a gap
};

// Bytes of one file that could not be read; samples in them are lost, those around them are not.
struct DamagedRange {
  std::string file;
  std::uint64_t offset{0};
  std::uint64_t bytes{0};
};

struct LoadReport {
  std::size_t sample_count{0};                 // appended to the head
  std::size_t outdated_count{0};               // read, but outside the window or there already
  std::size_t covered_count{0};                // read, but in a block
  std::size_t refused_count{0};                // read, but refused otherwise (a limit was lowered)
  std::size_t unexplained_count{0};            // samples of series whose labels are in a damaged range everywhere
  std::vector<DamagedRange> damaged;
  std::vector<Error> unreadable;               // whole files
  std::uint64_t torn_tail_bytes{0};            // of the last flush, cut off by a crash: expected, at most one for each run
};

class SampleLog {
 public:
  // All three outlive the log. `folder` is relative to the data directory.
  SampleLog(Head& head, ports::FilesPort& files, std::string folder, const SampleLogLimits& limits = {});

  // Appends to the head what is inside its window at `now` and not in the blocks that `covered` speaks of, and begins to log what
  // is appended from then on. Call it until it succeeds once. Fails, and did nothing, when the folder cannot be listed, or no
  // number is left for a new run; damage and unreadable files are in the report.
  [[nodiscard]] Result<LoadReport> load(Instant now, const LogCoverage& covered = {});

  // Writes what was appended since the last call and removes segments that left the window or are in blocks. Succeeds when all
  // that was ever appended is on disk. Where the disk takes nothing, what was to be written is kept for the next call, up to
  // pending_bytes_max; beyond it, or where nobody called for too long, the log has a gap: the call fails, whatever it wrote,
  // until a block holds what is missing (cover()). A repetition of a sample that memory has is not logged again, so no sender who
  // repeats himself is told before that his samples are safe.
  [[nodiscard]] Status flush(Instant now);
  // Why the last flush() left a segment on disk that it would have removed: no failure of the log.
  [[nodiscard]] const std::optional<Error>& removal_failure() const noexcept { return removal_failure_; }

  // Where the next record will stand. On the thread that flushes.
  [[nodiscard]] LogPosition open_position() const noexcept { return {run_, segment_, segment_bytes_}; }
  // Any thread, at any time after load(). How far the log is on disk; what blocks hold of it, so that it may go; and where a
  // follower of its files still reads: segments from that one on stay until they leave the window, blocks or not. Without a call,
  // and without a position, nobody follows; a new call takes the place of the last one.
  [[nodiscard]] LogState state() const;
  void cover(const LogCoverage& covered);
  void keep_from(const std::optional<LogPosition>& position);

  // Samples' bytes that never reached the disk because it took nothing for too long. Any thread. Those that were not even taken
  // are HeadStatistics::log_forgotten_bytes.
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

 private:
  struct Segment {
    std::string path;
    LogPosition end;            // where the next one begins
    std::uint64_t bytes{0};
    std::int64_t newest_ms{0};  // no sample in it is younger
    bool is_damaged{false};     // stays until it left the window, blocks or not: a person may still mend it
  };
  struct Reading;
  class Replayed;

  [[nodiscard]] std::string path_of(std::uint32_t run, std::uint32_t segment) const;
  [[nodiscard]] std::uint64_t file_bytes_max() const noexcept;
  void scan(LogSegment segment, Instant now, Reading& reading, LoadReport& report);
  void replay(Reading& reading, const LogCoverage& covered, LoadReport& report);
  [[nodiscard]] Status write_pending(const std::string& path);
  void begin_segment(Instant now, std::uint32_t step);
  void open_gap();
  [[nodiscard]] bool is_before_gap() const noexcept;
  void remove_old(Instant now);
  void tell_state();

  Head& head_;
  ports::FilesPort& files_;
  std::string folder_;
  SampleLogLimits limits_;
  std::uint32_t run_{1};
  std::uint32_t segment_{1};
  std::uint64_t segment_bytes_{0};
  Instant segment_since_;
  std::vector<Segment> segments_;  // those that are complete, oldest first
  std::string pending_;            // framed records of the current segment that are not written yet
  bool has_failed_{false};         // the last append did: there may be more in the file than segment_bytes_
  std::optional<LogCoverage> gap_;  // that no block holds yet
  std::uint64_t forgotten_bytes_{0};  // of the head, as far as a gap was made of it
  std::optional<Error> removal_failure_;
  std::atomic<std::uint64_t> lost_bytes_{0};

  mutable std::mutex mutex_;  // of what follows
  LogState state_;
  LogCoverage covered_;
  std::optional<LogPosition> kept_from_;
};

}  // namespace watchbill::metrics::tsdb
