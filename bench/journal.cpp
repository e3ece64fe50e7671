// depends: wb_drivers_sqlite wb_engine
// How fast the journal appends: records of 300 bytes (JSON and SHA-256 included) in batches of 1, 10 and 100, against a bare
// growing file that gets the same bytes and one fdatasync for each batch. Both on the same disk, in turns, so that its moods meet
// both alike.
//
//   build/release/bench/bench_journal [DIRECTORY] [SECONDS PER CELL]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "drivers/sqlite/journal.h"

namespace watchbill {
namespace {

using Clock = std::chrono::steady_clock;

// One command as people send it: its record is close to 300 bytes.
RecordBody body_of(Sequence sequence) {
  RecordBody body;
  body.nonce = "0123456789abcdef0123456789abcdef";
  HoldReleased released;
  released.by = "ana";
  released.scope = "workload/web-" + std::to_string(sequence % 1000);
  ReleaseHold release;
  release.scope = released.scope;
  body.cause.body = release;
  body.cause.actor = Actor{ActorKind::caller, "ana", {"approver"}};
  body.events.push_back(RecordedEvent{released, std::nullopt});
  return body;
}

class Maker {
 public:
  std::vector<StoredRecord> batch(std::size_t count) {
    std::vector<StoredRecord> records;
    records.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      StoredRecord record;
      record.sequence = head_.sequence + 1;
      record.payload = encode_payload(body_of(record.sequence));
      record.header = encode_header({record.sequence, Instant{1'772'366'400'000}, 1, 1, sha256(*record.payload), head_.hash});
      head_ = ChainHead{record.sequence, record.hash(), Instant{1'772'366'400'000}, 1, 1};
      records.push_back(std::move(record));
    }
    return records;
  }

 private:
  ChainHead head_;
};

struct Cell {
  std::vector<double> latencies_us;
  double seconds{0};
  std::size_t records{0}, bytes{0};
};

template <class Append>
void run(Cell& cell, std::size_t batch, double seconds, Append&& append) {
  const auto begin = Clock::now();
  while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    const auto start = Clock::now();
    cell.bytes += append(batch);
    cell.latencies_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    cell.records += batch;
  }
  cell.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void print(const char* what, std::size_t batch, const Cell& cell) {
  std::printf(
      "{\"case\":\"%s\",\"batch\":%zu,\"records_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"bytes_per_record\":%.0f}\n", what,
      batch, static_cast<double>(cell.records) / cell.seconds, percentile(cell.latencies_us, 0.5),
      percentile(cell.latencies_us, 0.99), static_cast<double>(cell.bytes) / static_cast<double>(cell.records));
}

int main_with(const std::string& directory, double seconds) {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{10}, std::size_t{100}}) {
    const std::string data = directory + "/journal-" + std::to_string(batch);
    const std::string bare = directory + "/bare-" + std::to_string(batch);
    auto journal = drivers::sqlite::Journal::open(data, {drivers::sqlite::Access::read_write, false});
    const int file = ::open(bare.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!journal || file < 0) {
      std::fprintf(stderr, "bench_journal: cannot write below %s\n", directory.c_str());
      return 2;
    }
    Maker journal_maker, bare_maker;
    Cell journal_cell, bare_cell;
    constexpr int turns = 6;
    for (int turn = 0; turn < turns; ++turn) {
      run(journal_cell, batch, seconds / turns, [&](std::size_t count) {
        const std::vector<StoredRecord> records = journal_maker.batch(count);
        std::size_t bytes = 0;
        for (const StoredRecord& record : records) bytes += record.header.size() + record.payload->size();
        std::string detail;
        if ((*journal)->append(records, {}, detail) != ports::AppendOutcome::durable) std::abort();
        return bytes;
      });
      run(bare_cell, batch, seconds / turns, [&](std::size_t count) {
        std::string bytes;
        for (const StoredRecord& record : bare_maker.batch(count)) bytes.append(record.header).append(*record.payload);
        if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || ::fdatasync(file) != 0)
          std::abort();
        return bytes.size();
      });
    }
    ::close(file);
    print("journal", batch, journal_cell);
    print("bare_file", batch, bare_cell);
    std::printf("{\"case\":\"ratio\",\"batch\":%zu,\"journal_to_bare\":%.2f}\n", batch,
                static_cast<double>(journal_cell.records) / journal_cell.seconds /
                    (static_cast<double>(bare_cell.records) / bare_cell.seconds));
    std::filesystem::remove_all(data);
    std::filesystem::remove(bare);
  }
  return 0;
}

}  // namespace
}  // namespace watchbill

int main(int argument_count, char** arguments) {
  const std::string parent = argument_count > 1 ? arguments[1] : ".";
  const double seconds = argument_count > 2 ? std::atof(arguments[2]) : 6;
  std::string directory = parent + "/bench-journal-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) {
    std::fprintf(stderr, "bench_journal: cannot write in %s\n", parent.c_str());
    return 2;
  }
  const int code = watchbill::main_with(directory, seconds);
  std::filesystem::remove_all(directory);
  return code;
}
