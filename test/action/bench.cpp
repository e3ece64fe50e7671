#include "action/bench.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace watchbill::drivers::action {

void HandLoop::run_to(Instant until) {
  while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
    const auto first = tasks_.begin();
    now = std::max(now, first->first.first);
    const std::function<void()> task = std::move(first->second);
    tasks_.erase(first);
    task();
  }
  now = until;
}

ports::TimerId HandLoop::plan(Instant at, std::function<void()> task) {
  tasks_.emplace(std::pair(at, ++count_), std::move(task));
  return ports::TimerId{count_};
}

ports::HttpCallId HandClient::start(ports::HttpCall call, ports::HttpDone done) {
  calls.push_back(std::move(call));
  waiting.push_back(std::move(done));
  return ports::HttpCallId{calls.size()};
}

void HandClient::answer(std::uint32_t status, std::string body, ports::HttpFields headers) {
  take()(ports::HttpAnswer{status, std::move(headers), std::move(body), {}});
}

void HandClient::fail(ports::HttpFailureKind kind) { take()(ports::HttpFailure{kind, "as the test wants it"}); }

ports::HttpDone HandClient::take() {
  ports::HttpDone done = std::move(waiting.front());
  waiting.erase(waiting.begin());
  return done;
}

void HandKeeper::run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) {
  shots.push_back(std::move(shot));
  waiting.push_back(std::move(done));
}

void HandKeeper::end(ports::OneShotEnd end, std::int32_t value, std::string out) {
  ports::OneShotOutcome outcome;
  outcome.end = end;
  outcome.value = value;
  outcome.out.head = std::move(out);
  const auto done = std::move(waiting.front());
  waiting.erase(waiting.begin());
  done(outcome);
}

void HandUnits::end(ports::UnitEnd end, std::string detail) {
  const auto done = std::move(waiting.front());
  waiting.erase(waiting.begin());
  done(ports::UnitOutcome{end, std::move(detail), state ? *state : ports::UnitState{}});
}

void HandUnits::become(const std::string& active_state, const std::string& invocation_id) {
  ports::UnitState unit;
  unit.is_loaded = true;
  unit.active_state = active_state;
  unit.invocation_id = invocation_id;
  state = unit;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "watchbill-action-XXXXXX").string();
  path = ::mkdtemp(name.data());
}

Folder::~Folder() { std::filesystem::remove_all(path); }

void Folder::write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }

std::string Folder::read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(at(name)).rdbuf();
  return text.str();
}

bool Folder::has(const std::string& name) const { return std::filesystem::exists(std::filesystem::symlink_status(at(name))); }

void Bench::restart() {
  actions.reset();
  offered.clear();
  actions = std::make_unique<Actions>(
      Actions::Settings{data.path, "web-01"},
      Actions::Parts{loop, client, prober, keeper, units,
                     [this](const Condition& condition, const std::function<void(Answer)>& done) {
                       conditions.push_back(condition);
                       done(condition_answer);
                     },
                     [](const std::string& name) -> std::optional<std::string> {
                       return name == "env:TOKEN" ? std::optional<std::string>("hunter2-hunter2") : std::nullopt;
                     },
                     [this] { return loop.now; },
                     [this](std::function<void()> task) {
                       if (disk_is_busy) return false;
                       if (disk_waits) disk_tasks.push_back(std::move(task));
                       else task();
                       return true;
                     },
                     [this](const CommandBody& body, const std::function<void(Taken)>& done) {
                       if (taken == Taken::recorded) offered.push_back(body);
                       done(taken);
                     }});
}

void Bench::begin(decltype(Effect::what) what, const std::string& name) {
  actions->begin(Effect{Subject{Area::plan, name}, std::move(what)}, 1);
  settle();
}

RunAction Bench::action(ActionKind kind, PlanValues args) const {
  RunAction out;
  out.place.run = "run-1";
  out.place.step = "1";
  out.place.folder = data.path;
  out.effect_id = EffectId{std::string(32, 'a')};
  out.effect = "1#1";
  out.action.kind = kind;
  out.action.args = std::move(args);
  out.action.capability = Capability::mutate;
  out.action.target = "host/web-01";
  out.fence = 7;
  out.until = loop.now + Duration::seconds(60);
  return out;
}

ProbeAction probe_of(const RunAction& action, PlanValues former) {
  ProbeAction probe;
  probe.place = action.place;
  probe.effect_id = action.effect_id;
  probe.action = action.action;
  probe.former = std::move(former);
  probe.interval = Duration::seconds(5);
  return probe;
}

}  // namespace watchbill::drivers::action
