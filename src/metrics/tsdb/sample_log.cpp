#include "metrics/tsdb/sample_log.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "metrics/tsdb/log_frame.h"
#include "metrics/tsdb/log_record.h"

namespace watchbill::metrics::tsdb {
// What a load knows after the first look at all files: labels may stand in a later file than their samples.
struct SampleLog::Reading {
  struct Series {
    Labels labels;
    SeriesReference reference;
  };
  struct File {
    std::string path;
    std::uint32_t run{0};
    std::vector<std::pair<std::size_t, std::size_t>> payloads;  // offset, length
  };
  std::map<std::uint32_t, boost::unordered_flat_map<std::uint64_t, Series>> runs;
  std::vector<File> files;
};

SampleLog::SampleLog(Head& head, ports::FilesPort& files, std::string folder, const SampleLogLimits& limits)
    : head_(head), files_(files), folder_(std::move(folder)), limits_(limits) {}

Result<LoadReport> SampleLog::load(Instant now) {
  Result<std::vector<std::string>> names = files_.list(folder_);
  if (!names.has_value()) return names.error();
  LoadReport report;
  Reading reading;
  head_.advance(now);
  // The names are sorted, so runs and segments come in the order in which they were written.
  for (const std::string& name : *names) scan(name, reading, report);
  replay(reading, report);
  segment_since_ = now;
  head_.begin_log();
  return report;
}

// Finds the good records of a file and the labels in them.
void SampleLog::scan(const std::string& name, Reading& reading, LoadReport& report) {
  const std::optional<LogSegment> segment = segment_of(name);
  if (!segment) return;
  const std::uint32_t run = segment->run;
  run_ = std::max(run_, run + 1);
  const std::string path = folder_ + "/" + name;
  segments_.push_back(Segment{path, std::numeric_limits<std::int64_t>::min()});
  const Result<std::string> bytes = files_.read(path, file_bytes_max());
  if (!bytes.has_value()) {
    report.unreadable.push_back(bytes.error());
    segments_.back().newest_ms = std::numeric_limits<std::int64_t>::max();  // kept: a person may still read it
    return;
  }
  Reading::File file{path, run, {}};
  auto& series = reading.runs[run];
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
      if (entry == LogDecoder::Entry::labels) series[decoder.number()].labels = std::move(decoder.labels());
      if (entry == LogDecoder::Entry::sample || entry == LogDecoder::Entry::histogram)
        segments_.back().newest_ms = std::max(segments_.back().newest_ms, decoder.sample().t_ms);
      if (entry != LogDecoder::Entry::malformed) continue;
      report.damaged.push_back(DamagedRange{path, at, log_header_bytes + payload->size()});
      break;
    }
    at += log_header_bytes + payload->size();
  }
  reading.files.push_back(std::move(file));
}

namespace {

// Samples on their way to the head, with the places to keep the references that come back.
class Replayed {
 public:
  Replayed(Head& head, LoadReport& report) : head_(head), report_(report) {}

  // `encoded`, of a native histogram, is read until the next flush().
  void add(const Labels& labels, SeriesReference& reference, Sample sample, std::string_view encoded) {
    BatchSample one;
    one.series = reference;
    one.labels = &labels;
    one.at = Instant{sample.t_ms};
    one.value = sample.v;
    one.histogram = encoded;
    batch_.push_back(one);
    references_.push_back(&reference);
    if (batch_.size() == batch_samples) flush();
  }

  void flush() {
    head_.append(batch_);
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      *references_[i] = batch_[i].series;
      if (batch_[i].taken.has_value()) {
        ++report_.sample_count;
        continue;
      }
      const AppendRefusal refusal = batch_[i].taken.error();
      const bool is_outdated = refusal == AppendRefusal::too_old || refusal == AppendRefusal::out_of_order;
      ++(is_outdated ? report_.outdated_count : report_.refused_count);
    }
    batch_.clear();
    references_.clear();
  }

 private:
  static constexpr std::size_t batch_samples = 4096;

  Head& head_;
  LoadReport& report_;
  std::vector<BatchSample> batch_;
  std::vector<SeriesReference*> references_;
};

}  // namespace

void SampleLog::replay(Reading& reading, LoadReport& report) {
  Replayed replayed(head_, report);
  for (const Reading::File& file : reading.files) {
    const Result<std::string> bytes = files_.read(file.path, file_bytes_max());
    if (!bytes.has_value()) {
      report.unreadable.push_back(bytes.error());
      continue;
    }
    auto& series = reading.runs[file.run];
    for (const auto& [offset, length] : file.payloads) {
      if (offset + length > bytes->size()) break;  // it became shorter since the first look
      LogDecoder decoder(std::string_view(*bytes).substr(offset, length));
      for (LogDecoder::Entry entry = decoder.next(); entry != LogDecoder::Entry::end && entry != LogDecoder::Entry::malformed;
           entry = decoder.next()) {
        if (entry == LogDecoder::Entry::labels) continue;
        const auto at = series.find(decoder.number());
        if (at == series.end()) ++report.unexplained_count;
        else if (entry == LogDecoder::Entry::sample) replayed.add(at->second.labels, at->second.reference, decoder.sample(), {});
        else replayed.add(at->second.labels, at->second.reference, decoder.sample(), decoder.encoded());
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
  const bool is_last =
      segment_bytes_ + pending_.size() >= limits_.segment_bytes_max || now - segment_since_ >= limits_.segment_age_max;
  if (const std::string payload = head_.take_log(is_last); !payload.empty()) pending_.append(framed(payload));
  const std::string path = path_of(run_, segment_);
  if (!pending_.empty()) {
    if (Status written = files_.append(path, pending_); !written.has_value()) {
      if (pending_.size() > limits_.pending_bytes_max) {
        lost_bytes_ += std::exchange(pending_, {}).size();
        // What was lost may explain series: from now on each is explained anew.
        pending_ = head_.take_log(true);
        if (!pending_.empty()) pending_ = framed(pending_);
      }
      return written;
    }
    segment_bytes_ += std::exchange(pending_, {}).size();
  }
  if (is_last) {
    if (segment_bytes_ != 0) segments_.push_back(Segment{path, (now + head_.limits().ahead_max).ms});
    if (segment_bytes_ != 0) ++segment_;
    segment_bytes_ = 0;
    segment_since_ = now;
  }
  return remove_old(now);
}

Status SampleLog::remove_old(Instant now) {
  const Instant horizon = now - head_.limits().retention;
  for (auto at = segments_.begin(); at != segments_.end();) {
    if (at->newest_ms >= horizon.ms) {
      ++at;
      continue;
    }
    if (Status removed = files_.remove(at->path); !removed.has_value()) return removed;
    at = segments_.erase(at);
  }
  return {};
}

std::string SampleLog::path_of(std::uint32_t run, std::uint32_t segment) const {
  return folder_ + "/" + file_name({run, segment});
}

}  // namespace watchbill::metrics::tsdb
