// depends: wb_metrics_tsdb wb_drivers_files wb_drivers_scrape
// Blocks on disk. `bench_blocks host [FOLDER]`: bytes a sample of this host's own metrics; FOLDER has recorded copies of what
// host metrics read of /proc, one folder for each 15 s; without it /proc is read 480 times, 0.25 s apart, as if 15 s had passed.
// `bench_blocks memory [SERIES [ROUNDS]]`: memory of many series, scraped every 5 s. One JSON line for each figure.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <malloc.h>

#include "drivers/files/disk_files.h"
#include "drivers/scrape/host_reader.h"
#include "metrics/tsdb/block_store.h"
#include "metrics/tsdb/sample_log.h"

namespace {

namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Duration;
using watchbill::Instant;
using watchbill::Labels;

constexpr Instant begin{1'699'999'200'000};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void print(std::string_view name, std::string_view unit, double value) {
  fmt::print("{{\"bench\":\"blocks\",\"name\":\"{}\",\"unit\":\"{}\",\"value\":{:.3f}}}\n", name, unit, value);
}

// A data directory of its own, removed at the end.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("wb_bench_blocks_" + std::to_string(begin.ms))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::uint64_t bytes_of_blocks(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/samples"))
    if (entry.path().extension() == ".block") bytes += entry.file_size();
  return bytes;
}

// --- host ---

std::vector<std::string> recorded(const char* folder) {
  std::vector<std::string> folders;
  if (folder == nullptr) return folders;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (std::filesystem::exists(entry.path() / "time")) folders.push_back(entry.path().string());
  std::sort(folders.begin(), folders.end());
  return folders;
}

void add_page(tsdb::Head& head, const std::string& proc, Instant at) {
  watchbill::drivers::scrape::HostReader reader(proc);
  watchbill::drivers::scrape::HostMetrics page;
  static_cast<void>(reader.read(at, page));
  for (watchbill::drivers::scrape::HostSample& sample : page.samples) {
    sample.labels.set("__name__", sample.name);
    sample.labels.set("job", "node");
    sample.labels.set("instance", "host-1:9100");
    static_cast<void>(head.append(sample.labels, at, sample.value));
  }
}

int host(const char* source) {
  const std::vector<std::string> folders = recorded(source);
  const std::size_t rounds = source == nullptr ? 480 : folders.size();
  Folder data;
  watchbill::drivers::files::DiskFiles files(data.path());
  tsdb::Head head;
  std::mt19937 random(1);
  for (std::size_t round = 0; round < rounds; ++round) {
    // As a scraper's timers are: a few ms late.
    const Instant at{begin.ms + static_cast<std::int64_t>(round) * 15'000 + static_cast<std::int64_t>(random() % 4)};
    add_page(head, source == nullptr ? "/proc" : folders[round], at);
    if (source == nullptr) std::this_thread::sleep_for(std::chrono::milliseconds(250));
  }
  const tsdb::HeadStatistics statistics = head.statistics();
  tsdb::BlockStore store(head, files, "samples");
  if (!store.open().has_value()) return 1;
  const double start = cpu_seconds();
  if (!store.work(begin + Duration::hours(12), {}).has_value()) return 1;
  const double seconds = cpu_seconds() - start;
  const auto samples = static_cast<double>(statistics.sample_count);
  print("host series", "series", static_cast<double>(statistics.series_count));
  print("host samples of each series", "samples", samples / static_cast<double>(statistics.series_count));
  print("host block", "bytes/sample", static_cast<double>(bytes_of_blocks(data.path())) / samples);
  print("host block written", "ns/sample", seconds / samples * 1e9);
  return 0;
}

// --- memory ---

// As bench/peers makes them: 500 series a host.
Labels labels_of(std::size_t series) {
  const auto text = [](const char* prefix, std::size_t number) { return prefix + std::to_string(number); };
  std::vector<Labels::Pair> pairs{{"host", text("h", series / 500)},
                                  {"instance", "127.0.0.1:" + std::to_string(40000 + series / 5000)},
                                  {"job", "bench"}};
  const std::size_t i = series % 500;
  const auto add = [&](const char* name, std::vector<Labels::Pair> others) {
    pairs.emplace_back("__name__", name);
    pairs.insert(pairs.end(), others.begin(), others.end());
  };
  if (i < 120)
    add("http_requests_total", {{"method", text("M", i / 30)}, {"route", text("r", i / 3 % 10)}, {"code", text("20", i % 3)}});
  else if (i < 260)
    add("http_request_duration_seconds_bucket", {{"route", text("r", (i - 120) / 14)}, {"le", text("0.0", (i - 120) % 14)}});
  else if (i < 324)
    add("node_cpu_seconds_total", {{"cpu", text("", (i - 260) / 8)}, {"mode", text("mode", (i - 260) % 8)}});
  else if (i < 340)
    add("node_filesystem_avail_bytes", {{"device", text("sd", i - 324)}, {"mountpoint", text("/m", i - 324)}});
  else
    add("app_gauge", {{"shard", text("s", (i - 340) % 10)}, {"kind", text("k", (i - 340) / 10)}});
  return Labels(std::move(pairs));
}

class Walk {
 public:
  explicit Walk(std::size_t count) : values_(count) {}
  double next(std::size_t series) {
    double& value = values_[series];
    const std::size_t kind = series % 500;
    if (kind < 120) return value += static_cast<double>(random_() % 500);
    if (kind < 260) return value += static_cast<double>(kind);
    if (kind < 324) return value = std::round((value + static_cast<double>(random_() % 500) / 100) * 100) / 100;
    if (kind < 340) return 4e10 + static_cast<double>(random_() % 100'000'000);
    return static_cast<double>(random_() % 100'000) / 1000;
  }

 private:
  std::minstd_rand random_{1};
  std::vector<double> values_;
};

struct Memory {
  double all{0};
  double of_files{0};
};

Memory resident_kib() {
  std::ifstream status("/proc/self/status");
  Memory memory;
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) memory.all = std::stod(line.substr(6));
    if (line.starts_with("RssFile:")) memory.of_files = std::stod(line.substr(8));
  }
  return memory;
}

int memory(std::size_t series_count, int rounds) {
  Folder data;
  watchbill::drivers::files::DiskFiles log_files(data.path());
  watchbill::drivers::files::DiskFiles block_files(data.path());
  std::vector<tsdb::SeriesReference> references(series_count);
  Walk walk(series_count);
  const double before = resident_kib().all;
  tsdb::Head head;
  tsdb::BlockStore store(head, block_files, "samples");
  tsdb::SampleLog log(head, log_files, "samples");
  if (!store.open().has_value() || !log.load(begin).has_value()) return 1;
  double block_seconds = 0;
  double longest = 0;
  double most = 0;
  std::vector<tsdb::BatchSample> batch(5000);
  for (int round = 0; round < rounds; ++round) {
    std::vector<Labels> labels;
    const Instant now = begin + Duration::seconds(5 * round);
    for (std::size_t first = 0; first < series_count; first += batch.size()) {
      const std::size_t count = std::min(batch.size(), series_count - first);
      labels.clear();
      for (std::size_t i = 0; round == 0 && i < count; ++i) labels.push_back(labels_of(first + i));
      for (std::size_t i = 0; i < count; ++i) {
        batch[i] = {};
        batch[i].series = references[first + i];
        batch[i].labels = labels.empty() ? nullptr : &labels[i];
        batch[i].at = now + Duration{static_cast<std::int64_t>(first / 5000)};
        batch[i].value = walk.next(first + i);
      }
      if (head.append(std::span(batch).first(count)).taken_count != count) return 1;
      for (std::size_t i = 0; i < count; ++i) references[first + i] = batch[i].series;
    }
    if (round % 12 == 0) head.advance(now);
    if (!log.flush(now).has_value()) return 1;
    const double start = cpu_seconds();
    const watchbill::Result<bool> worked = store.work(now, log.state());
    if (!worked.has_value()) return 1;
    if (*worked) static_cast<void>(malloc_trim(0));  // as the program does
    log.cover(store.covered());
    block_seconds += cpu_seconds() - start;
    longest = std::max(longest, cpu_seconds() - start);
    most = std::max(most, resident_kib().all);
  }
  const Memory after = resident_kib();
  const auto count = static_cast<double>(series_count);
  const tsdb::HeadStatistics statistics = head.statistics();
  print("memory counted by the head", "bytes/series", static_cast<double>(statistics.memory_bytes) / count);
  print("chunks in memory", "chunks/series", static_cast<double>(statistics.chunk_count) / count);
  print("resident after all rounds", "bytes/series", (after.all - before) * 1024 / count);
  print("of it pages of files", "bytes/series", after.of_files * 1024 / count);
  print("resident at most", "bytes/series", (most - before) * 1024 / count);
  print("blocks", "blocks", static_cast<double>(store.block_count()));
  print("writing blocks", "s", block_seconds);
  print("longest piece of work", "s", longest);
  print("blocks on disk", "MiB", static_cast<double>(bytes_of_blocks(data.path())) / 1048576);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  const auto number = [&](int index, std::size_t otherwise) {
    return argc > index ? static_cast<std::size_t>(std::stoul(argv[index])) : otherwise;
  };
  if (mode == "host") return host(argc > 2 ? argv[2] : nullptr);
  if (mode == "memory") return memory(number(2, 500'000), static_cast<int>(number(3, 360)));
  fmt::print(stderr, "bench_blocks host [FOLDER] | memory [SERIES [ROUNDS]]\n");
  return 2;
}
