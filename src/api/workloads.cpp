// Workloads: the snapshot of all, one of them, starting and stopping by hand, and their logs (domain/supervision.md §3, §8, §9).
#include <algorithm>

#include "api/page.h"
#include "api/routes.h"
#include "api/workload_view.h"
#include "core/workload/relations.h"

namespace watchbill::api {
namespace {

constexpr std::uint64_t lines_default = 100;

void list_workloads(const CallPointer& call) {
  std::string out;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    write_snapshot(out, state.workload, call->services);
    return head.sequence;
  });
  call->answer(std::move(out), sequence);
}

Refused unknown(const std::string& name) { return {Refusal::unknown_workload, "there is no workload " + name}; }

void show_workload(const CallPointer& call) {
  const std::string& name = call->path("name");
  std::string out;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    const core::workload::Workload* workload = state.workload.workloads.find(name);
    JsonWriter json(out);
    if (workload != nullptr) write_workload(json, {name, *workload, state.workload, call->services});
    return head.sequence;
  });
  if (out.empty()) return call->refuse(unknown(name), Area::workload, sequence);
  call->answer(std::move(out), sequence);
}

void start_workload(const CallPointer& call) { call->command(StartWorkload{call->text("reason"), call->path("name")}); }
void stop_workload(const CallPointer& call) { call->command(StopWorkload{call->text("reason"), call->path("name")}); }
void restart_workload(const CallPointer& call) { call->command(RestartWorkload{call->text("reason"), call->path("name")}); }

bool is_declared(const Services& services, const std::string& name) {
  return services.follower.read(
      [&name](const core::State& state, const ChainHead&) { return state.workload.workloads.contains(name); });
}

// The reader of one log that goes on: looks again after a pause, on the thread that may wait.
void follow_log(const std::shared_ptr<ports::HttpResponder>& responder, Services& services, const std::string& name,
                ports::LogPosition position) {
  constexpr Duration pause = Duration::milliseconds(250);
  services.loop.after(pause, [responder, &services, name, position] {
    const auto task = [responder, &services, name, position] {
      auto part = services.workloads.logs.behind(name, position);
      const ports::LogPosition next = part ? part->next : position;
      if (part && part->has_gap) part->bytes.insert(0, "[what followed was rotated away]\n");
      // An empty part tells whether anybody still listens.
      if (responder->write(part ? std::move(part->bytes) : std::string()) != ports::HttpStreamState::open) return;
      services.loop.post([responder, &services, name, next] { follow_log(responder, services, name, next); });
    };
    if (!services.history.run(task)) responder->end();
  });
}

void answer_log(const CallPointer& call, const std::string& name, std::uint32_t lines, bool follows) {
  auto part = call->services.workloads.logs.last(name, lines);
  const bool is_silent = !part && part.error().kind == ErrorKind::not_found;  // it has written nothing yet
  if (!part && !is_silent) return call->fail(part.error());
  const ports::LogPosition position = part ? part->next : ports::LogPosition{};
  ports::HttpResponse response{200, {{"Content-Type", "text/plain; charset=utf-8"}}, part ? std::move(part->bytes) : ""};
  if (!follows) return call->answer(std::move(response));
  Services& services = call->services;
  const std::shared_ptr<ports::HttpResponder> responder = call->take_responder();
  responder->begin_stream(std::move(response), {"[too slow, the stream ends here]\n", "", {}});
  services.loop.post([responder, &services, name, position] { follow_log(responder, services, name, position); });
}

void show_log(const CallPointer& call) {
  const std::string& name = call->path("name");
  if (!is_declared(call->services, name)) return call->refuse(unknown(name), Area::workload);
  const Result<std::uint64_t, Refused> lines = call->number("n", lines_default);
  if (!lines) return call->refuse(lines.error(), Area::workload);
  const std::string* follow = call->query("follow");
  if (follow != nullptr && *follow != "true" && *follow != "false")
    return call->refuse(Refused{Refusal::bad_argument, "follow: expected true or false"}, Area::workload);
  const bool follows = follow != nullptr && *follow == "true";
  const auto wanted = static_cast<std::uint32_t>(std::min<std::uint64_t>(*lines, ports::log_lines_max));
  if (!call->services.history.run([call, name, wanted, follows] { answer_log(call, name, wanted, follows); }))
    call->refuse(Refused{Refusal::busy, "too many questions to the disk are waiting"}, Area::workload);
}

Route by_hand(std::string_view pattern, std::string_view summary, std::vector<Refusal> refusals,
              void (*handle)(const CallPointer&)) {
  const Member reason{"reason", ValueKind::text, "why, for whoever reads the journal"};
  return {"POST", pattern, summary, "operator", {}, {reason}, std::move(refusals), handle, Decides::core};
}

}  // namespace

Routes workload_routes() {
  const std::string_view base = "/api/watchbill/v1/workloads";
  return {
      {"GET", base, "every workload: state, health, what it uses, and what is skipped", "viewer", {}, {}, {}, list_workloads},
      {"GET", "/api/watchbill/v1/workloads/{name}", "one workload", "viewer", {}, {}, {Refusal::unknown_workload}, show_workload},
      by_hand("/api/watchbill/v1/workloads/{name}/start", "start a workload, or group:NAME",
              {Refusal::unknown_workload, Refusal::already_running, Refusal::disabled, Refusal::lost_needs_decision,
               Refusal::supervisor_closing},
              start_workload),
      by_hand("/api/watchbill/v1/workloads/{name}/stop", "stop a workload, or group:NAME, and leave it stopped",
              {Refusal::unknown_workload, Refusal::not_running}, stop_workload),
      by_hand("/api/watchbill/v1/workloads/{name}/restart", "restart a workload, or group:NAME; spends no restart budget",
              {Refusal::unknown_workload, Refusal::disabled, Refusal::supervisor_closing}, restart_workload),
      {"GET",
       "/api/watchbill/v1/workloads/{name}/logs",
       "what a workload has written, each line with its receive time",
       "viewer",
       {{"n", ValueKind::number, "how many lines, the last ones [100]"},
        {"follow", ValueKind::text, "true: goes on with what is written from now on"}},
       {},
       {Refusal::unknown_workload, Refusal::busy},
       show_log},
  };
}

}  // namespace watchbill::api
