// depends: wb_sim
// How much faster than the world a simulated world of a hundred workloads lives: with a probe of each every 10 s and rules every
// 15 s, and with probes every 250 ms and early looks after each. A fault a minute, people, runs and messages as in every world,
// the bounds of production, every checker on. What is counted is the time that the world lived with faults, without the quiet day
// at its end that shows whether everything settles; the processor time is that of all of it.
//
//   bench_simulation [HOURS]                                                  2
//
// Prints one JSON line for each kind of world; exits 1 when a checker found something.
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "sim/world.h"

namespace {

using namespace watchbill;

struct Kind {
  const char* name;
  Duration probe_every;
  bool looks_early;
};

// False when a checker found something.
bool live(const Kind& kind, Duration length) {
  sim::WorldOptions options;
  options.length = length;
  options.shrinks_limits = false;
  options.more_workloads = 94;  // beside six
  options.probe_every = kind.probe_every;
  options.looks_early = kind.looks_early;
  const std::clock_t begin = std::clock();
  const sim::WorldResult result = sim::run_world(options);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf(R"({"bench":"simulation","world":"%s","workloads":100,"hours":%.1f,"processor_s":%.2f,"times_real_time":%.0f,)"
              R"("records":%llu,"faults":%llu,"starts":%llu})"
              "\n",
              kind.name, static_cast<double>(length.ms) / 3'600'000, seconds, static_cast<double>(length.ms) / 1000 / seconds,
              static_cast<unsigned long long>(result.records), static_cast<unsigned long long>(result.faults),
              static_cast<unsigned long long>(result.starts));
  std::fflush(stdout);
  if (result.violation)
    std::fprintf(stderr, "%s: %s: %s\n", kind.name, result.violation->checker.c_str(), result.violation->what.c_str());
  return !result.violation;
}

}  // namespace

int main(int argument_count, char** arguments) {
  const double hours = argument_count > 1 ? std::atof(arguments[1]) : 2;
  const Duration length{static_cast<std::int64_t>(hours * 3'600'000)};
  const bool slow = live({"probes_10s", Duration::seconds(10), false}, length);
  const bool fast = live({"probes_250ms_early_looks", Duration::milliseconds(250), true}, length);
  return slow && fast ? EXIT_SUCCESS : EXIT_FAILURE;
}
