// depends: wb_metrics_tsdb
// The head under the load of a scraper: 100 000 series, 15 s apart. One JSON line for each figure.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "metrics/tsdb/head.h"
#include "metrics/tsdb/sample_log.h"

namespace {

namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Instant;
using watchbill::Labels;

constexpr std::size_t series_count = 100'000;
constexpr std::size_t scrape_samples = 1000;  // of one target
constexpr Instant begin{1'700'000'000'000};
constexpr Instant early{std::numeric_limits<std::int64_t>::min()};

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void print(std::string_view name, std::string_view unit, double value) {
  fmt::print("{{\"bench\":\"tsdb\",\"name\":\"{}\",\"unit\":\"{}\",\"value\":{:.3f}}}\n", name, unit, value);
}

// CPU time of one call in µs, the mean of `count`.
template <class Call>
void measure(std::string_view name, int count, Call call) {
  const double start = cpu_seconds();
  for (int i = 0; i < count; ++i) call();
  print(name, "us", (cpu_seconds() - start) / count * 1e6);
}

// What targets send: a quarter each of constants, request counters, gauges of two decimals, seconds of CPU time.
class Source {
 public:
  double next(std::size_t series) {
    double& value = values_[series];
    switch (series % 4) {
      case 0: return static_cast<double>(series % 50);
      case 1: return value += static_cast<double>(random_() % 200);
      case 2: return std::round((40 + std::sin(static_cast<double>(++step_)) * 30) * 100) / 100;
      default: return value += static_cast<double>(random_() % 1500) / 100;
    }
  }

 private:
  std::mt19937_64 random_{1};
  std::vector<double> values_ = std::vector<double>(series_count);
  std::uint64_t step_{0};
};

std::vector<Labels> all_labels() {
  std::vector<Labels> labels;
  for (std::size_t i = 0; i < series_count; ++i) {
    labels.push_back(Labels({{"__name__", "http_requests_total_" + std::to_string(i % 50)},
                             {"job", "api"},
                             {"instance", "10.0.0." + std::to_string(i / 1000) + ":9100"},
                             {"path", "/v1/objects/" + std::to_string(i / 50 % 20)},
                             {"code", i % 3 == 0 ? "500" : "200"}}));
  }
  return labels;
}

struct Load {
  double seconds_of_appends{0};
  std::size_t samples{0};
};

// `rounds` scrapes of every target, with some ms of jitter.
Load scrape(tsdb::Head& head, const std::vector<Labels>& labels, std::vector<tsdb::BatchSample>& batch, Source& source,
            int first_round, int rounds) {
  Load load;
  for (int round = first_round; round < first_round + rounds; ++round) {
    for (std::size_t first = 0; first < series_count; first += scrape_samples) {
      const Instant at{begin.ms + round * 15'000 +
                       static_cast<std::int64_t>((first / scrape_samples * 7 + static_cast<std::size_t>(round) * 3) % 5)};
      for (std::size_t i = first; i < first + scrape_samples; ++i) {
        batch[i].labels = &labels[i];
        batch[i].at = at;
        batch[i].value = source.next(i);
      }
      const double start = cpu_seconds();
      load.samples += head.append(std::span(batch).subspan(first, scrape_samples)).taken_count;
      load.seconds_of_appends += cpu_seconds() - start;
    }
  }
  return load;
}

void selects(const tsdb::Head& head, Instant now) {
  const tsdb::Snapshot snapshot = head.snapshot();
  const auto matcher = [](const char* name, tsdb::MatchKind kind, const char* value) {
    return *tsdb::Matcher::create(name, kind, value);
  };
  using enum tsdb::MatchKind;
  const auto count = [&](std::vector<tsdb::Matcher> matchers) { return snapshot.select(matchers, early, now).size(); };
  measure("select one family of 50", 200, [&] { count({matcher("__name__", equal, "http_requests_total_7")}); });
  measure("select one series", 2000, [&] {
    count({matcher("__name__", equal, "http_requests_total_7"), matcher("instance", equal, "10.0.0.42:9100"),
           matcher("path", equal, "/v1/objects/3")});
  });
  measure("select by pattern of instance and code", 200, [&] {
    count({matcher("__name__", equal, "http_requests_total_7"), matcher("instance", regex, "10\\.0\\.0\\.1.*"),
           matcher("code", regex, "5..")});
  });
  measure("select all 100000", 20, [&] { count({}); });

  const std::vector<tsdb::SeriesView> all = snapshot.select({}, early, now);
  double sum = 0;
  measure("newest sample of 100000 series", 20, [&] {
    for (const tsdb::SeriesView& view : all) sum += view.last(now)->v;
  });
  std::vector<tsdb::Sample> samples;
  measure("5 minutes of 100000 series", 5, [&] {
    for (const tsdb::SeriesView& view : all) {
      samples.clear();
      view.read(now - watchbill::Duration::minutes(5), now, samples);
      sum += samples.back().v;
    }
  });
  std::size_t read_count = 0;
  const double start = cpu_seconds();
  for (const tsdb::SeriesView& view : all) {
    samples.clear();
    read_count += view.read(early, now, samples);
  }
  print("read everything", "ns/sample", (cpu_seconds() - start) / static_cast<double>(read_count) * 1e9);
  if (std::isnan(sum)) fmt::print("\n");
}

// Files in memory: what is measured is our part of a restart, not the disk's.
class MemoryFiles final : public watchbill::ports::FilesPort {
 public:
  std::map<std::string, std::string> files;

  watchbill::Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files) names.push_back(path.substr(folder.size() + 1));
    return names;
  }
  watchbill::Result<std::string> read(const std::string& path, std::uint64_t /*bytes_max*/) override { return files[path]; }
  watchbill::Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override {
    const std::string& bytes = files[path];
    return offset >= bytes.size() ? std::string() : bytes.substr(offset, bytes_max);
  }
  watchbill::Status append(const std::string& path, std::string_view bytes) override {
    files[path].append(bytes);
    return {};
  }
  watchbill::Status replace(const std::string& path, std::string_view bytes) override {
    files[path] = std::string(bytes);
    return {};
  }
  watchbill::Result<watchbill::ports::MappedBytes> map(const std::string& path) override {
    auto bytes = std::make_shared<const std::string>(files[path]);
    return watchbill::ports::MappedBytes{bytes, *bytes, {}};
  }
  watchbill::Status rename(const std::string& path, const std::string& new_path) override {
    files[new_path] = std::move(files[path]);
    files.erase(path);
    return {};
  }
  watchbill::Status remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
};

void restart(const std::vector<Labels>& labels, std::vector<tsdb::BatchSample>& batch) {
  constexpr int rounds = 100;  // 10 million samples, as in bench/peers
  MemoryFiles files;
  Source source;
  for (tsdb::BatchSample& sample : batch) sample.series = {};
  {
    tsdb::Head head;
    tsdb::SampleLog log(head, files, "samples");
    if (!log.load(begin).has_value()) return;
    for (int round = 0; round < rounds; ++round) {
      scrape(head, labels, batch, source, round, 1);
      const Instant now{begin.ms + round * 15'000};
      head.advance(now);
      if (!log.flush(now).has_value()) return;
    }
  }
  std::size_t bytes = 0;
  for (const auto& [path, contents] : files.files) bytes += contents.size();
  tsdb::Head head;
  tsdb::SampleLog log(head, files, "samples");
  const double start = cpu_seconds();
  const watchbill::Result<tsdb::LoadReport> report = log.load(Instant{begin.ms + rounds * 15'000});
  const double seconds = cpu_seconds() - start;
  if (!report.has_value()) return;
  print("log with labels", "bytes/sample", static_cast<double>(bytes) / static_cast<double>(report->sample_count));
  print("restart", "samples/s", static_cast<double>(report->sample_count) / seconds);
  print("restart with 10 million samples", "s", seconds);
}

}  // namespace

int main() {
  constexpr int rounds = 240;  // an hour
  const std::vector<Labels> labels = all_labels();
  tsdb::Head head;
  std::vector<tsdb::BatchSample> batch(series_count);
  Source source;

  const double start = cpu_seconds();
  const Load creation = scrape(head, labels, batch, source, 0, 1);
  print("new series", "series/s", static_cast<double>(creation.samples) / creation.seconds_of_appends);
  const std::size_t bytes_of_series = head.statistics().memory_bytes;
  print("memory of a new series", "bytes", static_cast<double>(bytes_of_series) / static_cast<double>(series_count));

  const Load load = scrape(head, labels, batch, source, 1, rounds - 1);
  print("appends by reference", "samples/s", static_cast<double>(load.samples) / load.seconds_of_appends);
  const tsdb::HeadStatistics statistics = head.statistics();
  print("chunks", "bytes/sample",
        static_cast<double>(statistics.chunk_count) * 256 / static_cast<double>(statistics.sample_count));
  print("memory of all", "bytes/series", static_cast<double>(statistics.memory_bytes) / static_cast<double>(series_count));

  head.begin_log();
  const Load logged = scrape(head, labels, batch, source, rounds, 4);
  print("appends with log", "samples/s", static_cast<double>(logged.samples) / logged.seconds_of_appends);
  (void)head.take_log(false);
  const Load logged_again = scrape(head, labels, batch, source, rounds + 4, 4);
  print("log", "bytes/sample", static_cast<double>(head.take_log(false).size()) / static_cast<double>(logged_again.samples));

  measure("snapshot of 100000 series", 1000, [&] { (void)head.snapshot(); });
  measure("advance that merges the index", 1, [&] { head.advance(begin); });
  const Instant now{begin.ms + (rounds + 8) * 15'000};
  selects(head, now);
  measure("advance without anything to drop", 20, [&] { head.advance(now); });
  restart(labels, batch);
  print("all", "s", cpu_seconds() - start);
  return 0;
}
