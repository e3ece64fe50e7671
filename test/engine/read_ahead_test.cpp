// Records that are read ahead of who uses them: the same ones, in order, and no more of them than a few batches.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/copied_journal.h"
#include "engine/desk.h"

namespace watchbill::engine {
namespace {

// More than all batches hold together.
constexpr Sequence many = 6'000;

CopiedJournal many_records() {
  Desk desk;
  desk.start();
  for (Sequence i = 3; i <= many; ++i) {
    desk.person(i % 2 == 1 ? CommandBody{SetHold{"x", false, "a/" + std::to_string(i % 40)}}
                           : CommandBody{ReleaseHold{"y", "a/" + std::to_string((i - 1) % 40)}});
    static_cast<void>(desk.step());
  }
  return CopiedJournal(desk.disk);
}

// Counts what was read of it.
class CountedJournal final : public CopiedJournal {
 public:
  std::atomic<Sequence> read_to{0};
  bool breaks_off{false};

  explicit CountedJournal(const CopiedJournal& copied) : CopiedJournal(copied) {}
  [[nodiscard]] Status read(Sequence from, Sequence to, const std::function<bool(const StoredRecord&)>& visit) override {
    const Status read = CopiedJournal::read(from, to, [&](const StoredRecord& record) {
      if (breaks_off && record.sequence == many / 2) return false;
      read_to = record.sequence;
      return visit(record);
    });
    return breaks_off ? Status(Error{ErrorKind::unknown, "read", "journal", "input/output error"}) : read;
  }
};

struct Walk {
  Sequence used_to{0};
  std::string failure;
};

Walk walk(ports::JournalPort& journal, Reading reading, Sequence to, Sequence fail_at = 0) {
  Walk out;
  const auto failure = each_checked(journal, ChainHead{}, to, reading, [&](const CheckedRecord& record) {
    EXPECT_EQ(record.head.sequence, out.used_to + 1) << "in order, none left out";
    if (record.head.sequence == fail_at) return std::optional(broken(fail_at, "not wanted"));
    out.used_to = record.head.sequence;
    return std::optional<RecoveryFailure>();
  });
  if (failure) out.failure = failure->text();
  return out;
}

TEST(read_ahead, a_long_journal_gives_the_same_both_ways) {
  CopiedJournal journal = many_records();
  ASSERT_EQ(journal.records.size(), many);
  EXPECT_TRUE(recover_both_ways(journal, Limits{}));
  for (const Sequence to : {Sequence{0}, Sequence{1}, Sequence{255}, Sequence{256}, Sequence{257}, many}) {
    EXPECT_EQ(walk(journal, Reading::ahead, to).used_to, to);
    EXPECT_EQ(walk(journal, Reading::in_turns, to).used_to, to);
  }
}

TEST(read_ahead, what_stands_before_a_damaged_record_is_used_then_it_is_named) {
  CopiedJournal journal = many_records();
  journal.records.at(2'999).payload->back() = ' ';
  for (const Reading reading : {Reading::in_turns, Reading::ahead}) {
    const Walk walked = walk(journal, reading, many);
    EXPECT_EQ(walked.used_to, 2'999U);
    EXPECT_EQ(walked.failure, "record 3000: its payload is not the one that its header names");
  }
  EXPECT_FALSE(recover_both_ways(journal, Limits{}));
}

TEST(read_ahead, a_store_that_cannot_be_read_on_is_named_after_what_it_gave) {
  CountedJournal journal(many_records());
  journal.breaks_off = true;
  for (const Reading reading : {Reading::in_turns, Reading::ahead}) {
    const Walk walked = walk(journal, reading, many);
    EXPECT_EQ(walked.used_to, many / 2 - 1);
    EXPECT_EQ(walked.failure, "record " + std::to_string(many / 2) + ": read journal: input/output error");
  }
}

TEST(read_ahead, a_user_who_has_enough_ends_the_reading_within_a_few_batches) {
  CountedJournal journal(many_records());
  for (const Reading reading : {Reading::in_turns, Reading::ahead}) {
    const Walk walked = walk(journal, reading, many, 10);
    EXPECT_EQ(walked.used_to, 9U);
    EXPECT_EQ(walked.failure, "record 10: not wanted");
    if (reading == Reading::in_turns) EXPECT_EQ(journal.read_to, 10U);
    else EXPECT_LE(journal.read_to, Sequence{10U * 256U}) << "what is read ahead is bounded";
  }
}

}  // namespace
}  // namespace watchbill::engine
