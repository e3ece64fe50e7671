#include "app/workloads.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "app/probe_targets.h"

namespace watchbill::app {
namespace {

using drivers::agent::OfferOutcome;

constexpr std::size_t waiting_max = 1024;  // more than orders and effects are ever under way together
// Started by systemd, the keeper is a unit of its own beside ours: it is waited for, and not started from here meanwhile.
constexpr Duration unit_patience = Duration::seconds(10);

// Changes within this time are looked at together: reading thousands of workloads costs a millisecond.
constexpr Duration refresh_pause = Duration::milliseconds(50);

// The keeper's program lies beside ours.
std::string keeper_program() {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : (own.parent_path() / "watchbill-keeper").string();
}

bool is_unit() { return std::getenv("INVOCATION_ID") != nullptr && ::getppid() == 1; }

OfferOutcome outcome_of(const core::Answer& answer) {
  if (!answer.refused) return answer.sequence != 0 && !answer.is_replayed ? OfferOutcome::recorded : OfferOutcome::nothing_new;
  const bool comes_again =
      family_of(answer.refused->reason) == RefusalFamily::try_later || answer.refused->reason == Refusal::changed_meanwhile;
  return comes_again ? OfferOutcome::again : OfferOutcome::nothing_new;
}

}  // namespace

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
              [this](const drivers::agent::ProbeSample& sample) { parts_.store(samples_.take(sample)); }}) {}

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
  agent_.open({state.progress.lineage.text, state.progress.epoch, head.sequence},
              state.workload.workloads.size() != 0);
}

void Workloads::offer(CommandBody body, std::vector<std::string> blobs, std::function<void(OfferOutcome)> done) {
  const auto refused = parts_.offer(Command{std::move(body), engine_actor("agent"), std::nullopt, std::nullopt, std::move(blobs)},
                                    [done](const core::Answer& answer) { done(outcome_of(answer)); });
  // While it closes nothing is told: the keeper tells the next controller.
  if (refused && refused->reason != Refusal::closing) done(OfferOutcome::again);
}

}  // namespace watchbill::app
