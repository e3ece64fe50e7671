// depends: wb_template wb_base wb_model
// A typical annotation: parse once, expand for each alert. Prints nanoseconds and allocations of one operation as JSON lines.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "template/annotation.h"

namespace {
std::size_t allocation_count = 0;
}

void* operator new(std::size_t size) {
  ++allocation_count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace watchbill;
using namespace watchbill::text_template;

template <class Operation>
void measure(const char* name, int rounds, Operation operation) {
  for (int round = 0; round < rounds / 10; ++round) operation();
  const std::size_t allocations_before = allocation_count;
  const auto begin = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) operation();
  const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"bench\": \"template\", \"name\": \"%s\", \"ns\": %lld, \"allocations\": %.1f}\n", name,
              static_cast<long long>(took / rounds), static_cast<double>(allocation_count - allocations_before) / rounds);
}

}  // namespace

int main() {
  constexpr std::string_view description =
      "{{ $labels.instance }} of job {{ $labels.job }} has been down for more than 5 minutes (value {{ $value | humanize }}).\n"
      "  LABELS = {{ $labels }}";
  constexpr std::string_view summary = "Host out of memory (instance {{ $labels.instance }})";
  const Labels labels(std::vector<Labels::Pair>{{"alertname", "InstanceDown"},
                                                {"instance", "web-01.example.net:9100"},
                                                {"job", "node"},
                                                {"severity", "critical"},
                                                {"team", "core"}});
  const AnnotationScope scope(Labels{}, "http://watchbill.example.net");
  const Result<Template> long_text = parse({"description", description}, Place::rule);
  const Result<Template> short_text = parse({"summary", summary}, Place::rule);
  const Result<Template> pattern =
      parse({"pattern", "{{ reReplaceAll \"(.*):\\\\d+\" \"$1\" $labels.instance }}"}, Place::rule);
  if (!long_text || !short_text || !pattern) return 1;
  const Environment environment;
  const Value data = scope.data(labels, 12345.678);
  std::size_t bytes = 0;
  const auto expand = [&](const Template& text) {
    return [&] { bytes += expand_annotation(text, data, environment)->size(); };
  };
  measure("parse_description", 20'000, [&] { bytes += parse({"description", description}, Place::rule)->name().size(); });
  measure("data_of_5_labels", 200'000, [&] { bytes += scope.data(labels, 1).depth(); });
  measure("expand_summary", 200'000, expand(*short_text));
  measure("expand_description", 100'000, expand(*long_text));
  measure("expand_pattern", 100'000, expand(*pattern));
  return bytes == 0 ? 1 : 0;
}
