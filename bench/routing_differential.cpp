// depends: wb_routing_differential
// Generated stories of alerts and silences, played to watchbill and to a real Alertmanager (in the PATH, or named by
// WB_ALERTMANAGER) side by side; each difference is printed with its seed, configuration, story and both answers. Exit 1 when
// there is one.
//
//   routing_differential [--seed N] [--stories N] [--at-once N] [--right watchbill|alertmanager] [--texts changing|steady]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "differential/routing/harness/play.h"

namespace {

using namespace watchbill::routing_differential;

struct Options {
  std::uint64_t seed{1};
  std::uint64_t stories{100};
  std::uint64_t at_once{10};
  RouterKind right{RouterKind::watchbill};
  bool has_steady_texts{false};
};

int usage(const char* problem) {
  constexpr const char* flags =
      "[--seed N] [--stories N] [--at-once N] [--right watchbill|alertmanager] [--texts changing|steady]";
  std::fprintf(stderr, "%s\nusage: routing_differential %s\n", problem, flags);
  return 2;
}

bool read(int count, char** words, Options& options) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view flag = words[i];
    if (i + 1 == count) return false;
    const std::string_view value = words[i + 1];
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(words[i + 1], &end, 10);
    if (flag == "--right" && (value == "watchbill" || value == "alertmanager"))
      options.right = value == "watchbill" ? RouterKind::watchbill : RouterKind::alertmanager;
    else if (flag == "--texts" && (value == "changing" || value == "steady")) options.has_steady_texts = value == "steady";
    else if (*end != '\0' || end == words[i + 1]) return false;
    else if (flag == "--seed") options.seed = number;
    else if (flag == "--stories") options.stories = number;
    else if (flag == "--at-once") options.at_once = number;
    else return false;
  }
  return options.at_once > 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read(count, words, options)) return usage("an unknown flag, or one without its value");
  if (std::string why_not; !alertmanager_program(why_not)) return usage(why_not.c_str());
  std::vector<Play> plays;
  for (std::uint64_t i = 0; i < options.stories; ++i)
    plays.push_back({options.seed + i, options.right, Plant::none, options.has_steady_texts});
  const auto begin = std::chrono::steady_clock::now();
  Tally tally;
  std::size_t differing = 0, wavering = 0;
  static_cast<void>(play_all(plays, options.at_once, [&](const Outcome& outcome) {
    if (!outcome.is_alike()) std::printf("%s\n", outcome.report.c_str());
    if (!outcome.wavering.empty()) std::printf("only once: %s\n", outcome.wavering.c_str());
    std::fflush(stdout);
    tally.add(outcome.tally);
    differing += outcome.is_alike() ? 0U : 1U;
    wavering += outcome.wavering.empty() ? 0U : 1U;
  }));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%s; %zu differ, %zu wavered; seeds from %llu; %.0f s\n", tally.text().c_str(), differing, wavering,
              static_cast<unsigned long long>(options.seed), took.count());
  return differing == 0 ? 0 : 1;
}
