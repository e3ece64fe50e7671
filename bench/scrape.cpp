// depends: wb_metrics_tsdb wb_drivers_scrape
// From a target's page to the store and its log, without the network: processor time of a page that is new, of one that came
// before, and memory of its series. `bench_scrape [SERIES [ROUNDS]]`: ten pages, 2 s apart. One JSON line for each figure.
#include <cstdint>
#include <ctime>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <malloc.h>

#include "drivers/scrape/target_series.h"
#include "metrics/exposition/number.h"
#include "metrics/tsdb/head.h"

namespace {

namespace scrape = watchbill::drivers::scrape;
namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Duration;
using watchbill::Instant;
using watchbill::Labels;

constexpr Instant begin{1'700'000'000'000};
constexpr std::size_t page_count = 10;
constexpr std::size_t host_series = 500;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void print(std::string_view name, std::string_view unit, double value) {
  fmt::print("{{\"bench\":\"scrape\",\"name\":\"{}\",\"unit\":\"{}\",\"value\":{:.3f}}}\n", name, unit, value);
}

// The families of bench/peers, their series beside each other: a quarter counters, a quarter buckets, gauges with three decimals.
std::string page_of(std::size_t first, std::size_t count, std::size_t round) {
  std::string page;
  for (std::size_t family = 0; family < 4; ++family) {
    constexpr std::string_view names[]{"http_requests_total", "http_request_duration_seconds_bucket", "node_cpu_seconds_total",
                                       "app_gauge"};
    page += fmt::format("# TYPE {} {}\n", names[family], family == 3 ? "gauge" : "counter");
    for (std::size_t i = first; i < first + count; ++i) {
      if (i % 4 != family) continue;
      const std::size_t at = i % host_series;
      const std::string labels = family < 2
                                     ? fmt::format("method=\"M{}\",route=\"r{}\",code=\"{}\"", at % 4, at / 4 % 10, at / 40)
                                     : fmt::format("shard=\"s{}\",kind=\"k{}\"", at % 10, at / 10);
      page += fmt::format("{}{{{},host=\"h{}\"}} ", names[family], labels, i / host_series);
      const double value =
          family < 2 ? static_cast<double>(i * 37 + round * (i % 7)) : static_cast<double>(i * 131 + round) / 1000;
      watchbill::metrics::exposition::append_number(page, value);
      page += '\n';
    }
  }
  return page;
}

struct Target {
  std::vector<std::string> pages;  // of two rounds
  scrape::TargetSeries series;
};

bool store(Target& target, std::size_t round, Instant at) {
  const scrape::ScrapeReport report = target.series.store_page({target.pages[round % target.pages.size()]}, at);
  if (!report.is_up) fmt::print(stderr, "{}\n", report.error);
  return report.is_up;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t series_count = argc > 1 ? std::stoul(argv[1]) : 200'000;
  const std::size_t round_count = argc > 2 ? std::stoul(argv[2]) : 60;
  const std::size_t page_series = series_count / page_count;
  tsdb::Head head;
  head.begin_log();
  std::deque<Target> targets;
  for (std::size_t i = 0; i < page_count; ++i) {
    const auto terms = std::make_shared<const scrape::SampleTerms>();
    Labels labels({{"instance", "127.0.0.1:40000"}, {"job", "bench" + std::to_string(i)}});
    targets.push_back({{page_of(i * page_series, page_series, 0), page_of(i * page_series, page_series, 1)},
                       scrape::TargetSeries(std::move(labels), terms, head)});
  }
  const std::size_t bytes_before = mallinfo2().uordblks;
  double start = cpu_seconds();
  for (Target& target : targets)
    if (!store(target, 0, begin)) return 1;
  const auto samples = static_cast<double>(page_series * page_count);
  print("a page that is new", "ns/sample", (cpu_seconds() - start) / samples * 1e9);
  static_cast<void>(head.take_log(false));
  print("memory allocated", "bytes/series", static_cast<double>(mallinfo2().uordblks - bytes_before) / samples);
  print("of it counted by the head", "bytes/series", static_cast<double>(head.statistics().memory_bytes) / samples);

  for (const bool changes : {false, true}) {
    double seconds = 0;
    for (std::size_t round = 1; round <= round_count; ++round) {
      const Instant at = begin + Duration::seconds(static_cast<std::int64_t>(2 * (round + (changes ? round_count : 0))));
      start = cpu_seconds();
      for (Target& target : targets)
        if (!store(target, changes ? round : 0, at)) return 1;
      seconds += cpu_seconds() - start;
      if (round % 2 == 0) static_cast<void>(head.take_log(false));
    }
    print(changes ? "a page whose values change" : "the same page again", "ns/sample",
          seconds / samples / static_cast<double>(round_count) * 1e9);
  }
  return 0;
}
