// depends: wb_metrics_receive
// What a request of remote write costs from its compressed body to the store, without HTTP and disk: 100,000 series, one
// sample of each every 15 s, in requests of 100, 500 and 2,000 samples. One JSON line for each figure.
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "metrics/receive/write_store.h"
#include "metrics/remote/block.h"

namespace {

namespace receive = watchbill::metrics::receive;
namespace remote = watchbill::metrics::remote;
namespace tsdb = watchbill::metrics::tsdb;
using watchbill::Instant;
using watchbill::Labels;

constexpr std::size_t series_count = 100'000;
constexpr std::int64_t begin_ms = 1'700'000'000'000;
constexpr int round_count = 6;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::vector<std::string> encoded_series() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < series_count; ++i)
    out.push_back(remote::encode_labels(Labels({{"__name__", fmt::format("http_requests_{}_total", i % 200)},
                                                {"code", fmt::format("{}", 200 + i % 7)},
                                                {"handler", fmt::format("/api/v1/path/{}", i % 31)},
                                                {"instance", fmt::format("10.0.{}.{}:9100", i / 1000, i % 251)},
                                                {"job", "node"},
                                                {"pod", fmt::format("web-{:08x}", i)}})));
  return out;
}

void measure(const std::vector<std::string>& series, std::size_t samples_at_once) {
  tsdb::Head head;
  head.advance(Instant{begin_ms});
  head.begin_log();
  receive::WriteStore store(head);
  remote::WriteRequestWriter writer;
  double first = 0, known = 0, encoding = 0;
  for (int round = 0; round < round_count; ++round) {
    std::vector<std::string> requests;
    const double before = cpu_seconds();
    for (std::size_t i = 0; i < series.size(); ++i) {
      const std::vector<remote::Sample> samples{{Instant{begin_ms + 15'000 * round}, static_cast<double>(i * 7 + 13U * i % 100)}};
      writer.series(series[i], samples);
      if ((i + 1) % samples_at_once != 0) continue;
      requests.push_back(remote::compress(writer.body()));
      writer.clear();
    }
    const double start = cpu_seconds();
    encoding += start - before;
    for (const std::string& request : requests) static_cast<void>(store.store(request));
    (round == 0 ? first : known) += cpu_seconds() - start;
    static_cast<void>(head.take_log(false));
  }
  const auto print = [&](std::string_view name, double seconds, int rounds) {
    fmt::print("{{\"bench\":\"remote_write\",\"name\":\"{}, {} at once\",\"unit\":\"us/sample\",\"value\":{:.3f}}}\n", name,
               samples_at_once, seconds * 1e6 / (static_cast<double>(series.size()) * rounds));
  };
  print("new series", first, 1);
  print("known series", known, round_count - 1);
  print("encode and compress", encoding, round_count);
  if (store.counts().samples.load() != series.size() * round_count) fmt::print("samples are missing\n");
}

}  // namespace

int main() {
  const std::vector<std::string> series = encoded_series();
  for (const std::size_t count : {100U, 500U, 2000U}) measure(series, count);
}
