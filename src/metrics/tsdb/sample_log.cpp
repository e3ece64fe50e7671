#include "metrics/tsdb/sample_log.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "metrics/tsdb/log_frame.h"
#include "metrics/tsdb/log_record.h"
#include "metrics/tsdb/numbered_names.h"

namespace watchbill::metrics::tsdb {
// What a load knows after the first look at all files: labels may stand in a later file than their samples.
struct SampleLog::Reading {
  struct Series {
    std::uint64_t number{0};
    Labels labels;
    SeriesReference reference;
  };
  // The series of one run. Records name them in the order of their numbers, so the next one is mostly the one that follows.
  class Run {
   public:
    void explain(std::uint64_t number, Labels labels) {
      const auto [at, is_new] = places_.try_emplace(number, static_cast<std::uint32_t>(all.size()));
      if (is_new) all.push_back(Series{number, std::move(labels), {}});
      else all[at->second].labels = std::move(labels);
    }
    // The place in `all`, or its size.
    [[nodiscard]] std::uint32_t find(std::uint64_t number) noexcept {
      if (++last_ >= all.size() || all[last_].number != number) {
        const auto at = places_.find(number);
        last_ = at == places_.end() ? static_cast<std::uint32_t>(all.size()) : at->second;
      }
      return last_;
    }
    std::vector<Series> all;

   private:
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> places_;
    std::uint32_t last_{0};
  };
  struct File {
    std::string path;
    std::uint32_t run{0};
    std::uint32_t segment{0};
    std::vector<std::pair<std::size_t, std::size_t>> payloads;  // offset, length
  };
  std::map<std::uint32_t, Run> runs;
  std::vector<File> files;
};

SampleLog::SampleLog(Head& head, ports::FilesPort& files, std::string folder, const SampleLogLimits& limits)
    : head_(head), files_(files), folder_(std::move(folder)), limits_(limits) {}

Result<LoadReport> SampleLog::load(Instant now, const LogCoverage& covered) {
  const Result<std::vector<std::string>> names = files_.list(folder_);
  if (!names.has_value()) return names.error();
  std::vector<LogSegment> there;
  for (const std::string& name : *names)
    if (const std::optional<LogSegment> segment = segment_of(name)) there.push_back(*segment);
  std::sort(there.begin(), there.end());  // as they were written
  // Blocks remember places in the log by run: also where none of its files is left, no number comes again.
  const std::uint32_t last_run = std::max(covered.position.run, there.empty() ? 0 : there.back().run);
  if (last_run >= name_number_max)
    return Error{ErrorKind::exhausted, "begin sample log", folder_,
                 "a file or a block there names run " + std::to_string(last_run) +
                     ", which leaves no number for a new one; nobody writes so many, so move that file away"};
  run_ = last_run + 1;
  LoadReport report;
  Reading reading;
  head_.advance(now);
  for (const LogSegment& segment : there) scan(segment, now, reading, report);
  replay(reading, covered, report);
  segment_since_ = now;
  cover(covered);
  tell_state();
  head_.begin_log();
  return report;
}

// Finds the good records of a file and the labels in them.
void SampleLog::scan(LogSegment segment, Instant now, Reading& reading, LoadReport& report) {
  const std::uint32_t run = segment.run;
  const std::string path = path_of(run, segment.segment);
  segments_.push_back(Segment{path, LogPosition{run, segment.segment + 1, 0}, 0, std::numeric_limits<std::int64_t>::min()});
  const std::size_t damaged_count = report.damaged.size();
  const Result<std::string> bytes = files_.read(path, file_bytes_max());
  if (!bytes.has_value()) {
    report.unreadable.push_back(bytes.error());
    segments_.back().newest_ms = std::numeric_limits<std::int64_t>::max();  // kept: a person may still read it
    return;
  }
  segments_.back().bytes = bytes->size();
  Reading::File file{path, run, segment.segment, {}};
  Reading::Run& series = reading.runs[run];
  for (std::size_t at = 0; at < bytes->size();) {
    const std::string_view rest = std::string_view(*bytes).substr(at);
    const std::optional<std::string_view> payload = payload_at(rest);
    if (!payload.has_value()) {
      const std::size_t end = next_record(*bytes, at + 1);
      if (end == bytes->size() && is_torn(rest)) report.torn_tail_bytes += rest.size();
      else report.damaged.push_back(DamagedRange{path, at, end - at});
      at = end;
      continue;
    }
    file.payloads.emplace_back(at + log_header_bytes, payload->size());
    LogDecoder decoder(*payload);
    for (LogDecoder::Entry entry = decoder.next(); entry != LogDecoder::Entry::end; entry = decoder.next()) {
      if (entry == LogDecoder::Entry::labels) series.explain(decoder.number(), decoder.labels());
      if (entry == LogDecoder::Entry::sample || entry == LogDecoder::Entry::histogram)
        segments_.back().newest_ms = std::max(segments_.back().newest_ms, decoder.sample().t_ms);
      if (entry != LogDecoder::Entry::malformed) continue;
      report.damaged.push_back(DamagedRange{path, at, log_header_bytes + payload->size()});
      break;
    }
    at += log_header_bytes + payload->size();
  }
  if (report.damaged.size() != damaged_count) {
    segments_.back().is_damaged = true;
    segments_.back().newest_ms = std::max(segments_.back().newest_ms, now.ms);  // of what cannot be read nobody knows
  }
  reading.files.push_back(std::move(file));
}

// Samples on their way to the head. They are given to it series by series, some hundred thousand at a time: what one series needs
// is then in the processor's cache for all of its samples, which halves the time of a restart.
class SampleLog::Replayed {
 public:
  Replayed(Head& head, Reading::Run& run, LoadReport& report) : head_(head), run_(run), report_(report) {}

  // `encoded`, of a native histogram, is read until the next flush().
  void add(std::uint32_t series, Sample sample, std::string_view encoded) {
    waiting_.push_back(Waiting{sample, encoded, series});
    if (waiting_.size() == waiting_samples) flush();
  }

  void flush() {
    // Counting sort by series: those of one stay in their order.
    begins_.assign(run_.all.size() + 1, 0);
    for (const Waiting& each : waiting_) ++begins_[each.series + 1];
    std::partial_sum(begins_.begin(), begins_.end(), begins_.begin());
    order_.resize(waiting_.size());
    for (std::uint32_t i = 0; i < waiting_.size(); ++i) order_[begins_[waiting_[i].series]++] = i;
    for (const std::uint32_t i : order_) {
      // A new series has its reference after its first sample; looking it up by labels for all of them would cost more.
      const bool is_new = run_.all[waiting_[i].series].reference == SeriesReference{};
      const bool repeats = is_new && !places_.empty() && places_.back() == waiting_[i].series;
      if (repeats || batch_.size() == batch_samples) give();
      add_to_batch(waiting_[i]);
    }
    give();
    waiting_.clear();
  }

 private:
  static constexpr std::size_t batch_samples = 1024;
  static constexpr std::size_t waiting_samples = std::size_t{1} << 20;  // 40 MiB

  struct Waiting {
    Sample sample;
    std::string_view encoded;
    std::uint32_t series{0};
  };

  void add_to_batch(const Waiting& each) {
    const Reading::Series& series = run_.all[each.series];
    BatchSample& one = batch_.emplace_back();
    one.series = series.reference;
    one.labels = &series.labels;
    one.at = Instant{each.sample.t_ms};
    one.value = each.sample.v;
    one.histogram = each.encoded;
    places_.push_back(each.series);
  }

  void give() {
    head_.append_again(batch_);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      run_.all[places_[i]].reference = batch_[i].series;
      if (batch_[i].taken.has_value()) {
        ++report_.sample_count;
        continue;
      }
      const AppendRefusal refusal = batch_[i].taken.error();
      // Of one time may be two in the log: late ones are not compared with all that the store had then.
      const bool is_outdated = refusal == AppendRefusal::too_old || refusal == AppendRefusal::out_of_order ||
                               refusal == AppendRefusal::duplicate_timestamp;
      ++(is_outdated ? report_.outdated_count : report_.refused_count);
    }
    batch_.clear();
    places_.clear();
  }

  Head& head_;
  Reading::Run& run_;
  LoadReport& report_;
  std::vector<Waiting> waiting_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint32_t> order_;
  std::vector<BatchSample> batch_;
  std::vector<std::uint32_t> places_;
};

void SampleLog::replay(Reading& reading, const LogCoverage& covered, LoadReport& report) {
  for (const Reading::File& file : reading.files) {
    const Result<std::string> bytes = files_.read(file.path, file_bytes_max());
    if (!bytes.has_value()) {
      report.unreadable.push_back(bytes.error());
      continue;
    }
    Reading::Run& run = reading.runs[file.run];
    Replayed replayed(head_, run, report);
    for (const auto& [offset, length] : file.payloads) {
      if (offset + length > bytes->size()) break;  // it became shorter since the first look
      const bool may_be_covered = LogPosition{file.run, file.segment, offset} < covered.position;
      LogDecoder decoder(std::string_view(*bytes).substr(offset, length));
      for (LogDecoder::Entry entry = decoder.next(); entry != LogDecoder::Entry::end && entry != LogDecoder::Entry::malformed;
           entry = decoder.next()) {
        if (entry == LogDecoder::Entry::labels) continue;
        const std::uint32_t series = run.find(decoder.number());
        if (may_be_covered && decoder.sample().t_ms < covered.before_ms) ++report.covered_count;
        else if (series == run.all.size()) ++report.unexplained_count;
        else if (entry == LogDecoder::Entry::sample) replayed.add(series, decoder.sample(), {});
        else replayed.add(series, decoder.sample(), decoder.encoded());
      }
    }
    replayed.flush();  // the bytes of the file end here
  }
}

// A segment ends after the flush that fills it, and that one may bring all that was waiting.
std::uint64_t SampleLog::file_bytes_max() const noexcept {
  return limits_.segment_bytes_max + 2 * (limits_.pending_bytes_max + head_.limits().log_bytes_max);
}

Status SampleLog::flush(Instant now) {
  // A segment whose last append failed goes on: each end of one repeats all labels, and these would fill what may wait.
  const bool is_last = !has_failed_ && (segment_bytes_ + pending_.size() >= limits_.segment_bytes_max ||
                                        now - segment_since_ >= limits_.segment_age_max || is_before_gap());
  if (const std::string payload = head_.take_log(is_last); !payload.empty()) append_framed(pending_, payload);
  if (const std::uint64_t forgotten = head_.statistics().log_forgotten_bytes; forgotten != forgotten_bytes_) {
    forgotten_bytes_ = forgotten;
    open_gap();
  }
  const std::string path = path_of(run_, segment_);
  if (Status written = write_pending(path); !written.has_value()) {
    if (pending_.size() > limits_.pending_bytes_max) {
      lost_bytes_ += std::exchange(pending_, {}).size();
      open_gap();
      begin_segment(now, 2);
      // What was lost may explain series: from now on each is explained anew.
      if (const std::string payload = head_.take_log(true); !payload.empty()) append_framed(pending_, payload);
    }
    tell_state();
    return written;
  }
  if (is_last) {
    if (is_before_gap()) begin_segment(now, 2);
    else if (segment_bytes_ != 0) begin_segment(now, 1);
    else segment_since_ = now;
  }
  remove_old(now);
  tell_state();
  if (!gap_.has_value()) return {};
  return Error{ErrorKind::exhausted, "keep", folder_,
               "samples before " + format_rfc3339(Instant{gap_->before_ms}) +
                   " never reached the log, because the disk was too slow or full; they are safe once a block holds them"};
}

Status SampleLog::write_pending(const std::string& path) {
  if (pending_.empty()) return {};
  if (has_failed_) {
    // Positions in the file are true again only once it is known what the last append left there.
    const Result<std::string> left = files_.read_part(path, segment_bytes_, pending_.size());
    if (!left.has_value() && left.error().kind != ErrorKind::not_found) return left.error();
    if (left.has_value()) segment_bytes_ += left->size();
  }
  Status written = files_.append(path, pending_);
  has_failed_ = !written.has_value();
  if (written.has_value()) segment_bytes_ += std::exchange(pending_, {}).size();
  return written;
}

// `step` is 2 where samples are missing before it: by the missing number a follower sees it.
void SampleLog::begin_segment(Instant now, std::uint32_t step) {
  const std::int64_t newest_ms = (now + head_.limits().ahead_max).ms;
  segments_.push_back(Segment{path_of(run_, segment_), LogPosition{run_, segment_ + 1, 0}, segment_bytes_, newest_ms});
  segment_ += step;
  segment_bytes_ = 0;
  segment_since_ = now;
  has_failed_ = false;
}

// Samples of this moment and before are not in the log: the segment after the next number is behind them.
void SampleLog::open_gap() { gap_ = LogCoverage{head_.snapshot().newest_at().ms + 1, LogPosition{run_, segment_ + 2, 0}}; }

bool SampleLog::is_before_gap() const noexcept { return gap_.has_value() && LogPosition{run_, segment_, 0} < gap_->position; }

void SampleLog::remove_old(Instant now) {
  const Instant horizon = now - head_.limits().retention;
  LogCoverage covered;
  std::optional<LogPosition> kept_from;
  {
    const std::lock_guard lock(mutex_);
    covered = covered_;
    kept_from = kept_from_;
  }
  if (gap_.has_value() && covered.holds(*gap_)) gap_.reset();
  removal_failure_.reset();
  for (auto at = segments_.begin(); at != segments_.end();) {
    const bool is_covered = at->newest_ms < covered.before_ms && at->end <= covered.position && !at->is_damaged;
    const bool is_followed = kept_from.has_value() && at->end > *kept_from;
    if (at->newest_ms >= horizon.ms && (!is_covered || is_followed)) {
      ++at;
      continue;
    }
    if (Status removed = files_.remove(at->path); !removed.has_value()) {
      if (!removal_failure_.has_value()) removal_failure_ = removed.error();
      ++at;
      continue;
    }
    at = segments_.erase(at);
  }
}

void SampleLog::tell_state() {
  LogState state{open_position(), segment_bytes_, std::nullopt};
  for (const Segment& segment : segments_) state.bytes += segment.bytes;
  if (gap_.has_value() && !is_before_gap()) state.gap = gap_;
  const std::lock_guard lock(mutex_);
  state_ = state;
}

LogState SampleLog::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void SampleLog::cover(const LogCoverage& covered) {
  const std::lock_guard lock(mutex_);
  covered_ = covered;
}

void SampleLog::keep_from(const std::optional<LogPosition>& position) {
  const std::lock_guard lock(mutex_);
  kept_from_ = position;
}

std::string SampleLog::path_of(std::uint32_t run, std::uint32_t segment) const {
  return folder_ + "/" + file_name({run, segment});
}

}  // namespace watchbill::metrics::tsdb
