// The goldens of runs: test/data/plans/README.md says what each entry means.
#include <gtest/gtest.h>

#include "plan/bench_of_runs.h"
#include "core/plan/resolution.h"
#include "plan/fixture_bill.h"

namespace watchbill::core {
namespace {

const std::array files{"success.json", "verify-fails.json", "crash-after-intent.json", "unknown.json", "compensation-fails.json",
                       "alert-resolves.json", "cancel-and-hold.json"};

// One case, entry by entry.
class Story {
 public:
  explicit Story(const JsonValue& from) : from_(from), run_(text(*from.find("run"), "id")) {
    bench_.use_configuration(bill(*from.find("bill")));
    configuration_ = bill(*from.find("bill"));
    const auto resolved = plan::resolve(configuration_, {text(*from.find("run"), "runbook"), {}, {}, false}, bench_.limits());
    plan_ = *resolved;
    const auto fence = static_cast<std::uint64_t>(integer(from, "fence_before"));
    for (const std::string& target : plan_.targets) bench_.state().lease.targets.insert(target, lease::Target{fence, {}, {}});
    fence_before_ = fence;
  }

  [[nodiscard]] std::size_t size() const { return from_.find("input")->as_array()->size(); }

  void play(std::size_t entry) { enter((*from_.find("input")->as_array())[entry]); }

  // A new controller where the journal ends.
  void restart(Instant at) {
    reload();
    begin_epoch(at);
  }
  void reload() {
    State state = bench_.replayed();
    for (const std::string& target : plan_.targets) raise(state, target);
    bench_.state() = std::move(state);
  }

  [[nodiscard]] std::string run_state() const {
    const plan::Run* run = bench_.state().plan.runs.find(run_);
    return run == nullptr ? "" : std::string(word(run->state));
  }
  [[nodiscard]] const plan::Run& run() const { return *bench_.state().plan.runs.find(run_); }
  [[nodiscard]] const Plan& the_plan() const { return plan::plan_of(bench_.state().plan, run()); }
  [[nodiscard]] const std::string& id() const { return run_; }
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  [[nodiscard]] const std::vector<std::pair<Instant, Event>>& raw() const { return raw_; }
  [[nodiscard]] BenchOfRuns& bench() { return bench_; }
  [[nodiscard]] Instant last() const { return last_; }

 private:
  // The fence that a target had before the story began is not in its journal.
  void raise(State& state, const std::string& target) const {
    const lease::Target* known = state.lease.targets.find(target);
    if (known == nullptr) state.lease.targets.insert(target, lease::Target{fence_before_, {}, {}});
  }

  void keep(Instant at, std::vector<Event> events) {
    for (Event& event : events) raw_.emplace_back(at, std::move(event));
  }

  void tell(Instant at, CommandBody body) { keep(at, bench_.take(at, BenchOfRuns::engine_command(std::move(body)))); }
  void ask(Instant at, const std::string& by, CommandBody body) {
    keep(at, bench_.take(at, BenchOfRuns::person_command(by, std::move(body))));
  }

  void begin_epoch(Instant at) {
    StartEpoch epoch;
    epoch.state_format = state_format;
    // Of goldens each restart is epoch 8: the seven before left no other trace.
    if (bench_.state().progress.epoch < 7) bench_.state().progress.epoch = 7;
    tell(at, epoch);
  }

  EffectId open_effect() const { return run().effect ? run().effect->id : EffectId{"none"}; }

  void enter(const JsonValue& entry) {
    const Instant at{integer(entry, "at_ms")};
    const std::string probe = text(entry, "probe");
    const bool is_deadline = entry.find("due") || text(entry, "capture") == "not_readable" || probe == "exhausted";
    keep(at, bench_.meet_deadlines(is_deadline ? at : Instant{at.ms - 1}));
    last_ = at;
    if (is_deadline) return;
    if (entry.find("command")) return person(at, entry);
    if (entry.find("alert")) return alert(at, entry);
    if (entry.find("restart")) return restart(at);
    if (entry.find("outcome")) return outcome(at, entry);
    if (!probe.empty()) return tell(at, NoteProbe{open_effect(), *from_word<ProbeFinding>(probe), run_, text(entry, "source")});
    step_entry(at, entry);
  }

  void step_entry(Instant at, const JsonValue& entry) {
    const std::string path = text(entry, "step");
    if (const JsonValue* former = entry.find("former")) {
      NoteLook look;
      look.run = run_;
      look.step = path;
      look.former = *plan_value(*former).as_map();
      look.before = from_word<Observed>(text(entry, "before"));
      return tell(at, look);
    }
    if (entry.find("undo_seen")) return tell(at, NoteUndoSeen{run_, text(entry, "undo_seen") == "yes", path});
    NoteAnswer answer;
    answer.answer = *from_word<Observed>(text(entry, "answer"));
    answer.run = run_;
    answer.step = path;
    // The asker asks at the interval; the golden lists only the answers that matter.
    tell(at, answer);
  }

  void outcome(Instant at, const JsonValue& entry) {
    NoteOutcome note;
    note.attempt = run().effect ? run().effect->attempt : 1;
    note.effect_id = open_effect();
    note.outcome = *from_word<EffectOutcome>(text(entry, "outcome"));
    note.reason = text(entry, "reason");
    note.retryable = text(entry, "retryable") == "yes";
    note.run = run_;
    tell(at, note);
  }

  void alert(Instant at, const JsonValue& entry) {
    if (text(entry, "alert") == "fires") {
      ConsiderBinding consider;
      consider.alert = "alert-1";
      consider.binding = text(entry, "binding");
      consider.run = run_;
      consider.seed = text(*from_.find("run"), "seed");
      return tell(at, consider);
    }
    if (text(entry, "evidence") == "yes") tell(at, NoteNotNeeded{run_});
  }

  void person(Instant at, const JsonValue& entry) {
    const std::string command = text(entry, "command"), by = text(entry, "by");
    const std::string reason = "as the golden says";
    if (command == "start") {
      StartRun start;
      start.run = run_;
      start.runbook = text(*from_.find("run"), "runbook");
      start.seed = text(*from_.find("run"), "seed");
      ask(at, by, start);
    } else if (command == "approve") {
      GiveApproval approval;
      approval.plan = text(entry, "digest") == "other" ? sha256("other") : run().plan;
      approval.run = run_;
      ask(at, by, approval);
    } else if (command == "cancel") {
      ask(at, by, CancelRun{reason, run_});
    } else if (command == "hold") {
      ask(at, by, SetHold{reason, false, "all"});
    } else if (command == "release") {
      ask(at, by, ReleaseHold{reason, "all"});
    } else if (command == "resume") {
      ask(at, by, ResumeRun{reason, run_});
    } else {
      ask(at, by, ResolveRun{*from_word<OutcomeAnswer>(text(entry, "answer")), reason, run_, text(entry, "step")});
    }
  }

  const JsonValue& from_;
  std::string run_;
  BenchOfRuns bench_;
  RunbookConfiguration configuration_;
  Plan plan_;
  std::uint64_t fence_before_{0};
  Instant last_;
  std::vector<std::string> events_;
  std::vector<std::pair<Instant, Event>> raw_;
};

// The names by which goldens call commands.
const std::map<std::string, std::string> command_names{{"CancelRun", "cancel"},
                                                       {"ResumeRun", "resume"},
                                                       {"GiveApproval", "approve"},
                                                       {"ResolveRun", "resolve"},
                                                       {"StartRun", "start"}};

std::string shown(const JsonValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}

// An event as JSON, with the keys by which goldens call them.
JsonValue as_json(const Event& event) {
  std::string out;
  JsonWriter writer(out);
  encode_event(writer, RecordedEvent{event, std::nullopt});
  JsonValue parsed = *parse_json(out);
  auto& object = std::get<JsonValue::Object>(parsed.value);
  for (auto& [key, value] : object)
    if (key == "command")
      value.value = command_names.contains(*value.as_string()) ? command_names.at(*value.as_string()) : *value.as_string();
  return parsed;
}

// True when the event has all the listed fields; empty lists and maps are absent in events.
bool has_fields(const JsonValue& expected, const JsonValue& event, std::string& why) {
  for (const auto& [key, wanted] : *expected.as_object()) {
    if (key == "at_ms") continue;
    const JsonValue* given = event.find(key);
    const bool is_empty =
        (wanted.as_array() && wanted.as_array()->empty()) || (wanted.as_object() && wanted.as_object()->empty());
    if (is_empty ? given == nullptr : given != nullptr && shown(*given) == shown(wanted)) continue;
    why = key + ": expected " + shown(wanted) + ", got " + (given == nullptr ? "nothing" : shown(*given));
    return false;
  }
  return true;
}

bool is_listed_area(const Event& event) {
  const Area area = area_of(event);
  return area != Area::route && area != Area::access;
}

void expect_events(const JsonValue& expected, const Story& story) {
  std::vector<const JsonValue*> wanted;
  for (const JsonValue& each : *expected.find("events")->as_array())
    if (!text(each, "type").starts_with("Alert")) wanted.push_back(&each);  // those of area alert
  std::size_t next = 0;
  for (const auto& [at, event] : story.raw()) {
    if (!is_listed_area(event)) continue;
    const JsonValue given = as_json(event);
    ASSERT_LT(next, wanted.size()) << "unexpected " << shown(given);
    std::string why;
    EXPECT_EQ(at.ms, integer(*wanted[next], "at_ms")) << shown(given);
    EXPECT_TRUE(has_fields(*wanted[next], given, why)) << "event " << next << " " << shown(given) << "\n" << why;
    if (::testing::Test::HasFailure()) return;
    ++next;
  }
  EXPECT_EQ(next, wanted.size()) << "missing " << shown(*wanted[std::min(next, wanted.size() - 1)]);
}

void expect_end(const JsonValue& expected, Story& story) {
  EXPECT_EQ(story.run_state(), text(expected, "run"));
  for (const auto& [path, wanted] : *expected.find("steps")->as_object())
    EXPECT_EQ(word(plan::state_of_step(story.run(), story.the_plan(), *plan::step_index(story.the_plan(), path))),
              *wanted.as_string())
        << "step " << path;
  std::map<std::string, std::int64_t> leases;
  story.bench().state().lease.targets.each([&](const std::string& name, const lease::Target& target) {
    if (!target.run.empty()) leases[name] = static_cast<std::int64_t>(target.fence);
    return true;
  });
  std::map<std::string, std::int64_t> wanted;
  for (const auto& [name, fence] : *expected.find("leases")->as_object()) wanted[name] = *fence.as_integer();
  EXPECT_EQ(leases, wanted);
  const std::int64_t* exit = expected.find("exit")->as_integer();
  const std::optional<int> given = plan::exit_code_of(story.run());
  EXPECT_EQ(given.has_value(), exit != nullptr);
  if (given && exit) {
    EXPECT_EQ(*given, *exit);
  }
}

template <class Check>
void each_case(Check&& check) {
  for (const char* file : files) {
    const JsonValue cases = golden(file);
    for (const JsonValue& one : *cases.find("cases")->as_array()) {
      SCOPED_TRACE(std::string(file) + " " + text(one, "name"));
      check(one);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST(run_golden, every_story_gives_the_events_that_the_golden_lists) {
  each_case([](const JsonValue& one) {
    Story story(one);
    const auto& after = *one.find("expected")->find("run_after_each_input")->as_array();
    for (std::size_t entry = 0; entry < story.size(); ++entry) {
      story.play(entry);
      EXPECT_EQ(story.run_state(), *after[entry].as_string()) << "after entry " << entry;
    }
    expect_events(*one.find("expected"), story);
    expect_end(*one.find("expected"), story);
  });
}

TEST(run_golden, replay_gives_the_same_state_and_the_same_indexes) {
  each_case([](const JsonValue& one) {
    Story story(one);
    for (std::size_t entry = 0; entry < story.size(); ++entry) story.play(entry);
    State live = story.bench().state();
    story.reload();
    State& again = story.bench().state();
    again.progress.epoch = live.progress.epoch;
    EXPECT_EQ(digest_of(live), digest_of(again));
    EXPECT_TRUE(live.schedule == again.schedule);
    std::string snapshot;
    write_snapshot(live, snapshot);
    auto read = read_snapshot(snapshot, story.bench().limits());
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_EQ(digest_of(*read), digest_of(live));
    EXPECT_TRUE(read->schedule == live.schedule);
  });
}

TEST(run_golden, nothing_is_changed_outside_the_capability) {
  each_case([](const JsonValue& one) {
    Story story(one);
    for (std::size_t entry = 0; entry < story.size(); ++entry) story.play(entry);
    bool is_granted = false;
    for (const auto& [at, event] : story.raw()) {
      if (std::holds_alternative<MutateGranted>(event)) is_granted = true;
      if (std::holds_alternative<MutateWithdrawn>(event)) is_granted = false;
      if (const auto* intended = std::get_if<EffectIntended>(&event); intended && !intended->target.empty()) {
        EXPECT_TRUE(is_granted);
      }
    }
  });
}

TEST(run_golden, a_restart_after_any_entry_ends_in_the_same_state) {
  each_case([](const JsonValue& one) {
    for (std::size_t cut = 0; cut < Story(one).size(); ++cut) {
      SCOPED_TRACE("restart after entry " + std::to_string(cut));
      Story story(one);
      for (std::size_t entry = 0; entry < story.size(); ++entry) {
        story.play(entry);
        if (entry == cut) story.restart(story.last());
      }
      const std::string wanted = text(*one.find("expected"), "run");
      // What is in flight where the story ends is unknown after a restart there.
      if (cut + 1 < story.size() || story.run().effect == std::nullopt) {
        EXPECT_EQ(story.run_state(), wanted);
      }
    }
  });
}

}  // namespace
}  // namespace watchbill::core
