// depends: wb_metrics_promql wb_metrics_tsdb
// Cost of parsing one expression and of evaluating sums of rates over 10 000 series. Prints one JSON line for each figure.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/head.h"

namespace {

using namespace watchbill;
using namespace watchbill::metrics;

// The quickest of five rounds: what the machine's other work adds is no figure of ours.
template <class Work>
double nanoseconds_of(std::size_t count, const Work& work) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < count; ++i) work();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    const double each = took.count() / static_cast<double>(count);
    if (round == 0 || each < best) best = each;
  }
  return best;
}

void print_line(const char* name, const char* unit, double value) {
  std::printf("{\"bench\":\"promql\",\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.1f}\n", name, unit, value);
}

void fill(tsdb::Head& head) {
  constexpr int series_count = 10'000;
  constexpr int sample_count = 240;  // an hour at 15 s
  for (int i = 0; i < series_count; ++i) {
    const Labels labels({{"__name__", "http_requests_total"}, {"job", "job" + std::to_string(i % 20)},
                         {"instance", "host" + std::to_string(i)}, {"code", i % 7 == 0 ? "500" : "200"}});
    for (int k = 0; k < sample_count; ++k) static_cast<void>(head.append(labels, Instant{k * 15'000}, k * (i % 13) + i));
  }
}

void evaluate_one(const tsdb::Snapshot& snapshot, const char* name, const char* text, const promql::QueryTime& time) {
  const auto expression = promql::parse(text);
  if (!expression) std::abort();
  const double ns = nanoseconds_of(3, [&] {
    if (!promql::evaluate(*expression, snapshot, time)) std::abort();
  });
  print_line(name, "ms", ns / 1e6);
}

}  // namespace

int main() {
  const std::string rule =
      "sum by (job, instance) (rate(http_requests_total{job=~\"api|web\", code!~\"2..\"}[5m]))"
      " / on (job, instance) group_left (version) sum by (job, instance) (rate(http_requests_total[5m])) > 0.05";
  print_line("parse_and_check", "ns", nanoseconds_of(5'000, [&] {
    if (!promql::parse(rule)) std::abort();
  }));
  const auto parsed = promql::parse(rule);
  if (!parsed) return EXIT_FAILURE;
  print_line("digest", "ns", nanoseconds_of(5'000, [&] { static_cast<void>(promql::digest(*parsed)); }));
  tsdb::Head head;
  fill(head);
  const tsdb::Snapshot snapshot = head.snapshot();
  const promql::QueryTime now = promql::QueryTime::at(Instant{3'585'000});
  const promql::QueryTime hour{Instant{0}, Instant{3'585'000}, Duration::minutes(1)};
  evaluate_one(snapshot, "instant_select_10k", "http_requests_total", now);
  evaluate_one(snapshot, "instant_sum_by_rate_10k", "sum by (job) (rate(http_requests_total[5m]))", now);
  evaluate_one(snapshot, "range_60_steps_sum_by_rate_10k", "sum by (job) (rate(http_requests_total[5m]))", hour);
  evaluate_one(snapshot, "instant_join_10k", "http_requests_total / on (instance) http_requests_total", now);
  evaluate_one(snapshot, "instant_topk_10k", "topk by (job) (3, http_requests_total)", now);
  return EXIT_SUCCESS;
}
