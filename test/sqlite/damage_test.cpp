// Scenario one_flipped_bit_is_named: whatever bit changes, verify names the first bad record, or nothing was lost.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "drivers/sqlite/journal.h"
#include "engine/recovery.h"
#include "sanitized.h"
#include "sqlite/sample_journal.h"

namespace watchbill::drivers::sqlite {
namespace {

constexpr Journal::Options reading{Access::read_only, false};
constexpr std::size_t journal_bytes = 1U << 20;

// A closed journal of one segment and 1 MiB, with the header that a witness has of its last record.
class Damaged : public ::testing::Test {
 protected:
  void SetUp() override {
    auto journal = Journal::open(directory_.path(), {Access::read_write, false});
    ASSERT_TRUE(journal);
    RecordMaker maker(300);
    std::string detail;
    for (std::size_t bytes = 0; bytes < journal_bytes;) {
      for (const StoredRecord& record : maker.next(50)) {
        bytes += record.header.size() + record.payload->size();
        records_.push_back(record);
      }
      const std::span batch(records_.data() + records_.size() - 50, 50);
      ASSERT_EQ((*journal)->append(batch, {}, detail), ports::AppendOutcome::durable) << detail;
    }
    path_ = (*journal)->segment_path(1);
    journal->reset();  // the last connection writes the log back into the file
    witness_ = *decode_header(records_.back().header);
  }

  // What verify says now: empty when the chain holds and ends with what the witness has seen.
  [[nodiscard]] std::optional<engine::RecoveryFailure> verified() const {
    auto journal = Journal::open(directory_.path(), reading);
    if (!journal) return engine::RecoveryFailure{engine::RecoveryFault::store_failed, 1, journal.error().text()};
    const auto head = engine::verify_chain(**journal, std::span(&witness_, 1));
    if (head) return std::nullopt;
    return head.error();
  }

  // All records read back as they were written.
  [[nodiscard]] bool is_unharmed() const {
    auto journal = Journal::open(directory_.path(), reading);
    std::size_t next = 0;
    bool is_equal = journal.has_value();
    if (!is_equal) return false;
    const Status read = (*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
      is_equal = next < records_.size() && record.header == records_[next].header && record.payload == records_[next].payload;
      ++next;
      return is_equal;
    });
    return read && is_equal && next == records_.size();
  }

  // The first record that does not read back as it was written.
  [[nodiscard]] Sequence first_bad() const {
    auto journal = Journal::open(directory_.path(), reading);
    Sequence next = 1;
    if (!journal) return next;
    static_cast<void>((*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
      const bool is_good = next <= records_.size() && record.sequence == next && record.header == records_[next - 1].header &&
                           record.payload == records_[next - 1].payload;
      if (is_good) ++next;
      return is_good;
    }));
    return next;
  }

  // The hand that changes a column: no log, no sync, so that thousands of changes take seconds.
  [[nodiscard]] Connection changer() const {
    auto connection = Connection::open(path_, Access::read_write);
    EXPECT_TRUE(connection && connection->run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF"));
    return std::move(*connection);
  }
  static void write(Statement& update, Sequence sequence, std::string_view bytes) {
    update.bind(1, bytes).bind(2, static_cast<std::int64_t>(sequence));
    ASSERT_EQ(update.step(), SQLITE_DONE);
    update.reset();
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::vector<StoredRecord> records_;
  RecordHeader witness_;
};

TEST_F(Damaged, every_bit_of_a_record_counts) {
  ASSERT_FALSE(verified());
  const Connection connection = changer();
  for (const Sequence sequence : {Sequence{1}, Sequence{7}, Sequence{30}}) {
    const StoredRecord& good = records_[sequence - 1];
    for (const auto& [column, bytes] : {std::pair{"header", good.header}, std::pair{"payload", *good.payload}}) {
      Statement update = connection.prepare("UPDATE record SET " + std::string(column) + " = ?1 WHERE seq = ?2");
      for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string bad = bytes;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ static_cast<char>(1U << bit % 8));
        write(update, sequence, bad);
        const auto failure = verified();
        ASSERT_TRUE(failure) << column << " bit " << bit;
        ASSERT_EQ(failure->sequence, sequence) << column << " bit " << bit << ": " << failure->what;
      }
      write(update, sequence, bytes);
    }
  }
  ASSERT_FALSE(verified());
}

TEST_F(Damaged, flips_anywhere_in_the_file_are_named_or_harmless) {
  const int file = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(file, 0);
  const auto size = static_cast<std::uint64_t>(std::filesystem::file_size(path_));
  std::uint64_t seed = 20'260'301;
  std::size_t named = 0, harmless = 0;
  for (std::size_t i = 0; i < 2000; i += sanitized_stride) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    const auto at = static_cast<off_t>((seed >> 16) % size);
    char byte = 0;
    ASSERT_EQ(::pread(file, &byte, 1, at), 1);
    const char flipped = static_cast<char>(byte ^ static_cast<char>(1U << (seed >> 60) % 8));
    ASSERT_EQ(::pwrite(file, &flipped, 1, at), 1);
    if (const auto failure = verified()) {
      ++named;
      ASSERT_NE(failure->sequence, 0U) << failure->what;
      ASSERT_EQ(failure->sequence, first_bad()) << "byte " << at << ": " << failure->what;
    } else {
      ++harmless;
      ASSERT_TRUE(is_unharmed()) << "verify was content, yet byte " << at << " changed a record";
    }
    ASSERT_EQ(::pwrite(file, &byte, 1, at), 1);
  }
  ::close(file);
  EXPECT_GT(named, 1000U / sanitized_stride);
  EXPECT_FALSE(verified());
}

TEST_F(Damaged, a_cut_file_is_never_whole_to_a_witness) {
  const auto size = std::filesystem::file_size(path_);
  const TemporaryDirectory kept;
  const std::string copy = kept.path() + "/whole";
  std::filesystem::copy_file(path_, copy);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    std::filesystem::resize_file(path_, size - size * i / 201);
    const auto failure = verified();
    ASSERT_TRUE(failure) << "cut to " << size - size * i / 201 << " bytes";
    ASSERT_NE(failure->sequence, 0U);
    std::filesystem::copy_file(copy, path_, std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_FALSE(verified());
}

}  // namespace
}  // namespace watchbill::drivers::sqlite
