// depends: wb_metrics_promql wb_metrics_tsdb
// Any text is parsed or refused in bounded time and depth; what was parsed prints to a text that parses to the same print, and
// evaluates over a small store to an answer or a named refusal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "metrics/promql/condition.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/head.h"

namespace {

using namespace watchbill;
using namespace watchbill::metrics;

const tsdb::Snapshot& store() {
  static tsdb::Head head;
  static const tsdb::Snapshot snapshot = [] {
    const char* const names[] = {"a", "b_total", "h_bucket"};
    for (int i = 0; i < 12; ++i)
      for (int step = 0; step < 20; ++step) {
        Labels labels({{"__name__", names[i % 3]}, {"x", std::to_string(i)}, {"le", i < 6 ? "1" : "+Inf"}});
        static_cast<void>(head.append(labels, Instant{step * 30'000}, step % 7 == 6 ? tsdb::stale_marker() : i * step));
      }
    return head.snapshot();
  }();
  return snapshot;
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expression = promql::parse(text);
  if (!expression) {
    require(expression.error().at.offset <= size, "an error lies outside the text");
    require(!expression.error().message.empty(), "an error says nothing");
    return 0;
  }
  const std::string printed = promql::print(*expression);
  const auto again = promql::parse(printed);
  if (!again || promql::print(*again) != printed) {
    std::fprintf(stderr, "%s\n", printed.c_str());
    require(false, "the print does not parse to itself");
  }
  promql::EvaluationOptions options;
  options.limits.samples_max = 20'000;
  options.limits.steps_max = 50;
  options.limits.subquery_steps_max = 500;
  static_cast<void>(promql::evaluate(*expression, store(), promql::QueryTime::at(Instant{600'000}), options));
  options.removes_names_late = true;
  static_cast<void>(promql::evaluate(
      *expression, store(), promql::QueryTime{Instant{0}, Instant{600'000}, Duration::seconds(45)}, options));
  if (const auto condition = promql::parse_condition(text))
    static_cast<void>(promql::evaluate_condition(*condition, store(), Instant{600'000}, options));
  return 0;
}
