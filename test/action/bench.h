// Actions among ports that are driven by hand: a loop with its own time, calls that are answered when the test says so, a
// keeper's memory, and an engine that takes what it is offered.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "drivers/action/actions.h"

namespace watchbill::drivers::action {

class HandLoop final : public ports::IoLoop {
 public:
  void post(std::function<void()> task) override { plan(now, std::move(task)); }
  ports::TimerId after(Duration delay, std::function<void()> task) override { return plan(now + delay, std::move(task)); }
  void cancel(ports::TimerId) override {}
  Status watch(int, ports::Readiness, std::function<void(ports::Readiness)>) override { return {}; }
  void unwatch(int) override {}

  // Runs what is due up to and with `until`.
  void run_to(Instant until) {
    while (!tasks_.empty() && tasks_.begin()->first.first <= until) {
      const auto first = tasks_.begin();
      now = std::max(now, first->first.first);
      const std::function<void()> task = std::move(first->second);
      tasks_.erase(first);
      task();
    }
    now = until;
  }

  Instant now{Instant{1'000'000}};

 private:
  ports::TimerId plan(Instant at, std::function<void()> task) {
    tasks_.emplace(std::pair(at, ++count_), std::move(task));
    return ports::TimerId{count_};
  }
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> tasks_;
  std::uint64_t count_{0};
};

class HandClient final : public ports::HttpClient {
 public:
  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override {
    calls.push_back(std::move(call));
    waiting.push_back(std::move(done));
    return ports::HttpCallId{calls.size()};
  }
  void cancel(ports::HttpCallId) override {}
  void answer(std::uint32_t status, std::string body = {}, ports::HttpFields headers = {}) {
    take()(ports::HttpAnswer{status, std::move(headers), std::move(body), {}});
  }
  void fail(ports::HttpFailureKind kind) { take()(ports::HttpFailure{kind, "as the test wants it"}); }

  std::vector<ports::HttpCall> calls;
  std::vector<ports::HttpDone> waiting;

 private:
  ports::HttpDone take() {
    ports::HttpDone done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    return done;
  }
};

class HandProber final : public ports::ConnectProber {
 public:
  void connect_tcp(std::string host, std::uint16_t port, Duration, ports::ProbeDone done) override {
    asked = host + " " + std::to_string(port);
    done(result);
  }
  void connect_unix(std::string, Duration, ports::ProbeDone) override {}
  std::string asked;
  ports::ProbeResult result{ports::ProbeVerdict::pass, {}, {}};
};

class HandKeeper final : public ports::OneShotPort {
 public:
  void run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) override {
    shots.push_back(std::move(shot));
    waiting.push_back(std::move(done));
  }
  void recorded(const std::string& effect_id, std::uint32_t attempt) override {
    settled.push_back(effect_id + "." + std::to_string(attempt));
  }
  void look(std::string, std::function<void(ports::OneShotKnown)> done) override { done(known); }
  void end(ports::OneShotEnd end, std::int32_t value, std::string out = {}) {
    ports::OneShotOutcome outcome;
    outcome.end = end;
    outcome.value = value;
    outcome.out.head = std::move(out);
    const auto done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    done(outcome);
  }

  std::vector<ports::OneShot> shots;
  std::vector<std::function<void(ports::OneShotOutcome)>> waiting;
  std::vector<std::string> settled;
  ports::OneShotKnown known;
};

// A folder of its own, gone with it.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "watchbill-action-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(at(name)).rdbuf();
    return text.str();
  }
  [[nodiscard]] bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(at(name)));
  }

  std::string path;
};

struct Bench {
  Bench() { restart(); }
  // The process dies and another begins: nothing is remembered but what is on the disk and at the keeper.
  void restart() {
    actions.reset();
    offered.clear();
    actions = std::make_unique<Actions>(
        Actions::Settings{data.path, "web-01"},
        Actions::Parts{loop, client, prober, keeper,
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
  void begin(decltype(Effect::what) what, const std::string& name = "run-1/act/x") {
    actions->begin(Effect{Subject{Area::plan, name}, std::move(what)}, 1);
    settle();
  }
  void settle(Duration time = {}) { loop.run_to(loop.now + time); }
  template <class T>
  [[nodiscard]] const T& last() const {
    EXPECT_FALSE(offered.empty());
    return std::get<T>(offered.back());
  }

  // The first attempt of an action on `path` of this host, or another as it is changed by the caller.
  [[nodiscard]] RunAction action(ActionKind kind, PlanValues args) const {
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

  Folder data;
  HandLoop loop;
  HandClient client;
  HandProber prober;
  HandKeeper keeper;
  std::vector<Condition> conditions;
  Answer condition_answer{Observed::true_, {}, {}, {}, false};
  bool disk_is_busy{false};
  bool disk_waits{false};
  std::vector<std::function<void()>> disk_tasks;
  Taken taken{Taken::recorded};
  std::vector<CommandBody> offered;
  std::unique_ptr<Actions> actions;
};

}  // namespace watchbill::drivers::action
