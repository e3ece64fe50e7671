// Moves samples that are complete from memory and log into block files, merges these, and drops what is too old or too much.
//
// Files: FOLDER/FIRST-LAST.block (numbered_names.h): the numbers of the cuts that it holds, one for a fresh block, several for a
// merged one. A block is written under a name that ends in ".new", synced, renamed and only then believed; its samples
// leave memory and log after that (sample_log.h, cover()). A file that does not verify is named and left where it is; nothing of
// it is read and nothing is deleted but what retention or a finished merge no longer needs.
//
// The caller calls open() once before the log is loaded, then work() every few seconds, all on one thread of its own: writing a
// block takes seconds. cancel() may be called on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "metrics/tsdb/block.h"
#include "metrics/tsdb/block_writer.h"
#include "metrics/tsdb/head.h"
#include "metrics/tsdb/log_position.h"
#include "ports/files.h"

namespace watchbill::metrics::tsdb {

struct BlockStoreLimits {
  Duration span{Duration::hours(2)};       // a block ends at a multiple of it, unless memory asks for it earlier
  Duration kept{Duration::hours(1)};       // so long after its end: what is younger stays in memory, and late samples get in
  Duration kept_early{Duration::minutes(1)};
  std::size_t closed_bytes_max{std::size_t{128} << 20};  // of closed chunks in memory: above it blocks are cut early
  std::uint64_t disk_bytes_max{0};         // of blocks and log; above it the oldest blocks go; 0: no such limit
  Duration pause_after_failure{Duration::minutes(1)};    // doubled with each further one, to eight times
};

struct BlocksOpened {
  std::vector<Error> damaged;         // files that cannot be read, each with the reason
  std::vector<std::string> missing;   // numbers between those that are there
};

class BlockStore {
 public:
  // All three outlive it. `folder` is relative to the data directory.
  BlockStore(Head& head, ports::FilesPort& files, std::string folder, const BlockStoreLimits& limits = {});

  // Maps the blocks that are there and lets snapshots read them. Fails, and did nothing, only when the folder cannot be listed or
  // the number of a file leaves none for the next block.
  [[nodiscard]] Result<BlocksOpened> open();

  // Does one piece of work where some is due: drops blocks, cuts one or merges some. True: something was done, there may be more.
  // Fails as the files do (the disk is full, perhaps): samples then stay in memory and log, and the same is tried again after a
  // pause. Bounded: one block is written, series by series.
  [[nodiscard]] Result<bool> work(Instant now, const LogState& log);
  // What the last work() was about, for words about its failure.
  enum class Work : std::uint8_t { drop, cut, merge };
  [[nodiscard]] Work last_work() const noexcept { return work_; }

  // What the log may forget.
  [[nodiscard]] const LogCoverage& covered() const noexcept { return covered_; }
  // Blocks in which a reader found damage since the last call, each once.
  [[nodiscard]] std::vector<std::string> take_damaged();
  [[nodiscard]] std::size_t block_count() const noexcept { return blocks_.size(); }
  // Lets work() that is under way end soon, with `interrupted`; all later calls too.
  void cancel() noexcept { is_cancelled_ = true; }

 private:
  struct Entry {
    std::uint32_t first{0};  // of its name
    std::uint32_t last{0};
    std::shared_ptr<const Block> block;
  };
  struct Range {
    std::size_t begin{0};
    std::size_t end{0};
  };

  [[nodiscard]] std::string path_of(std::uint32_t first, std::uint32_t last) const;
  void open_file(std::uint32_t first, std::uint32_t last, BlocksOpened& opened);
  void drop_superseded();
  void publish();
  [[nodiscard]] Result<bool> drop(Instant now, std::uint64_t log_bytes);
  [[nodiscard]] Status remove_leftovers();
  [[nodiscard]] std::optional<Instant> due(Instant now, const LogState& log) const;
  [[nodiscard]] Result<bool> cut(Instant before, const LogPosition& position);
  [[nodiscard]] Status write_head(BlockWriter& writer, const SnapshotView& view, Instant before,
                                  std::vector<MovedSeries>& moved) const;
  [[nodiscard]] std::optional<Range> mergeable() const;
  [[nodiscard]] Result<bool> merge(Range range);
  [[nodiscard]] Status write_merged(BlockWriter& writer, Range range) const;
  template <class Write>
  [[nodiscard]] Status write(const std::string& path, const LogCoverage& covered, Write write_series);
  [[nodiscard]] Result<std::shared_ptr<const Block>> map(const std::string& path);

  Head& head_;
  ports::FilesPort& files_;
  std::string folder_;
  BlockStoreLimits limits_;
  std::vector<Entry> blocks_;      // in the order of their cuts
  std::uint32_t next_{1};           // number of the next cut
  LogCoverage covered_;
  std::int64_t cut_before_ms_{0};   // of the last cut, also where there was nothing to write
  std::set<std::string> told_;      // damaged blocks
  std::vector<std::string> leftovers_;  // files whose samples a merged block has
  std::uint64_t bytes_{0};          // of all blocks
  Work work_{Work::drop};
  std::atomic<bool> is_cancelled_{false};
  Instant not_before_;              // after a failure
  int failure_count_{0};
};

}  // namespace watchbill::metrics::tsdb
