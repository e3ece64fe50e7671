// Prometheus' lists of alerts: what they tell, to the byte, and that nobody waits for the whole of a long one.
#include <gtest/gtest.h>

#include <algorithm>

#include "api/stand.h"
#include "metrics/rules/rule.h"

namespace watchbill::api {
namespace {

constexpr int many = 1700;  // more than are read at once

// One alerting rule, as the bill has it and as it is compiled.
struct OneRule {
  OneRule() {
    metrics::rules::GroupSource source{"/etc/rules.yml", "bad", Duration::seconds(20), {}, 0, {}, {}};
    source.rules.push_back({"Bad", "", "bench_bad > 0", {}, {}, {}, {{"summary", "it is bad"}}, false});
    auto group = metrics::rules::compile(source);
    EXPECT_TRUE(group);
    compiled = std::move(*group);
    written.file = source.file;
    written.name = source.name;
    written.interval = source.interval;
    written.rules.resize(1);
    written.rules[0].alert = "Bad";
    written.rules[0].annotations = source.rules[0].annotations;
  }
  [[nodiscard]] const RuleId& id() const { return compiled.rules[0].id; }

  // What its evaluation finds. `from` and `to` number the elements.
  [[nodiscard]] NoteRuleAnswer answer(Instant at, int from, int to, Presence presence = Presence::present) const {
    NoteRuleAnswer note;
    note.at = at;
    note.expression = compiled.rules[0].digest;
    note.group = compiled.key;
    note.name = "Bad";
    note.rule = id();
    for (int i = from; i < to; ++i) {
      ElementChange change;
      change.element.set("n", std::to_string(10'000 + i));
      change.labels = change.element;
      change.labels.set("alertname", "Bad");
      change.presence = presence;
      if (presence == Presence::present) {
        change.annotations["summary"] = summary;
        change.value = "1";
      }
      note.changes.push_back(std::move(change));
    }
    return note;
  }

  RuleGroupConfiguration written;
  metrics::rules::RuleGroup compiled;
  std::string summary = "it is \"bad\"";
};

class alert_lists : public ::testing::Test {
 protected:
  alert_lists() {
    stand.groups = [this] {
      RuleGroups groups;
      const metrics::rules::RuleHealth well{stand.desk.now, "", {}, 1'250};
      groups.views.push_back({rule.written, rule.compiled, stand.desk.now, 2'000, 0, 0, {well}});
      return groups;
    };
  }
  void see(int from, int to, Presence presence = Presence::present) {
    constexpr int portion = 100;
    for (int first = from; first < to; first += portion)
      stand.record(rule.answer(stand.desk.now, first, std::min(to, first + portion), presence));
  }
  // What the list has of one alert that fires.
  static std::string firing(const std::string& n) {
    return R"({"labels":{"alertname":"Bad","n":")" + n + R"("},"annotations":{"summary":"it is \"bad\""},"state":"firing",)" +
           R"("activeAt":"2026-03-01T12:00:00.000Z","value":"1e+00"})";
  }
  // All that fire, in the order of their ids.
  std::string all_firing() {
    std::string out = "[";
    stand.desk.follower->read([&out](const core::State& state, const ChainHead&) {
      state.alert.alerts.each([&out](const std::string&, const core::alert::Alert& alert) {
        if (alert.phase == AlertPhase::firing) out += (out.size() > 1 ? "," : "") + firing(std::string(alert.labels.get("n")));
        return true;
      });
    });
    return out + "]";
  }
  std::string rule_begin(const std::string& state) {
    return R"({"status":"success","data":{"groups":[{"name":"bad","file":"/etc/rules.yml","rules":[{"state":")" + state +
           R"(","name":"Bad","query":"bench_bad > 0","duration":0,"keepFiringFor":0,"labels":{},)" +
           R"("annotations":{"summary":"it is bad"})";
  }
  static constexpr std::string_view rule_end =
      R"("health":"ok","evaluationTime":0.001250,"lastEvaluation":"2026-03-01T12:00:00.000Z","type":"alerting"}],"interval":20,)"
      R"("limit":0,"evaluationTime":0.002000,"lastEvaluation":"2026-03-01T12:00:00.000Z"}]}})"
      "\n";

  std::string body_of(const std::string& path, ports::HttpParameters query = {}) {
    const Reply reply = stand.ask(path, std::move(query));
    EXPECT_FALSE(*reply) << "the loop must not write a long list";
    stand.run_pool();
    return *reply ? (**reply).body : "";
  }
  // Asks for a list; while it is read, a hold is set, as soon as the engine and the follower can: between two pieces.
  // True when it was answered before the list was.
  bool answers_a_hold_while_reading(const std::string& path) {
    bool is_held = false, is_answered_first = false;
    Reply reply;
    stand.is_ending = [&] {
      if (is_held) return false;
      is_held = true;
      const Sequence before = stand.desk.follower->head_sequence();
      stand.desk.person(SetHold{"x", false, "all"});
      static_cast<void>(stand.desk.step());
      stand.desk.follower->when_applied(before + 1, [&] { is_answered_first = !*reply; });
      stand.follow();
      return false;
    };
    const Sequence before = stand.desk.follower->head_sequence();
    reply = stand.ask(path);
    stand.run_pool();
    stand.is_ending = [] { return false; };  // what it refers to ends here
    EXPECT_TRUE(*reply);
    if (*reply) {
      const std::string* sequence = ports::find_field((**reply).headers, "X-Watchbill-Sequence");
      EXPECT_EQ(sequence == nullptr ? "" : *sequence, std::to_string(before)) << "what came later may be missing";
    }
    return is_answered_first;
  }

  OneRule rule;
  Stand stand;
};

// Long texts are told by where they begin to differ.
::testing::AssertionResult is_same(const std::string& got, const std::string& wanted) {
  if (got == wanted) return ::testing::AssertionSuccess();
  const auto at = std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end()).first - got.begin();
  const std::size_t from = at < 40 ? 0 : static_cast<std::size_t>(at) - 40;
  return ::testing::AssertionFailure() << got.size() << " bytes, wanted " << wanted.size() << "; from " << from << ": "
                                       << got.substr(from, 120) << " instead of "
                                       << (from < wanted.size() ? wanted.substr(from, 120) : "the end");
}

TEST_F(alert_lists, tell_of_no_alert_in_prometheus_words) {
  EXPECT_EQ(body_of("/api/v1/alerts"), "{\"status\":\"success\",\"data\":{\"alerts\":[]}}\n");
  EXPECT_EQ(body_of("/api/v1/rules"), rule_begin("inactive") + ",\"alerts\":[]," + std::string(rule_end));
}

TEST_F(alert_lists, tell_of_each_alert_once_and_in_its_place_however_many_there_are) {
  see(0, many);
  stand.record(rule.answer(stand.desk.now, 3, 50, Presence::absent));
  const std::string all = all_firing();
  ASSERT_GT(all.size(), 150U * (many - 47));
  EXPECT_TRUE(is_same(body_of("/api/v1/alerts"), "{\"status\":\"success\",\"data\":{\"alerts\":" + all + "}}\n"));
  EXPECT_TRUE(is_same(body_of("/api/v1/rules"), rule_begin("firing") + ",\"alerts\":" + all + "," + std::string(rule_end)));
  EXPECT_EQ(body_of("/api/v1/rules", {{"exclude_alerts", "true"}}), rule_begin("firing") + "," + std::string(rule_end));
}

TEST_F(alert_lists, hold_up_no_answer) {
  see(0, many);
  EXPECT_TRUE(answers_a_hold_while_reading("/api/v1/alerts"));
}

TEST_F(alert_lists, of_rules_hold_up_no_answer) {
  see(0, many);
  EXPECT_TRUE(answers_a_hold_while_reading("/api/v1/rules"));
}

TEST_F(alert_lists, of_a_few_long_alerts_hold_up_no_answer) {
  rule.summary.append(1000, '!');
  see(0, 200);
  EXPECT_TRUE(answers_a_hold_while_reading("/api/v1/alerts"));
}

TEST_F(alert_lists, that_pass_over_many_hold_up_no_answer) {
  see(0, many);
  see(0, many, Presence::absent);
  EXPECT_TRUE(answers_a_hold_while_reading("/api/v1/alerts"));
  EXPECT_EQ(body_of("/api/v1/alerts"), "{\"status\":\"success\",\"data\":{\"alerts\":[]}}\n");
}

TEST_F(alert_lists, end_when_the_controller_does) {
  see(0, many);
  stand.is_ending = [] { return true; };
  for (const std::string path : {"/api/v1/alerts", "/api/v1/rules"}) {
    const Reply reply = stand.ask(path);
    stand.run_pool();
    ASSERT_TRUE(*reply);
    EXPECT_EQ((**reply).status, 503U);
    EXPECT_EQ((**reply).body, "{\"status\":\"error\",\"errorType\":\"unavailable\",\"error\":\"the controller ends\"}\n");
  }
}

}  // namespace
}  // namespace watchbill::api
