// depends: wb_metrics_exposition
// Reading and writing pages as targets have them. One JSON line for each figure.
#include <cstdint>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "metrics/exposition/number.h"
#include "metrics/exposition/page.h"
#include "metrics/exposition/text_parser.h"

namespace {

namespace exposition = watchbill::metrics::exposition;

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void print(std::string_view name, std::string_view unit, double value) {
  fmt::print("{{\"bench\":\"exposition\",\"name\":\"{}\",\"unit\":\"{}\",\"value\":{:.3f}}}\n", name, unit, value);
}

// 5 000 samples of some 64 bytes, half of them integers.
std::string page() {
  std::mt19937_64 random(1);
  std::string text;
  for (int family = 0; family < 100; ++family) {
    const std::string name = "app_family_" + std::to_string(family);
    text += "# HELP " + name + " Some words about it.\n# TYPE " + name + " gauge\n";
    for (int series = 0; series < 50; ++series) {
      text += name + "{host=\"h" + std::to_string(series) + "\",queue=\"q" + std::to_string(series % 7) + "\",code=\"200\"} ";
      const double value =
          series % 2 == 0 ? static_cast<double>(random() % 1'000'000) : static_cast<double>(random() % 1'000'000'000) / 1000;
      exposition::append_number(text, value);
      text += "\n";
    }
  }
  return text;
}

}  // namespace

int main() {
  constexpr int rounds = 200;
  const std::string text = page();
  std::size_t samples = 0;
  double sum = 0;
  double start = cpu_seconds();
  for (int i = 0; i < rounds; ++i) {
    exposition::TextParser parser(text);
    for (auto entry = parser.next(); entry != exposition::TextParser::Entry::end; entry = parser.next())
      if (entry == exposition::TextParser::Entry::sample) {
        sum += parser.value();
        ++samples;
      }
  }
  double seconds = cpu_seconds() - start;
  print("read", "MB/s", static_cast<double>(text.size()) * rounds / seconds / 1e6);
  print("read", "samples/s", static_cast<double>(samples) / seconds);

  std::size_t labels = 0;
  samples = 0;
  start = cpu_seconds();
  for (int i = 0; i < rounds / 4; ++i) {
    exposition::TextParser parser(text);
    for (auto entry = parser.next(); entry != exposition::TextParser::Entry::end; entry = parser.next())
      if (entry == exposition::TextParser::Entry::sample) {
        labels += parser.labels().size();
        ++samples;
      }
  }
  print("read with labels", "samples/s", static_cast<double>(samples) / (cpu_seconds() - start));

  exposition::Page built;
  exposition::TextParser parser(text);
  std::size_t count = 0;
  start = cpu_seconds();
  for (auto entry = parser.next(); entry != exposition::TextParser::Entry::end; entry = parser.next()) {
    if (entry != exposition::TextParser::Entry::sample) continue;
    watchbill::Labels set = parser.labels();
    set.remove(watchbill::metric_name_label);
    built.gauge({parser.metric_name(), "Words."}, set, parser.value());
    ++count;
  }
  const std::string written = built.text();
  print("read, add and write", "samples/s", static_cast<double>(count) / (cpu_seconds() - start));
  if (sum < 0 || labels == 0 || written.empty()) fmt::print("\n");
  return 0;
}
