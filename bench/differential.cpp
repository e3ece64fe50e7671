// depends: wb_differential
// Generated PromQL, asked of a real Prometheus (in the PATH, or named by WB_PROMETHEUS) and of watchbill with the semantics of
// Prometheus 2; each difference is printed with its seed, made small, and both answers. Exit 1 when there is one.
//
//   differential [--seed N] [--expressions N] [--world N] [--differences N] [--expression TEXT]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "differential/harness/differential.h"
#include "differential/harness/selectors.h"

namespace {

using namespace watchbill;

struct Options {
  std::uint64_t seed{1};
  std::uint64_t expressions{50'000};
  std::uint64_t world{1};
  std::uint64_t differences{100};
  std::string expression;  // asked alone, at the times of the seed
};

int usage(const char* problem) {
  std::fprintf(stderr, "%s\nusage: differential [--seed N] [--expressions N] [--world N] [--differences N] [--expression TEXT]\n",
               problem);
  return 2;
}

bool read(int count, char** words, Options& options) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view flag = words[i];
    if (i + 1 == count) return false;
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(words[i + 1], &end, 10);
    const bool is_number = *end == '\0' && end != words[i + 1];
    if (flag == "--expression") options.expression = words[i + 1];
    else if (!is_number) return false;
    else if (flag == "--seed") options.seed = number;
    else if (flag == "--expressions") options.expressions = number;
    else if (flag == "--world") options.world = number;
    else if (flag == "--differences") options.differences = number;
    else return false;
  }
  return true;
}

int ask_one(differential::Sides& sides, const Options& options) {
  differential::Case one = differential::case_of(options.seed, sides.begin());
  bool differs = false;
  for (differential::Question* question : {&one.instant, &one.range}) {
    question->expression = differential::resolved(options.expression, sides.begin());
    differential::Replies replies;
    const differential::Verdict verdict = differential::judge(sides, *question, replies);
    const bool is_different = verdict.outcome == differential::Verdict::Outcome::different;
    differs = differs || is_different;
    std::printf("%s\n", differential::Difference{options.seed, question->expression, *question,
                                                 is_different ? verdict.what : "alike", replies}.text().c_str());
  }
  return differs ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read(count, words, options)) return usage("an unknown flag, or one without its value");
  const auto program = serve_test::Prometheus::program();
  if (!program) return usage("there is no prometheus in the PATH, and WB_PROMETHEUS is not set");
  differential::Sides sides(*program, options.world);
  if (!sides.trouble().empty()) return usage(sides.trouble().c_str());
  if (!options.expression.empty()) return ask_one(sides, options);
  const auto begin = std::chrono::steady_clock::now();
  const differential::Tally tally = differential::run(sides, options.seed, options.expressions, options.differences,
                                                      [](const differential::Difference& difference) {
                                                        std::printf("%s\n", difference.text().c_str());
                                                        std::fflush(stdout);
                                                      });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s; seeds from %llu, world %llu; %.0f s, %.0f expressions/s\n", tally.text().c_str(),
              static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(options.world), took.count(),
              static_cast<double>(tally.expressions) / took.count());
  return tally.differences.empty() ? 0 : 1;
}
