// Scenario an_acknowledged_event_survives_power_loss: SQLite's own code on a disk that loses and reorders what was not synced.
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/sqlite/journal.h"
#include "engine/recovery.h"
#include "sanitized.h"
#include "sqlite/recording_disk.h"
#include "sqlite/sample_journal.h"

namespace watchbill::drivers::sqlite {
namespace {

constexpr Journal::Options writing{Access::read_write, false};

// Writes batches of 1 to 7 records over two segments and enough of them for several checkpoints.
std::vector<StoredRecord> write_load(RecordingDisk& disk, const std::string& path, std::size_t batches) {
  std::vector<StoredRecord> records;
  auto journal = Journal::open(path, writing);
  EXPECT_TRUE(journal);
  RecordMaker maker(700);
  std::string detail;
  for (std::size_t i = 0; i < batches; ++i) {
    if (i == batches / 2) maker.begin_segment();
    const std::vector<StoredRecord> batch = maker.next(1 + i % 7);
    EXPECT_EQ((*journal)->append(batch, {}, detail), ports::AppendOutcome::durable) << detail;
    records.insert(records.end(), batch.begin(), batch.end());
    disk.acknowledge(records.size());
  }
  return records;
}

// Puts the files of a cut where a journal can be opened: names keep their last component.
void lay_out(const std::map<std::string, std::string>& files, const std::string& directory) {
  std::filesystem::create_directories(directory + "/journal");
  for (const auto& [name, bytes] : files) {
    std::ofstream out(directory + "/journal/" + std::filesystem::path(name).filename().string(), std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

// What is wrong with the journal that the cut left: nothing acknowledged may be missing, nothing else than what was written may
// be there.
std::string wrong_after_cut(const std::vector<StoredRecord>& written, std::uint64_t acknowledged, const std::string& directory) {
  auto journal = Journal::open(directory, writing);
  if (!journal) return acknowledged == 0 ? std::string() : journal.error().text();
  const auto end = (*journal)->end();
  if (!end) return "end: " + end.error().text();
  if (end->head.sequence < acknowledged)
    return "record " + std::to_string(acknowledged) + " was acknowledged, the journal ends with " +
           std::to_string(end->head.sequence);
  const auto head = engine::verify_chain(**journal);
  if (!head) return head.error().text();
  std::size_t next = 0;
  bool is_equal = true;
  static_cast<void>((*journal)->read(1, ~Sequence{0}, [&](const StoredRecord& record) {
    is_equal = next < written.size() && record.header == written[next].header && record.payload == written[next].payload;
    ++next;
    return is_equal;
  }));
  return is_equal && next == head->sequence ? std::string()
                                            : "record " + std::to_string(next) + " is not the one that was written";
}

TEST(power_loss, an_acknowledged_event_survives_power_loss) {
  const TemporaryDirectory directory;
  std::vector<StoredRecord> written;
  std::vector<std::pair<std::uint64_t, std::map<std::string, std::string>>> cuts;
  std::size_t step_count = 0;
  {
    RecordingDisk disk;
    written = write_load(disk, directory.path(), 160);
    step_count = disk.steps().size();
    // Each boundary once, in an order of writes that differs from cut to cut.
    const std::size_t stride = std::max<std::size_t>(1, step_count / 2000) * sanitized_stride;
    for (std::size_t count = 1; count <= step_count; count += stride) {
      const std::uint64_t acknowledged = disk.steps()[count - 1].acknowledged;
      cuts.emplace_back(acknowledged, disk.after_power_cut(count, count));
    }
  }
  EXPECT_GT(cuts.size(), 1000U / sanitized_stride);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const TemporaryDirectory after(memory_folder());
    lay_out(cuts[i].second, after.path());
    const std::string wrong = wrong_after_cut(written, cuts[i].first, after.path());
    ASSERT_EQ(wrong, "") << "cut " << i << " of " << cuts.size() << ", " << cuts[i].first << " records acknowledged";
  }
}

TEST(power_loss, the_disk_model_finds_a_promise_that_was_not_synced) {
  const TemporaryDirectory directory;
  RecordingDisk disk;
  auto connection = Connection::open(directory.path() + "/lies.db", Access::read_write);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->run("PRAGMA synchronous=NORMAL; CREATE TABLE t(x)"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(connection->run("INSERT INTO t VALUES(1)"));
  const std::size_t promised = disk.steps().size();
  bool is_lost = false;
  for (std::uint64_t seed = 1; seed <= 20 && !is_lost; ++seed) {
    const TemporaryDirectory after(memory_folder());
    lay_out(disk.after_power_cut(promised, seed), after.path());
    auto again = Connection::open(after.path() + "/journal/lies.db", Access::read_write);
    if (!again) continue;
    Statement count = again->prepare("SELECT count(*) FROM t");
    is_lost = !count.is_prepared() || count.step() != SQLITE_ROW || count.integer(0) < 50;
  }
  EXPECT_TRUE(is_lost) << "with NORMAL the last commits may vanish: a model that cannot show it proves nothing about FULL";
}

TEST(power_loss, a_failed_sync_is_an_unknown_outcome) {
  const TemporaryDirectory directory;
  RecordingDisk disk;
  auto journal = Journal::open(directory.path(), writing);
  ASSERT_TRUE(journal);
  RecordMaker maker;
  std::string detail;
  ASSERT_EQ((*journal)->append(maker.next(3), {}, detail), ports::AppendOutcome::durable);
  disk.fail_sync(1);
  EXPECT_EQ((*journal)->append(maker.next(3), {}, detail), ports::AppendOutcome::unknown) << detail;
  EXPECT_NE(detail.find("disk I/O error"), std::string::npos) << detail;
}

}  // namespace
}  // namespace watchbill::drivers::sqlite
