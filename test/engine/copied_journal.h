// A journal in memory, copied from a simulated disk so that a test can change what was written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ports/journal.h"
#include "sim/disk.h"

namespace watchbill::engine {

class CopiedJournal : public ports::JournalPort {
 public:
  std::vector<StoredRecord> records;
  std::map<Digest, std::string> blobs;

  explicit CopiedJournal(const sim::SimulatedDisk& disk) : records(disk.records()), blobs(disk.blobs()) {}

  // Writes `to` for every `from` in the payload of one record, and all headers anew: a whole chain that says something else.
  // False when `from` does not occur.
  [[nodiscard]] bool rewrite(Sequence sequence, std::string_view from, std::string_view to) {
    std::string& payload = *records.at(sequence - 1).payload;
    bool is_found = false;
    for (std::size_t at = payload.find(from); at != std::string::npos; at = payload.find(from, at + to.size())) {
      payload.replace(at, from.size(), to);
      is_found = true;
    }
    Digest previous;
    for (StoredRecord& record : records) {
      RecordHeader header = *decode_header(record.header);
      header.payload = sha256(*record.payload);
      header.previous = previous;
      record.header = encode_header(header);
      previous = record.hash();
    }
    return is_found;
  }

  [[nodiscard]] Result<ports::JournalEnd> end() override {
    ports::JournalEnd end;
    if (records.empty()) return end;
    const RecordHeader header = *decode_header(records.back().header);
    end.head = {header.sequence, records.back().hash(), header.time, header.epoch, header.segment};
    return end;
  }
  [[nodiscard]] ports::AppendOutcome append(std::span<const StoredRecord>, std::span<const Blob>, std::string& detail) override {
    detail = "a copy takes no records";
    return ports::AppendOutcome::refused_read_only;
  }
  [[nodiscard]] Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) override {
    for (const StoredRecord& record : records)
      if (record.sequence >= from && record.sequence <= to && !visit(record)) break;
    return {};
  }
  [[nodiscard]] Result<std::optional<std::string>> blob(const Digest& digest) override {
    const auto at = blobs.find(digest);
    return at == blobs.end() ? std::nullopt : std::optional(at->second);
  }
  [[nodiscard]] ports::Room keep_ballast(bool) override { return ports::Room::none; }
  [[nodiscard]] Status save_snapshot(const ports::StoredSnapshot&) override { return {}; }
  [[nodiscard]] Result<std::optional<ports::StoredSnapshot>> load_snapshot(std::size_t) override {
    return std::optional<ports::StoredSnapshot>();
  }
};

}  // namespace watchbill::engine
