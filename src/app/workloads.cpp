#include "app/workloads.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>

#include "app/probe_targets.h"
#include "core/workload/relations.h"
#include "drivers/agent/guardian.h"

namespace watchbill::app {
namespace {

using drivers::agent::OfferOutcome;

constexpr std::size_t waiting_max = 1024;  // more than orders and effects are ever under way together
// Started by systemd, the keeper is a unit of its own beside ours: it is waited for, and not started from here meanwhile.
constexpr Duration unit_patience = Duration::seconds(10);
// Changes within this time are looked at together: reading thousands of workloads costs a millisecond.
constexpr Duration refresh_pause = Duration::milliseconds(50);

bool is_unit() {
  return std::getenv("INVOCATION_ID") != nullptr && ::getppid() == 1 && !drivers::agent::is_guarded_here();
}

OfferOutcome outcome_of(const core::Answer& answer) {
  if (!answer.refused) return answer.sequence != 0 && !answer.is_replayed ? OfferOutcome::recorded : OfferOutcome::nothing_new;
  const bool comes_again =
      family_of(answer.refused->reason) == RefusalFamily::try_later || answer.refused->reason == Refusal::changed_meanwhile;
  return comes_again ? OfferOutcome::again : OfferOutcome::nothing_new;
}

// Beyond the shutdown deadline: its TERM, half a second, KILL, and the records of that.
constexpr Duration closing_slack = Duration::seconds(10);
constexpr Duration closing_look = Duration::milliseconds(200);

// What is said of a workload in the report of a shutdown; empty: it ended as it should.
std::string line_of(const std::string& name, const core::workload::Workload& workload, Instant asked_at) {
  if (core::workload::is_active(workload)) {
    const std::string why = workload.detail.empty() ? "" : ": " + workload.detail;
    return name + " is still " + std::string(word(workload.state)) + ", incarnation " + std::to_string(workload.incarnation) +
           ", pid " + std::to_string(workload.pid) + why;
  }
  const auto& exit = workload.last_exit;
  const bool was_killed = exit && exit->at >= asked_at && exit->how == ExitHow::signal && exit->value == SIGKILL;
  if (!was_killed) return "";
  if (exit->reason == WorkloadReason::deadline) return name + " did not end before the deadline of the shutdown and was killed";
  return name + " hung: it did not end within its grace of " + format_duration(workload.configuration.stop.grace) +
         " and was killed";
}

}  // namespace

std::string program_beside_us(const char* name) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : (own.parent_path() / name).string();
}

std::string keeper_program() { return program_beside_us("watchbill-keeper"); }

Workloads::Workloads(const std::string& data, Epoch recovered_epoch, Parts parts)
    : parts_(std::move(parts)),
      recovered_epoch_(recovered_epoch),
      waits_(waiting_max),
      logs_(data),
      agent_({data, keeper_program(), is_unit() ? unit_patience : Duration{}},
             {parts_.loop, parts_.connect, parts_.http,
              [this](CommandBody body, std::vector<std::string> blobs, std::function<void(OfferOutcome)> done) {
                offer(std::move(body), std::move(blobs), std::move(done));
              },
              [this](std::function<void()> task) { return waits_.run(std::move(task)); }, parts_.log, parts_.query,
              [this](const drivers::agent::ProbeSample& sample) { parts_.store(samples_.take(sample)); },
              program_beside_us("watchbill-unit")}) {}

api::WorkloadServices Workloads::services() {
  const auto keeper = [this] {
    const drivers::agent::AgentStatus status = agent_.status();
    return api::KeeperView{status.is_needed, status.is_connected, status.problem, status.shares_cgroup, status.unlogged_count};
  };
  const auto live = [this](const std::string& workload) {
    const drivers::agent::LiveWorkload seen = agent_.live(workload);
    api::LiveWorkload shown{seen.last_beat_age, std::nullopt};
    if (const auto& figures = seen.figures)
      shown.figures = api::LiveFigures{figures->process_count, figures->cpu_seconds, figures->memory_bytes, figures->open_fds,
                                       seen.figures_age};
    return shown;
  };
  return {keeper, live, logs_};
}

std::vector<std::string> Workloads::close() {
  const Instant asked_at = parts_.now();
  std::promise<core::Answer> answered;
  const auto refused =
      parts_.offer(Command{CloseWorkloads{"the controller ends"}, engine_actor("serve"), std::nullopt, std::nullopt, {}},
                   [&answered](const core::Answer& answer) { answered.set_value(answer); });
  if (refused) return {"the workloads could not be asked to stop: " + refused->message};
  const core::Answer answer = answered.get_future().get();
  if (answer.refused) return {"the workloads could not be asked to stop: " + answer.refused->message};
  static_cast<void>(parts_.follower().wait_for(answer.sequence, closing_slack));
  Sequence seen = answer.sequence;
  Instant until = Instant::never();
  bool is_over = false;
  while (!is_over) {
    static_cast<void>(parts_.follower().wait_for(seen + 1, closing_look));
    parts_.follower().read([&](const core::State& state, const ChainHead& head) {
      seen = head.sequence;
      until = asked_at + core::workload::supervisor_of(state.workload).configuration.shutdown_deadline + closing_slack;
      is_over = true;
      state.workload.workloads.each([&](const std::string&, const core::workload::Workload& workload) {
        is_over = is_over && !core::workload::is_active(workload);
        return is_over;
      });
    });
    is_over = is_over || parts_.now() >= until;
  }
  std::vector<std::string> report;
  parts_.follower().read([&](const core::State& state, const ChainHead&) {
    state.workload.workloads.each([&](const std::string& name, const core::workload::Workload& workload) {
      if (std::string line = line_of(name, workload, asked_at); !line.empty()) report.push_back(std::move(line));
      return true;
    });
  });
  return report;
}

void Workloads::configure(const Configuration& configuration) {
  watched_ = configuration.supervision.probes;
  if (!is_refresh_due_.exchange(true)) parts_.loop.post([this] { refresh(); });
}

void Workloads::refresh() {
  is_refresh_due_ = false;
  std::vector<drivers::agent::ProbeTarget> targets = parts_.follower().read(
      [this](const core::State& state, const ChainHead&) { return probe_targets(state, watched_); });
  parts_.store(samples_.keep_only(targets));
  agent_.set_targets(std::move(targets));
}

void Workloads::look(const core::State& state, const ChainHead& head) {
  if (!is_refresh_due_.exchange(true))
    parts_.loop.post([this] { parts_.loop.after(refresh_pause, [this] { refresh(); }); });
  if (is_open_ || state.progress.epoch <= recovered_epoch_) return;
  is_open_ = true;
  // A guarded controller misses its keeper also without a workload: nobody would start it again.
  const bool is_needed = !state.workload.workloads.empty() || drivers::agent::is_guarded_here();
  agent_.open({state.progress.lineage.text, state.progress.epoch, head.sequence}, is_needed);
}

void Workloads::complain(const Refused& refused) const {
  parts_.log("what the agent told was refused: " + std::string(word(refused.reason)) + ": " + refused.message);
}

void Workloads::offer(CommandBody body, std::vector<std::string> blobs, std::function<void(OfferOutcome)> done) {
  const auto refused = parts_.offer(Command{std::move(body), engine_actor("agent"), std::nullopt, std::nullopt, std::move(blobs)},
                                    [this, done](const core::Answer& answer) {
                                      const OfferOutcome outcome = outcome_of(answer);
                                      if (answer.refused && outcome != OfferOutcome::again) complain(*answer.refused);
                                      done(outcome);
                                    });
  // While it closes nothing is told: the keeper tells the next controller.
  if (refused && refused->reason != Refusal::closing) done(OfferOutcome::again);
}

}  // namespace watchbill::app
