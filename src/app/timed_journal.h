// The engine's journal with a watch on it: how long each durable append took, for /metrics.
#pragma once

#include <chrono>
#include <memory>

#include "api/counters.h"
#include "ports/journal.h"

namespace watchbill::app {

class TimedJournal final : public ports::JournalPort {
 public:
  TimedJournal(std::unique_ptr<ports::JournalPort> journal, api::Counters& counters)
      : journal_(std::move(journal)), counters_(counters) {}

  [[nodiscard]] Result<ports::JournalEnd> end() override { return journal_->end(); }
  [[nodiscard]] ports::AppendOutcome append(std::span<const StoredRecord> records, std::span<const Blob> blobs,
                                            std::string& detail) override {
    const auto begun = std::chrono::steady_clock::now();
    const ports::AppendOutcome outcome = journal_->append(records, blobs, detail);
    if (outcome == ports::AppendOutcome::durable)
      counters_.count_append(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    return outcome;
  }
  [[nodiscard]] Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) override {
    return journal_->read(from, to, visit);
  }
  [[nodiscard]] Result<std::optional<std::string>> blob(const Digest& digest) override { return journal_->blob(digest); }
  [[nodiscard]] ports::Room keep_ballast(bool wanted) override { return journal_->keep_ballast(wanted); }
  [[nodiscard]] Status save_snapshot(const ports::StoredSnapshot& snapshot) override { return journal_->save_snapshot(snapshot); }
  [[nodiscard]] Result<std::optional<ports::StoredSnapshot>> load_snapshot(std::size_t skip) override {
    return journal_->load_snapshot(skip);
  }

 private:
  std::unique_ptr<ports::JournalPort> journal_;
  api::Counters& counters_;
};

}  // namespace watchbill::app
