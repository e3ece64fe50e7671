// Actions among ports that are driven by hand: a loop with its own time, calls that are answered when the test says so, a
// keeper's memory, and an engine that takes what it is offered.
#pragma once

#include <gtest/gtest.h>

#include <map>

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
  void run_to(Instant until);

  Instant now{Instant{1'000'000}};

 private:
  ports::TimerId plan(Instant at, std::function<void()> task);

  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> tasks_;
  std::uint64_t count_{0};
};

class HandClient final : public ports::HttpClient {
 public:
  ports::HttpCallId start(ports::HttpCall call, ports::HttpDone done) override;
  void cancel(ports::HttpCallId) override {}
  // The end of the call that has waited longest.
  void answer(std::uint32_t status, std::string body = {}, ports::HttpFields headers = {});
  void fail(ports::HttpFailureKind kind);

  std::vector<ports::HttpCall> calls;
  std::vector<ports::HttpDone> waiting;

 private:
  ports::HttpDone take();
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
  void run(ports::OneShot shot, std::function<void(ports::OneShotOutcome)> done) override;
  void recorded(const std::string& effect_id, std::uint32_t attempt) override {
    settled.push_back(effect_id + "." + std::to_string(attempt));
  }
  void end(const std::string& effect_id) override { ending.push_back(effect_id); }
  void look(std::string, std::function<void(ports::OneShotKnown)> done) override { done(known); }
  // The end of the process that was started first of those that run.
  void end(ports::OneShotEnd end, std::int32_t value, std::string out = {});

  std::vector<ports::OneShot> shots;
  std::vector<std::function<void(ports::OneShotOutcome)>> waiting;
  std::vector<std::string> settled;
  std::vector<std::string> ending;
  ports::OneShotKnown known;
};

// Units of an init system, as the test sets them; changes end when the test says so.
class HandUnits final : public ports::UnitPort {
 public:
  void read(const std::string&, std::function<void(Result<ports::UnitState>)> done) override { done(state); }
  void change(ports::UnitChange change, std::function<void(ports::UnitOutcome)> done) override {
    changes.push_back(std::move(change));
    waiting.push_back(std::move(done));
  }
  // The end of the change that was begun first of those under way, with the unit as it is now.
  void end(ports::UnitEnd end, std::string detail = {});
  // From now on the unit is in this state, under this invocation.
  void become(const std::string& active_state, const std::string& invocation_id);

  Result<ports::UnitState> state{ports::UnitState{}};
  std::vector<ports::UnitChange> changes;
  std::vector<std::function<void(ports::UnitOutcome)>> waiting;
};

// A folder of its own, gone with it.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string at(const std::string& name) const { return path + "/" + name; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool has(const std::string& name) const;

  std::string path;
};

struct Bench {
  Bench() { restart(); }
  // The process dies and another begins: nothing is remembered but what is on the disk and at the keeper.
  void restart();
  void begin(decltype(Effect::what) what, const std::string& name = "run-1/act/x");
  void settle(Duration time = {}) { loop.run_to(loop.now + time); }
  template <class T>
  [[nodiscard]] const T& last() const {
    EXPECT_FALSE(offered.empty());
    return std::get<T>(offered.back());
  }

  // The first attempt of an action on `path` of this host, or another as it is changed by the caller.
  [[nodiscard]] RunAction action(ActionKind kind, PlanValues args) const;

  Folder data;
  HandLoop loop;
  HandClient client;
  HandProber prober;
  HandKeeper keeper;
  HandUnits units;
  std::vector<Condition> conditions;
  Answer condition_answer{Observed::true_, {}, {}, {}, false};
  bool disk_is_busy{false};
  bool disk_waits{false};
  std::vector<std::function<void()>> disk_tasks;
  Taken taken{Taken::recorded};
  std::vector<CommandBody> offered;
  std::unique_ptr<Actions> actions;
};

// Looks each 5 s for what became of an action that had found `former`.
[[nodiscard]] ProbeAction probe_of(const RunAction& action, PlanValues former = {});

}  // namespace watchbill::drivers::action
