#include "sim/read_journal.h"

namespace watchbill::sim {

ReadJournal read_journal(const std::vector<StoredRecord>& records) {
  ReadJournal journal;
  journal.reserve(records.size());
  for (const StoredRecord& record : records) {
    ReadRecord& read = journal.emplace_back(ReadRecord{record.sequence, std::nullopt});
    if (!record.payload) continue;
    if (auto body = decode_events(*record.payload)) read.body = std::move(*body);
  }
  return journal;
}

}  // namespace watchbill::sim
