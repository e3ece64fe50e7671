// Sends one remote what stands in the sample log, from where it stopped the last time: across a receiver that is away and across
// a crash of ours. Every sample of the log that is not dropped by the terms reaches the far side at least once, in the order of
// its series, or is counted as refused; unless it leaves the log before, which is said.
//
// Use: one thread turns it with step(), performs the calls that it gives and hands their answers to a later step(). It reads and
// writes files within step() and waits for the disk there. Nothing else is shared: another process, or another Sender of the same
// identity after this one is gone, goes on at what is noted.
//
// Cost: 0.5 µs of one thread for each sample, from the log to the compressed request; 12 bytes a sample on the way (20,000 series
// of a host exporter).
//
// What it does when the disk takes no note of progress: it opens no further group, says so once, and goes on by itself when the
// disk does. What is not in the log, since the log cannot be written, is not sent before it is.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/sender/exemplars.h"
#include "metrics/sender/families.h"
#include "metrics/sender/progress.h"
#include "metrics/sender/queue.h"
#include "metrics/sender/sent_series.h"
#include "metrics/sender/shard_count.h"
#include "metrics/sender/terms.h"
#include "metrics/tsdb/log_follower.h"
#include "metrics/tsdb/log_record.h"
#include "ports/files.h"

namespace watchbill::metrics::sender {

// Where the log stands when a sender is made.
struct LogEnd {
  tsdb::LogPlace end;       // behind the last record: where a remote begins that was never seen before
  bool is_of_new_run{false};  // this run of the program has written nothing yet
};

class Sender {
 public:
  struct Links {
    ports::FilesPort& files;
    std::string log_folder;
    std::function<FamilyList()> families;  // asked within step()
    Exemplars::Source exemplars{};         // as well; not where the terms send none
  };
  struct Turn {
    std::vector<Call> calls;
    std::vector<std::string> said;     // for the log, each one a sentence without the name of the remote
    Instant wake_at{Instant::never()};  // a step is due then, if no answer and no flush of the log brings it before
  };

  Sender(Terms terms, Links links, const LogEnd& log_end, Instant now);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // `newest_stored`: the time of the youngest sample in the store. Call it when answers came, when the log was flushed and at
  // wake_at. Takes at most some 100 ms for reading.
  [[nodiscard]] Turn step(Instant now, std::span<const Answer> answers, Instant newest_stored);

  [[nodiscard]] const Figures& figures() const noexcept { return figures_; }
  // What the log must keep: everything before it is answered. The beginning of all while that is not known.
  [[nodiscard]] tsdb::LogPlace needed_from() const noexcept { return is_begun_ ? answered_ : tsdb::LogPlace(); }
  // Whether all that the log had at the last step is answered.
  [[nodiscard]] bool is_idle() const noexcept { return is_begun_ && queue_.empty() && is_at_end_ && building_count_ == 0; }

 private:
  // The path of the note.
  [[nodiscard]] std::string note_path() const;
  [[nodiscard]] bool begin(Instant now, Turn& turn);
  [[nodiscard]] bool read_note(Instant now, Turn& turn);
  void go_on(const Progress& noted, Turn& turn);
  [[nodiscard]] bool note(const Group* opened, Instant now, Turn& turn);
  void take(const Answer& answer, Instant now, Turn& turn);
  void take_finished();
  void fill_groups(Instant now, Turn& turn);
  [[nodiscard]] bool is_complete(Instant now) const;
  [[nodiscard]] Duration longest_wait() const;
  [[nodiscard]] bool open_group(Instant now, Turn& turn);
  void begin_group();
  // False when there is nothing more to read now.
  [[nodiscard]] bool read_on(Instant now, Turn& turn);
  void begin_record(const tsdb::LogFollower::Record& record, Turn& turn);
  void read_entry(Turn& turn);
  void add(std::uint64_t number, tsdb::Sample sample, std::string_view encoded);
  void say_gap(tsdb::Sample first, Turn& turn);
  void count_shards(Instant now, Instant newest_stored);
  void complain(const Error& error, Instant now, Turn& turn);

  const Terms terms_;
  const Links links_;
  const LogEnd log_end_;
  Figures figures_;
  Queue queue_;
  Families families_;
  Exemplars exemplars_;
  ShardCount shards_;
  tsdb::LogFollower follower_;
  KnownSeries series_;

  bool has_read_note_{false};
  bool is_begun_{false};
  tsdb::LogPlace answered_;     // before it nothing is open
  std::int64_t newest_answered_ms_{0};
  std::deque<Progress::NotedGroup> noted_;  // of an earlier life, not read yet
  Repeat noted_repeat_{Repeat::as_before};
  tsdb::LogPlace repeated_until_;  // without notes: before it anything may have been sent
  bool is_note_due_{false};
  Instant noted_at_;
  bool is_complaining_{false};
  Instant disk_try_at_;

  Group building_;
  std::size_t building_count_{0};  // samples read for it, those that are dropped too
  Instant building_since_;
  bool is_at_end_{false};
  bool awaits_gap_{false};         // the next sample tells how much is gone
  bool has_record_{false};
  tsdb::LogDecoder decoder_{std::string_view()};
  tsdb::LogFollower::Record record_;
  std::uint64_t record_sample_{0};  // of `record_`, read so far
  std::uint64_t skipped_until_{0};  // samples of it that lie before the position
  tsdb::LogPlace read_until_;

  std::uint64_t next_id_{1};
  Instant counted_at_;
  std::uint64_t read_count_{0}, counted_read_{0}, counted_dropped_{0}, counted_answered_{0};
  double counted_busy_{0};
};

}  // namespace watchbill::metrics::sender
