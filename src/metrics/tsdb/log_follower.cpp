#include "metrics/tsdb/log_follower.h"

#include <algorithm>
#include <utility>

namespace watchbill::metrics::tsdb {

LogFollower::LogFollower(ports::FilesPort& files, std::string folder, const LogFollowerLimits& limits)
    : files_(files), folder_(std::move(folder)), limits_(limits) {}

void LogFollower::begin(const LogPlace& place) {
  begin_ = place;
  wanted_ = segment_of(place.position);
  has_file_ = false;
  has_read_ = false;
  has_gap_ = false;
  damaged_bytes_ = 0;
}

Result<std::optional<LogFollower::Record>> LogFollower::next() {
  while (true) {
    const Result<Step> step = has_file_ ? look() : choose_file();
    if (!step) return step.error();
    if (*step == Step::record) return std::optional(record_);
    if (*step == Step::nothing_yet) return std::optional<Record>();
  }
}

Result<LogFollower::Step> LogFollower::choose_file() {
  const Result<std::vector<std::string>> names = files_.list(folder_);
  if (!names) return names.error();
  std::optional<LogSegment> found;
  bool is_older_there = false;
  for (const std::string& name : *names) {
    const std::optional<LogSegment> segment = segment_of(name);
    if (!segment) continue;
    if (*segment < wanted_) is_older_there = true;
    else if (!found || *segment < *found) found = segment;
  }
  if (!found) return Step::nothing_yet;
  // Another run begins with its first segment, and within a run no number is left out. Older files leave first: a file of which
  // nothing was read and before which there are others never was.
  const bool is_successor = *found == wanted_ || (has_read_ && *found == LogSegment{wanted_.run + 1, 1});
  const bool never_was = !has_read_ && is_older_there && begin_.position.offset == 0;
  has_gap_ = has_gap_ || (!is_successor && !never_was);
  has_file_ = true;
  has_read_ = true;
  file_ = *found;
  is_complete_ = false;
  is_first_ = true;
  was_at_end_ = false;
  offset_ = 0;
  buffer_.clear();
  used_ = 0;
  return Step::again;
}

Result<LogFollower::Step> LogFollower::look() {
  if (const std::optional<std::string_view> payload = payload_at(rest())) {
    record_ = Record{};
    record_.at = place(offset_);
    record_.behind = place(offset_ + log_header_bytes + payload->size());
    record_.payload = *payload;
    record_.is_past = record_.at.position < begin_.position;
    record_.begins_segment = std::exchange(is_first_, false);
    record_.follows_gap = !record_.is_past && std::exchange(has_gap_, false);
    record_.damaged_bytes = std::exchange(damaged_bytes_, 0);
    // The buffer stays as it is: the payload is a view of it.
    used_ += log_header_bytes + payload->size();
    offset_ = record_.behind.position.offset;
    return Step::record;
  }
  const std::uint64_t claimed = claimed_bytes(rest());
  const bool may_become_one =
      rest().size() < log_header_bytes || (claimed > rest().size() && claimed <= limits_.record_bytes_max);
  const Result<bool> is_more = read_more(may_become_one ? std::max(claimed, limits_.part_bytes) : limits_.record_bytes_max);
  if (!is_more) return is_more.error();
  if (*is_more && may_become_one) return Step::again;
  if (rest().empty()) return at_end();
  const std::size_t found = next_record(rest(), 1);
  if (found == rest().size()) return at_end();
  damaged_bytes_ += found;
  pass(found);
  return Step::again;
}

// There is no good record up to the end of the file.
Result<LogFollower::Step> LogFollower::at_end() {
  if (is_complete_) {
    // The end of a file that a crash cut off is no damage.
    if (!is_torn(rest())) damaged_bytes_ += rest().size();
    wanted_ = {file_.run, file_.segment + 1};
    has_file_ = false;
    return Step::again;
  }
  const Result<std::vector<std::string>> names = files_.list(folder_);
  if (!names) return names.error();
  const auto is_later = [this](const std::string& name) {
    const std::optional<LogSegment> segment = segment_of(name);
    return segment && *segment > file_;
  };
  if (std::none_of(names->begin(), names->end(), is_later)) {
    was_at_end_ = rest().empty();
    return Step::nothing_yet;
  }
  // The file is complete now, and perhaps was not when its end was read.
  is_complete_ = true;
  return Step::again;
}

// Whether there were more bytes; reads until there are `wanted` or the file ends.
Result<bool> LogFollower::read_more(std::uint64_t wanted) {
  if (rest().size() >= wanted) return false;
  buffer_.erase(0, std::exchange(used_, 0));
  const std::string path = folder_ + "/" + file_name(file_);
  Result<std::string> bytes = files_.read_part(path, offset_ + buffer_.size(), wanted - buffer_.size());
  if (!bytes) {
    if (bytes.error().kind != ErrorKind::not_found) return bytes.error();
    // It left the window, and what was not read of it is gone.
    has_gap_ = has_gap_ || !was_at_end_;
    is_complete_ = true;
    return false;
  }
  buffer_.append(*bytes);
  was_at_end_ = was_at_end_ && bytes->empty();
  return !bytes->empty();
}

void LogFollower::pass(std::uint64_t bytes) {
  used_ += bytes;
  offset_ += bytes;
}

}  // namespace watchbill::metrics::tsdb
