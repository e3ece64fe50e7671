#include "drivers/sqlite/journal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "engine/recovery.h"
#include "small_disk.h"
#include "sqlite/sample_journal.h"

namespace watchbill::drivers::sqlite {
namespace {

using ports::AppendOutcome;
constexpr Journal::Options writing{Access::read_write, false};
constexpr Journal::Options reading{Access::read_only, false};

std::unique_ptr<Journal> opened(const std::string& path, Journal::Options options = writing) {
  auto journal = Journal::open(path, options);
  EXPECT_TRUE(journal) << (journal ? "" : journal.error().text());
  return journal ? std::move(*journal) : nullptr;
}

std::vector<StoredRecord> all(Journal& journal) {
  std::vector<StoredRecord> records;
  const Status read = journal.read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    records.push_back(record);
    return true;
  });
  EXPECT_TRUE(read) << (read ? "" : read.error().text());
  return records;
}

TEST(sqlite_journal, gives_back_the_bytes_it_took) {
  const TemporaryDirectory directory;
  RecordMaker maker;
  const std::vector<StoredRecord> records = maker.next(10);
  const Blob blob{sha256("a plan"), "a plan"};
  std::string detail;
  ASSERT_EQ(opened(directory.path())->append(records, std::span(&blob, 1), detail), AppendOutcome::durable) << detail;

  const auto again = opened(directory.path());
  const std::vector<StoredRecord> read = all(*again);
  ASSERT_EQ(read.size(), records.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].header, records[i].header);
    EXPECT_EQ(read[i].payload, records[i].payload);
  }
  EXPECT_EQ(again->blob(blob.digest)->value(), "a plan");
  EXPECT_FALSE(again->blob(sha256("another"))->has_value());
  const auto end = again->end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->head, maker.head());
}

TEST(sqlite_journal, every_connection_that_writes_is_fully_synchronous) {
  const TemporaryDirectory directory;
  auto connection = Connection::open(directory.path() + "/x.db", Access::read_write);
  ASSERT_TRUE(connection);
  Statement synchronous = connection->prepare("PRAGMA synchronous");
  ASSERT_EQ(synchronous.step(), SQLITE_ROW);
  EXPECT_EQ(synchronous.integer(0), 2) << "an acknowledged event must survive a power cut: FULL, not NORMAL";
  Statement mode = connection->prepare("PRAGMA journal_mode");
  ASSERT_EQ(mode.step(), SQLITE_ROW);
  EXPECT_EQ(mode.text(0), "wal");
}

TEST(sqlite_journal, a_closed_segment_is_one_read_only_file) {
  const TemporaryDirectory directory;
  RecordMaker maker;
  const auto journal = opened(directory.path());
  std::string detail;
  ASSERT_EQ(journal->append(maker.next(5), {}, detail), AppendOutcome::durable);
  maker.begin_segment();
  ASSERT_EQ(journal->append(maker.next(5), {}, detail), AppendOutcome::durable) << detail;
  EXPECT_EQ(journal->segments(), (std::vector<Segment>{1, 2}));
  struct stat status {};
  ASSERT_EQ(::stat(journal->segment_path(1).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400U);
  EXPECT_NE(::access((journal->segment_path(1) + "-wal").c_str(), F_OK), 0) << "all of it is in one file";
  EXPECT_EQ(all(*journal).size(), 10U);
  EXPECT_EQ(all(*opened(directory.path(), reading)).size(), 10U);
  EXPECT_TRUE(engine::verify_chain(*opened(directory.path(), reading)));
}

TEST(sqlite_journal, a_reader_sees_what_is_durable_while_the_writer_goes_on) {
  const TemporaryDirectory directory;
  RecordMaker maker;
  const auto writer = opened(directory.path());
  std::string detail;
  ASSERT_EQ(writer->append(maker.next(3), {}, detail), AppendOutcome::durable);
  const auto reader = opened(directory.path(), reading);
  EXPECT_EQ(all(*reader).size(), 3U);
  ASSERT_EQ(writer->append(maker.next(3), {}, detail), AppendOutcome::durable);
  EXPECT_EQ(all(*reader).size(), 6U);
}

TEST(sqlite_journal, one_controller_holds_a_data_directory) {
  const TemporaryDirectory directory;
  auto first = DataLock::take(directory.path());
  ASSERT_TRUE(first);
  const auto second = DataLock::take(directory.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  *first = DataLock();
  EXPECT_TRUE(DataLock::take(directory.path()));
}

TEST(sqlite_journal, a_torn_log_ends_the_journal_at_a_whole_batch) {
  const TemporaryDirectory directory;
  RecordMaker maker;
  std::string detail;
  const auto journal = opened(directory.path());
  ASSERT_EQ(journal->append(maker.next(4), {}, detail), AppendOutcome::durable);
  const ChainHead whole = maker.head();
  ASSERT_EQ(journal->append(maker.next(4), {}, detail), AppendOutcome::durable);
  // What a crash leaves of the second batch: the files as they are now, the log cut in the middle of its last frame.
  const TemporaryDirectory crashed;
  std::filesystem::create_directories(crashed.path() + "/journal");
  for (const char* suffix : {"", "-wal"})
    std::filesystem::copy_file(journal->segment_path(1) + suffix, crashed.path() + "/journal/000001.db" + suffix);
  const std::string log = crashed.path() + "/journal/000001.db-wal";
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 100);
  const auto end = opened(crashed.path())->end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->head, whole);
}

TEST(sqlite_journal, a_full_disk_is_a_definite_refusal_and_loses_nothing) {
  const TemporaryDirectory folder;
  SmallDisk disk(folder.path(), "size=2m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  RecordMaker maker(2000);
  const auto journal = opened(disk.path());
  std::string detail;
  ChainHead durable;
  AppendOutcome outcome = AppendOutcome::durable;
  while (outcome == AppendOutcome::durable) {
    durable = maker.head();
    outcome = journal->append(maker.next(5), {}, detail);
  }
  ASSERT_EQ(outcome, AppendOutcome::refused_full) << detail;
  EXPECT_EQ(all(*journal).size(), durable.sequence);
  ASSERT_TRUE(disk.remount(0, "size=8m"));
  EXPECT_EQ(journal->end()->head, durable) << "nothing of the refused batch is there";
  EXPECT_TRUE(engine::verify_chain(*journal));
}

TEST(sqlite_journal, a_disk_that_stays_full_can_be_read_and_started_from) {
  const TemporaryDirectory folder;
  SmallDisk disk(folder.path(), "size=200m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  constexpr Journal::Options with_ballast{Access::read_write, true};
  const std::string ballast = disk.path() + "/ballast";
  RecordMaker maker(2000);
  std::string detail;
  ChainHead durable;
  auto journal = opened(disk.path(), with_ballast);
  ASSERT_EQ(::access(ballast.c_str(), F_OK), 0);
  ASSERT_EQ(journal->append(maker.next(5), {}, detail), AppendOutcome::durable);
  disk.fill();
  AppendOutcome outcome = AppendOutcome::durable;
  while (outcome == AppendOutcome::durable) {
    durable = maker.head();
    outcome = journal->append(maker.next(5), {}, detail);
  }
  ASSERT_EQ(outcome, AppendOutcome::refused_full) << detail;
  const auto end = journal->end();
  ASSERT_TRUE(end) << end.error().text();
  EXPECT_EQ(end->head, durable);
  // A new life on the full disk.
  journal.reset();
  disk.fill();
  journal = opened(disk.path(), with_ballast);
  const auto again = journal->end();
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(again->head, durable);
  EXPECT_TRUE(engine::verify_chain(*journal));
}

TEST(sqlite_journal, a_read_only_disk_is_a_definite_refusal) {
  const TemporaryDirectory folder;
  SmallDisk disk(folder.path(), "size=8m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  RecordMaker maker;
  std::string detail;
  auto journal = opened(disk.path());
  ASSERT_EQ(journal->append(maker.next(3), {}, detail), AppendOutcome::durable);
  const ChainHead durable = maker.head();
  // A file system with open files for writing is not made read-only; the files are gone with the journal, and it comes back
  // read-only.
  journal.reset();
  ASSERT_TRUE(disk.remount(MS_RDONLY, "")) << "remount";
  const auto lock = DataLock::take(disk.path());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind, ErrorKind::read_only) << lock.error().text();
  const auto reader = opened(disk.path(), reading);
  EXPECT_EQ(reader->end()->head, durable) << "what is there can be read and verified";
  EXPECT_TRUE(engine::verify_chain(*reader));
}

TEST(sqlite_journal, snapshots_survive_only_whole) {
  const TemporaryDirectory directory;
  RecordMaker maker;
  std::string detail;
  const auto journal = opened(directory.path());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(journal->append(maker.next(2), {}, detail), AppendOutcome::durable);
    ASSERT_TRUE(journal->save_snapshot({maker.head(), "state " + std::to_string(i)}));
  }
  EXPECT_EQ((*journal->load_snapshot(0))->text, "state 2");
  EXPECT_EQ((*journal->load_snapshot(0))->head, maker.head());
  EXPECT_EQ((*journal->load_snapshot(1))->text, "state 1");
  EXPECT_FALSE(*journal->load_snapshot(2)) << "the newest two are kept";
  const std::string newest = directory.path() + "/snapshots/00000000000000000006.snapshot";
  std::FILE* file = std::fopen(newest.c_str(), "r+");
  ASSERT_NE(file, nullptr);
  std::fseek(file, -1, SEEK_END);
  std::fputc('!', file);
  std::fclose(file);
  EXPECT_FALSE(journal->load_snapshot(0)) << "a snapshot that changed is not read";
  EXPECT_TRUE(journal->load_snapshot(1));
}

TEST(sqlite_journal, the_reserve_is_real_room_that_can_be_given_up) {
  const TemporaryDirectory folder;
  SmallDisk disk(folder.path(), "size=300m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  const auto journal = opened(disk.path(), Journal::Options{Access::read_write, true});
  struct stat status {};
  ASSERT_EQ(::stat((disk.path() + "/ballast").c_str(), &status), 0);
  EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, ballast_bytes) << "blocks, not a hole";
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::reserve);
  EXPECT_EQ(journal->keep_ballast(false), ports::Room::none);
  ASSERT_EQ(::stat((disk.path() + "/ballast").c_str(), &status), 0);
  EXPECT_EQ(status.st_blocks, 0);
  ASSERT_TRUE(disk.remount(0, "size=100m"));
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::ordinary) << "less than twice the reserve is free, and more than it";
  ASSERT_TRUE(disk.remount(0, "size=60m"));
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::none) << "what the reserve gave is for outcomes and people";
  // Nor for a next life.
  EXPECT_EQ(opened(disk.path(), Journal::Options{Access::read_write, true})->keep_ballast(true), ports::Room::none);
}

TEST(sqlite_journal, a_disk_that_never_had_room_for_the_reserve_is_written_without_it) {
  const TemporaryDirectory folder;
  SmallDisk disk(folder.path(), "size=20m");
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system needs root";
  const auto journal = opened(disk.path(), Journal::Options{Access::read_write, true});
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::ordinary);
  disk.fill();
  EXPECT_EQ(journal->keep_ballast(false), ports::Room::none);
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::none);
  ASSERT_TRUE(disk.remount(0, "size=30m"));
  EXPECT_EQ(journal->keep_ballast(true), ports::Room::ordinary) << "nothing was given up";
}

}  // namespace
}  // namespace watchbill::drivers::sqlite
