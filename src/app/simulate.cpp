#include "app/simulate.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "sim/world.h"

namespace watchbill::app {
namespace {

// What all worlds of one call gave together.
struct Totals {
  std::uint64_t worlds{0}, records{0}, starts{0}, faults{0}, messages{0};
  Duration simulated;
  std::map<std::uint64_t, sim::WorldResult> violations;  // by seed: printed in order, whoever found it first
};

void add(Totals& totals, std::uint64_t seed, sim::WorldResult result) {
  ++totals.worlds;
  totals.records += result.records;
  totals.starts += result.starts;
  totals.faults += result.faults;
  totals.messages += result.messages;
  totals.simulated = totals.simulated + result.simulated;
  constexpr std::size_t violations_kept = 3;  // the rest is counted; one timeline is enough to begin with
  if (result.violation && totals.violations.size() < violations_kept) totals.violations.emplace(seed, std::move(result));
}

Totals run_all(std::uint64_t first, std::uint64_t count, sim::Plant plant, std::atomic<std::uint64_t>& violation_count) {
  Totals totals;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < count; i = next++) {
      sim::WorldOptions options;
      options.seed = first + i;
      options.plant = plant;
      sim::WorldResult result = sim::run_world(options);
      if (result.violation) ++violation_count;
      const std::lock_guard lock(mutex);
      add(totals, options.seed, std::move(result));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < std::max(1U, std::thread::hardware_concurrency()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return totals;
}

void print(cli::Terminal& terminal, const Totals& totals, std::uint64_t violation_count, bool shows_quiet_timeline,
           const std::vector<std::string>& quiet_timeline) {
  for (const auto& [seed, result] : totals.violations) {
    terminal.print("seed " + std::to_string(seed) + ": " + result.violation->checker + ": " + result.violation->what);
    for (const std::string& line : result.timeline) terminal.print("  " + line);
    terminal.print("  again: watchbill simulate --seed " + std::to_string(seed));
  }
  if (shows_quiet_timeline)
    for (const std::string& line : quiet_timeline) terminal.print("  " + line);
  if (terminal.format() == cli::Format::json) {
    std::string line;
    JsonWriter writer(line);
    writer.begin_object().key("faults").integer(static_cast<std::int64_t>(totals.faults));
    writer.key("records").integer(static_cast<std::int64_t>(totals.records));
    writer.key("simulated_s")
        .integer(totals.simulated.ms / 1000)
        .key("violations")
        .integer(static_cast<std::int64_t>(violation_count));
    writer.key("worlds").integer(static_cast<std::int64_t>(totals.worlds)).end_object();
    terminal.print(line);
    return;
  }
  terminal.print(std::to_string(totals.worlds) + " worlds, " + format_duration(Duration::seconds(totals.simulated.ms / 1000)) +
                 " simulated, " + std::to_string(totals.faults) + " faults, " + std::to_string(totals.starts) + " starts, " +
                 std::to_string(totals.records) + " records, " + std::to_string(totals.messages) +
                 " messages: " + std::to_string(violation_count) + " violations");
}

}  // namespace

cli::ExitCode simulate(cli::Terminal& terminal, const cli::SimulateArguments& arguments) {
  if (arguments.list_plants) {
    for (std::size_t i = 1; i < Words<sim::Plant>::table.size(); ++i) terminal.print(Words<sim::Plant>::table[i]);
    return cli::ExitCode::done;
  }
  sim::Plant plant = sim::Plant::none;
  if (!arguments.plant.empty()) {
    const std::optional<sim::Plant> named = from_word<sim::Plant>(arguments.plant);
    if (!named)
      return terminal.refuse(Refused{Refusal::bad_argument, "--plant " + arguments.plant + ": expected a name of --list-plants"});
    plant = *named;
  }
  std::atomic<std::uint64_t> violation_count{0};
  const Totals totals =
      run_all(arguments.seed.value_or(arguments.first_seed), arguments.seed ? 1 : arguments.seeds, plant, violation_count);
  std::vector<std::string> timeline;
  if (arguments.seed && totals.violations.empty()) {
    sim::WorldOptions options;
    options.seed = *arguments.seed;
    options.plant = plant;
    timeline = sim::run_world(options).timeline;
  }
  print(terminal, totals, violation_count, arguments.seed.has_value(), timeline);
  return violation_count == 0 ? cli::ExitCode::done : cli::ExitCode::negative;
}

}  // namespace watchbill::app
