// depends: wb_metrics_rules
// Cost of one slot of 1 000 alerting rules over 100 series each: nothing fires, everything fires and was told, the first slot of
// a storm. Prints one JSON line for each figure.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "metrics/rules/group.h"

namespace {

std::size_t allocation_count = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  ++allocation_count;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace watchbill;
using namespace watchbill::metrics;

constexpr int rule_count = 1000;
constexpr int series_count = 100;
constexpr std::int64_t begin_ms = 1'772'366'400'000;

rules::GroupSource source_of(const char* condition) {
  rules::GroupSource source;
  source.file = "bench.yml";
  source.name = "bench";
  source.interval = Duration::seconds(15);
  for (int i = 0; i < rule_count; ++i) {
    rules::RuleSource rule;
    rule.alert = "Rule" + std::to_string(i);
    rule.expression = "load{shard=\"" + std::to_string(i % 10) + "\"} " + condition;
    rule.labels = {{"severity", "warning"}};
    rule.annotations = {{"summary", "{{ $labels.instance }} at {{ $value }}"}};
    source.rules.push_back(std::move(rule));
  }
  return source;
}

class Bench {
 public:
  explicit Bench(const char* condition) : evaluator_(compiled(condition), surroundings_, Instant{begin_ms}) {}

  // One slot; `name` empty: it is not measured.
  void slot(const char* name) {
    fill();
    const std::size_t before = allocation_count;
    const auto begin = std::chrono::steady_clock::now();
    const rules::Evaluation done = evaluator_.evaluate(now_, head_, readiness_);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const std::size_t allocations = allocation_count - before;
    for (const rules::RuleOutcome& outcome : done.outcomes)
      for (const NoteRuleAnswer& answer : outcome.answers) evaluator_.confirm(outcome.rule, answer.part);
    if (name == nullptr) return;
    std::printf("{\"bench\":\"rules\",\"name\":\"%s\",\"unit\":\"ms\",\"value\":%.1f}\n", name, took.count());
    std::printf("{\"bench\":\"rules\",\"name\":\"%s_allocations\",\"unit\":\"count\",\"value\":%zu}\n", name, allocations);
  }

 private:
  static rules::RuleGroup compiled(const char* condition) {
    auto group = rules::compile(source_of(condition));
    if (!group) std::abort();
    return std::move(*group);
  }
  void fill() {
    now_ = now_ + Duration::seconds(15);
    for (int shard = 0; shard < 10; ++shard)
      for (int i = 0; i < series_count; ++i)
        static_cast<void>(head_.append(Labels({{"__name__", "load"}, {"instance", "host" + std::to_string(i)}, {"job", "web"},
                                               {"shard", std::to_string(shard)}}),
                                       now_, i));
  }

  Instant now_{begin_ms};
  tsdb::Head head_;
  rules::Surroundings surroundings_{text_template::AnnotationScope({}, "http://watch.example"), {}};
  rules::StoreReadiness readiness_;
  rules::GroupEvaluator evaluator_;
};

}  // namespace

int main() {
  Bench quiet("> 1000");
  quiet.slot(nullptr);
  quiet.slot("nothing_fires");
  Bench storm(">= 0");
  storm.slot("storm_first_slot");
  storm.slot("all_fire_and_are_told");
  return EXIT_SUCCESS;
}
