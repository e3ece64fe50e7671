#include "sim/disk.h"

#include <algorithm>

namespace watchbill::sim {
namespace {
constexpr std::size_t ballast_record_count = 200;
constexpr std::size_t snapshots_kept = 2;
}  // namespace

void SimulatedDisk::heal() { fault_ = DiskFault::none; }

void SimulatedDisk::crash() {
  records_.resize(records_.size() - unsynced_);
  unsynced_ = 0;
}

Result<ports::JournalEnd> SimulatedJournal::end() {
  ports::JournalEnd end;
  if (disk_.records_.empty()) return end;
  const StoredRecord& last = disk_.records_.back();
  const std::optional<RecordHeader> header = decode_header(last.header);
  if (!header) return Error{ErrorKind::corrupt, "read the head of", "the simulated journal", "its last header is damaged"};
  end.head = ChainHead{header->sequence, last.hash(), header->time, header->epoch, header->segment};
  const auto is_before = [&header](const StoredRecord& record) {
    const std::optional<RecordHeader> each = decode_header(record.header);
    return !each || each->segment < header->segment;
  };
  const auto first = std::partition_point(disk_.records_.begin(), disk_.records_.end(), is_before);
  if (const std::optional<RecordHeader> since = decode_header(first->header)) end.segment_since = since->time;
  for (auto at = first; at != disk_.records_.end(); ++at)
    end.segment_bytes += at->header.size() + (at->payload ? at->payload->size() : 0);
  return end;
}

void SimulatedJournal::store(std::span<const StoredRecord> records, std::span<const Blob> blobs) {
  for (const Blob& blob : blobs) disk_.blobs_.emplace(blob.digest, blob.bytes);
  std::size_t kept = records.size();
  const bool tears = disk_.plant_ == Plant::disk_keeps_half_a_batch && records.size() > 1 && !disk_.has_lied_;
  if (tears) {
    kept = records.size() / 2;
    disk_.has_lied_ = true;
  }
  disk_.records_.insert(disk_.records_.end(), records.begin(), records.begin() + static_cast<std::ptrdiff_t>(kept));
  disk_.unsynced_ = disk_.plant_ == Plant::disk_lies_about_sync ? records.size() : 0;
  const std::size_t count = disk_.records_.size();
  if (disk_.has_lied_ || count < 60) return;
  if (disk_.plant_ == Plant::disk_drops_a_record) {
    disk_.records_.erase(disk_.records_.begin() + 40);
    disk_.has_lied_ = true;
  } else if (disk_.plant_ == Plant::disk_flips_a_bit) {
    std::string& payload = *disk_.records_[disk_.random_.below(count)].payload;
    char& byte = payload[disk_.random_.below(payload.size())];
    byte = static_cast<char>(byte ^ static_cast<char>(1U << disk_.random_.below(7)));
    disk_.has_lied_ = true;
  }
}

ports::AppendOutcome SimulatedJournal::append(std::span<const StoredRecord> records, std::span<const Blob> blobs,
                                              std::string& detail) {
  switch (disk_.fault_) {
    case DiskFault::none:
      store(records, blobs);
      return ports::AppendOutcome::durable;
    case DiskFault::lost:
      disk_.fault_ = DiskFault::none;
      detail = "simulated: the process ended before the write";
      return ports::AppendOutcome::unknown;
    case DiskFault::written:
      disk_.fault_ = DiskFault::none;
      store(records, blobs);
      disk_.unsynced_ = 0;
      detail = "simulated: the process ended after the write";
      return ports::AppendOutcome::unknown;
    case DiskFault::full:
      if (!disk_.has_ballast_ && disk_.ballast_records_ >= records.size()) {
        disk_.ballast_records_ -= records.size();
        store(records, blobs);
        return ports::AppendOutcome::durable;
      }
      detail = "exhausted";
      return ports::AppendOutcome::refused_full;
    case DiskFault::read_only:
      detail = "read_only";
      return ports::AppendOutcome::refused_read_only;
  }
  return ports::AppendOutcome::unknown;
}

Status SimulatedJournal::read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) {
  // Rows ascend, though a planted fault may have taken one out.
  auto record = std::lower_bound(disk_.records_.begin(), disk_.records_.end(), from,
                                 [](const StoredRecord& each, Sequence sequence) { return each.sequence < sequence; });
  for (; record != disk_.records_.end() && record->sequence <= to; ++record)
    if (!visit(*record)) break;
  return {};
}

Result<std::optional<std::string>> SimulatedJournal::blob(const Digest& digest) {
  const auto at = disk_.blobs_.find(digest);
  if (at == disk_.blobs_.end()) return std::optional<std::string>();
  return std::optional(at->second);
}

ports::Room SimulatedJournal::keep_ballast(bool wanted) {
  if (!wanted) {
    if (disk_.has_ballast_) disk_.ballast_records_ = ballast_record_count;
    disk_.has_ballast_ = false;
    return ports::Room::none;
  }
  if (disk_.fault_ == DiskFault::full || disk_.fault_ == DiskFault::read_only) return ports::Room::none;
  disk_.has_ballast_ = !disk_.is_small_;
  return disk_.has_ballast_ ? ports::Room::reserve : ports::Room::ordinary;
}

Status SimulatedJournal::save_snapshot(const ports::StoredSnapshot& snapshot) {
  disk_.snapshots_.push_back(snapshot);
  if (disk_.snapshots_.size() > snapshots_kept) disk_.snapshots_.erase(disk_.snapshots_.begin());
  return {};
}

Result<std::optional<ports::StoredSnapshot>> SimulatedJournal::load_snapshot(std::size_t skip) {
  if (skip >= disk_.snapshots_.size()) return std::optional<ports::StoredSnapshot>();
  return std::optional(disk_.snapshots_[disk_.snapshots_.size() - 1 - skip]);
}

}  // namespace watchbill::sim
