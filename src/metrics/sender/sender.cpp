#include "metrics/sender/sender.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "metrics/histogram/codec.h"

namespace watchbill::metrics::sender {
namespace {

constexpr std::size_t samples_per_step = 100'000;  // read at most; some 50 ms
constexpr Duration note_interval = Duration::seconds(1);
constexpr Duration disk_retry = Duration::seconds(5);

// Where requests that drop nothing would be much larger than the terms allow, a group ends all the same.
constexpr std::size_t read_for_sent_max = 20;

}  // namespace

Sender::Sender(Terms terms, Links links, const LogEnd& log_end, Instant now)
    : terms_(std::move(terms)),
      links_(std::move(links)),
      log_end_(log_end),
      queue_(terms_.queue, figures_),
      families_(terms_, figures_, now),
      exemplars_(terms_, figures_),
      shards_(terms_.queue.shard_count_min, terms_.queue.shard_count_max, terms_.queue.shard_count_min),
      follower_(links_.files, links_.log_folder),
      series_(terms_),
      counted_at_(now) {}

std::string Sender::note_path() const { return "remote_write/" + sha256(terms_.identity).hex().substr(0, 16) + ".progress"; }

Sender::Turn Sender::step(Instant now, std::span<const Answer> answers, Instant newest_stored) {
  Turn turn;
  if (!is_begun_) is_begun_ = now >= disk_try_at_ && begin(now, turn);
  if (!is_begun_) {
    turn.wake_at = disk_try_at_;
    return turn;
  }
  for (const Answer& answer : answers) take(answer, now, turn);
  take_finished();
  if (now >= disk_try_at_) fill_groups(now, turn);
  if (is_note_due_ && now - noted_at_ >= note_interval && now >= disk_try_at_) static_cast<void>(note(nullptr, now, turn));
  queue_.give_calls(now, next_id_, turn.calls);
  families_.give_calls(now, links_.families, next_id_, turn.calls);
  exemplars_.give_calls(now, links_.exemplars, is_idle(), next_id_, turn.calls);
  count_shards(now, newest_stored);
  turn.wake_at = std::min({turn.wake_at, queue_.wake_at(), families_.wake_at(), exemplars_.wake_at(),
                           counted_at_ + ShardCount::interval});
  if (is_note_due_) turn.wake_at = std::min(turn.wake_at, std::max(noted_at_ + note_interval, disk_try_at_));
  if (disk_try_at_ > now) turn.wake_at = std::min(turn.wake_at, disk_try_at_);
  return turn;
}

// --- what is noted ---

// False when the disk does not let it.
bool Sender::begin(Instant now, Turn& turn) {
  if (!has_read_note_ && !read_note(now, turn)) return false;
  has_read_note_ = true;
  return note(nullptr, now, turn);  // without it the next start would begin at its own present
}

bool Sender::read_note(Instant now, Turn& turn) {
  const Result<std::string> text = links_.files.read(note_path(), progress_bytes_max);
  if (!text && text.error().kind != ErrorKind::not_found) {
    complain(text.error(), now, turn);
    return false;
  }
  const std::optional<Progress> noted = text ? read_progress(*text) : std::nullopt;
  if (noted && noted->identity == terms_.identity) {
    go_on(*noted, turn);
  } else if (text) {
    turn.said.push_back("the note of how far it is, " + note_path() + ", is damaged: all that the log has is sent again");
    repeated_until_ = log_end_.end;
  } else {
    answered_ = log_end_.end;
    newest_answered_ms_ = now.ms;
  }
  follower_.begin(answered_);
  read_until_ = answered_;
  begin_group();
  return true;
}

void Sender::go_on(const Progress& noted, Turn& turn) {
  newest_answered_ms_ = noted.newest_ms;
  shards_ = ShardCount(terms_.queue.shard_count_min, terms_.queue.shard_count_max, noted.shard_count);
  const bool is_ahead = log_end_.is_of_new_run ? noted.at > log_end_.end : noted.at.position.run > log_end_.end.position.run;
  if (is_ahead) {
    turn.said.push_back("the sample log began anew since this remote was last sent to: all that the log has is sent");
    repeated_until_ = log_end_.end;
    return;
  }
  answered_ = noted.at;
  noted_.assign(noted.groups.begin(), noted.groups.end());
  noted_repeat_ = noted.fingerprint == terms_.fingerprint ? Repeat::as_before : Repeat::otherwise;
}

// Notes how far everything is, with a group that is about to be opened. False when the disk does not take it.
bool Sender::note(const Group* opened, Instant now, Turn& turn) {
  Progress progress;
  progress.identity = terms_.identity;
  bool is_as_before = noted_.empty() || noted_repeat_ != Repeat::otherwise;
  queue_.each([&](const Group& group) { is_as_before = is_as_before && group.repeat != Repeat::otherwise; });
  if (opened != nullptr && opened->repeat == Repeat::otherwise) is_as_before = false;
  // Of what was sent in different requests before, the next life cannot know in which ones it was taken.
  progress.fingerprint = is_as_before ? terms_.fingerprint : "";
  progress.newest_ms = newest_answered_ms_;
  progress.shard_count = shards_.count();
  progress.at = answered_;
  queue_.each([&progress](const Group& group) { progress.groups.push_back({group.end, group.shard_count()}); });
  if (opened != nullptr) progress.groups.push_back({opened->end, opened->shard_count()});
  // Those of an earlier life stay noted until they are read.
  progress.groups.insert(progress.groups.end(), noted_.begin(), noted_.end());
  if (const Status noted = links_.files.replace(note_path(), text_of(progress)); !noted) {
    complain(noted.error(), now, turn);
    return false;
  }
  if (std::exchange(is_complaining_, false)) turn.said.push_back("the disk answers again, and it goes on");
  is_note_due_ = false;
  noted_at_ = now;
  return true;
}

void Sender::complain(const Error& error, Instant now, Turn& turn) {
  disk_try_at_ = now + disk_retry;
  if (!std::exchange(is_complaining_, true)) turn.said.push_back(error.text() + "; nothing new is sent until it goes");
}

// --- what came back ---

void Sender::take(const Answer& answer, Instant now, Turn& turn) {
  if (families_.take(answer, now) || exemplars_.take(answer, now)) return;
  std::string said;
  static_cast<void>(queue_.take(answer, now, said));
  if (!said.empty()) turn.said.push_back(std::move(said));
}

void Sender::take_finished() {
  for (Group finished; queue_.take_finished(finished);) {
    answered_ = finished.end;
    newest_answered_ms_ = std::max(newest_answered_ms_, finished.newest_ms);
    is_note_due_ = true;
  }
}

// --- what is read ---

void Sender::fill_groups(Instant now, Turn& turn) {
  const std::uint64_t enough = read_count_ + samples_per_step;
  while (queue_.has_room()) {
    bool is_more = true;
    while (!is_complete(now) && is_more && read_count_ < enough) is_more = read_on(now, turn);
    if (!is_complete(now)) {
      if (is_more && disk_try_at_ <= now) turn.wake_at = now;  // there is more than one step may read
      else if (building_count_ != 0) turn.wake_at = std::min(turn.wake_at, building_since_ + longest_wait());
      return;
    }
    if (!open_group(now, turn)) return;
    take_finished();  // of a group without samples
  }
}

bool Sender::is_complete(Instant now) const {
  // A group of an earlier life ends where it ended then.
  if (!noted_.empty()) return read_until_ >= noted_.front().end;
  const QueueTerms& terms = terms_.queue;
  const std::size_t requests = std::max<std::size_t>(1, terms.capacity / terms.samples_per_request / Queue::groups_max);
  const std::size_t wanted = requests * terms.samples_per_request * building_.shard_count();
  if (building_.sample_count >= wanted || building_count_ >= wanted * read_for_sent_max) return true;
  return is_at_end_ && building_count_ != 0 && now - building_since_ >= longest_wait();
}

// A sample has waited for the log to be flushed already.
Duration Sender::longest_wait() const { return std::max(Duration{}, terms_.queue.deadline - terms_.flush_interval); }

bool Sender::open_group(Instant now, Turn& turn) {
  building_.end = read_until_;
  const bool is_noted = !noted_.empty();
  // Where the log lost a part, the requests are not what they were.
  if (is_noted) building_.repeat = read_until_ == noted_.front().end ? noted_repeat_ : Repeat::otherwise;
  else if (building_.begin < repeated_until_) building_.repeat = Repeat::otherwise;
  if (!is_noted && building_.sample_count != 0 && !note(&building_, now, turn)) return false;
  if (is_noted) noted_.pop_front();
  queue_.open(std::exchange(building_, Group()));
  begin_group();
  return true;
}

void Sender::begin_group() {
  const std::uint32_t shards = noted_.empty() ? shards_.count() : noted_.front().shard_count;
  building_ = Group(std::min(shards, std::uint32_t{10'000}));
  building_.begin = read_until_;
  building_.tables.push_back(series_.table());
  building_count_ = 0;
}

bool Sender::read_on(Instant now, Turn& turn) {
  if (has_record_) {
    read_entry(turn);
    return true;
  }
  const Result<std::optional<tsdb::LogFollower::Record>> record = follower_.next();
  if (!record) {
    complain(record.error(), now, turn);
    return false;
  }
  is_at_end_ = !record->has_value();
  if (is_at_end_) return false;
  if (building_count_ == 0) building_since_ = now;
  begin_record(**record, turn);
  return true;
}

void Sender::begin_record(const tsdb::LogFollower::Record& record, Turn& turn) {
  if (record.damaged_bytes != 0)
    turn.said.push_back(std::to_string(record.damaged_bytes) + " bytes of the sample log before " +
                        tsdb::file_name(segment_of(record.at.position)) + ":" + std::to_string(record.at.position.offset) +
                        " are damaged, what was in them is not sent");
  if (record.begins_segment) {
    series_.begin_segment(segment_of(record.at.position));
    building_.tables.push_back(series_.table());
  }
  // Without a note all that there is was asked for: nothing can be missing from it.
  if (record.follows_gap && answered_ != tsdb::LogPlace()) awaits_gap_ = true;
  has_record_ = true;
  record_ = record;
  decoder_ = tsdb::LogDecoder(record.payload);
  record_sample_ = 0;
  const bool is_where_it_stopped = record.at.position == read_until_.position;
  skipped_until_ = record.is_past ? UINT64_MAX : is_where_it_stopped ? read_until_.sample : 0;
}

void Sender::read_entry(Turn& turn) {
  using Entry = tsdb::LogDecoder::Entry;
  const Entry entry = decoder_.next();
  if (entry == Entry::labels) return series_.explain(decoder_);
  if (entry == Entry::end || entry == Entry::malformed) {
    has_record_ = false;
    if (!record_.is_past) read_until_ = record_.behind;
    return;
  }
  if (record_sample_++ < skipped_until_) return;
  read_until_ = {record_.at.position, record_sample_};
  if (std::exchange(awaits_gap_, false)) say_gap(decoder_.sample(), turn);
  add(decoder_.number(), decoder_.sample(), entry == Entry::histogram ? decoder_.encoded() : std::string_view());
}

void Sender::say_gap(tsdb::Sample first, Turn& turn) {
  ++figures_.gaps;
  const Duration lost = std::max(Duration{}, Instant{first.t_ms} - Instant{newest_answered_ms_});
  turn.said.push_back("what was to be sent next left the sample log: the samples of " + format_duration(lost) + ", from " +
                      format_rfc3339(Instant{newest_answered_ms_}) + " to " + format_rfc3339(Instant{first.t_ms}) +
                      ", are not sent");
}

void Sender::add(std::uint64_t number, tsdb::Sample sample, std::string_view encoded) {
  ++building_count_;
  ++read_count_;
  building_.newest_ms = std::max(building_.newest_ms, sample.t_ms);
  const bool is_histogram = !encoded.empty();
  std::uint64_t& dropped = is_histogram ? figures_.dropped.histograms : figures_.dropped.samples;
  const SentSeries* series = series_.find(number);
  if (series == nullptr || (is_histogram && !histogram::decode(encoded))) {
    ++dropped;
    ++figures_.unexplained;
    return;
  }
  if (series->is_dropped() || (is_histogram && !terms_.sends_histograms)) {
    ++dropped;
    return;
  }
  QueuedSample queued{series, sample.t_ms, sample.v, 0};
  if (is_histogram) {
    building_.histograms.emplace_back(encoded);
    queued.histogram = static_cast<std::uint32_t>(building_.histograms.size());
  }
  building_.parts[series->hash % building_.parts.size()].push_back(queued);
  ++building_.sample_count;
}

// --- how many shards ---

void Sender::count_shards(Instant now, Instant newest_stored) {
  figures_.shard_count = shards_.count();
  figures_.shard_count_wanted = shards_.wanted();
  if (now - counted_at_ < ShardCount::interval) return;
  counted_at_ = now;
  const std::uint64_t dropped = figures_.dropped.all();
  ShardCount::Flow flow;
  flow.read = static_cast<double>(read_count_ - std::exchange(counted_read_, read_count_));
  flow.dropped = static_cast<double>(dropped - std::exchange(counted_dropped_, dropped));
  flow.answered = static_cast<double>(queue_.answered_count() - std::exchange(counted_answered_, queue_.answered_count()));
  flow.busy_seconds = queue_.busy_seconds() - std::exchange(counted_busy_, queue_.busy_seconds());
  flow.behind_seconds = static_cast<double>(std::max<std::int64_t>(0, newest_stored.ms - newest_answered_ms_)) / 1000;
  flow.was_taken = now - queue_.taken_at() <= std::max(terms_.queue.deadline * 2, ShardCount::interval);
  shards_.update(flow);
}

}  // namespace watchbill::metrics::sender
