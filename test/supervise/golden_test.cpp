// The goldens of supervision: every row of test/data/supervision holds.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "places.h"
#include "supervise/hang.h"
#include "supervise/health.h"
#include "supervise/restart.h"

namespace watchbill::supervise {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

JsonValue golden(const std::string& name) {
  auto parsed = parse_json(read_file(in_test_data("supervision/" + name)));
  if (!parsed) throw std::runtime_error(parsed.error().text());
  return std::move(*parsed);
}

std::int64_t integer(const JsonValue& value, const char* key) { return *value.find(key)->as_integer(); }

double real(const JsonValue& value) {
  if (const auto* number = std::get_if<double>(&value.value)) return *number;
  return static_cast<double>(*value.as_integer());
}

std::int64_t millionths(const JsonValue& value) { return std::llround(real(value) * 1e6); }

TEST(golden, delays_before_restarts_are_those_of_the_golden) {
  const JsonValue cases = golden("backoff.json");
  ASSERT_FALSE(cases.as_array()->empty());
  for (const JsonValue& item : *cases.as_array()) {
    Backoff backoff;
    backoff.initial = Duration{integer(item, "initial_ms")};
    backoff.max = Duration{integer(item, "max_ms")};
    backoff.factor_millionths = millionths(*item.find("factor"));
    backoff.jitter_millionths = millionths(*item.find("jitter"));
    for (const JsonValue& row : *item.find("rows")->as_array()) {
      const StartKey key{*item.find("namespace")->as_string(), *item.find("name")->as_string(),
                         static_cast<std::uint64_t>(integer(row, "incarnation"))};
      EXPECT_EQ(jitter_fraction(key), real(*row.find("u")));
      EXPECT_EQ(restart_delay(backoff, key, static_cast<std::uint32_t>(integer(row, "n"))).ms, integer(row, "delay_ms"))
          << key.name << " restart " << integer(row, "n");
    }
  }
}

TEST(golden, a_hang_is_declared_in_the_second_that_the_golden_names) {
  const JsonValue cases = golden("hang.json");
  for (const JsonValue& item : *cases.as_array()) {
    const HangLimits limits{Duration{integer(item, "timeout_ms")}, Duration{integer(item, "start_grace_ms")}};
    const auto& received = *item.find("beats_ms")->as_array();
    const JsonValue& expected = *item.find("expected");
    const std::int64_t horizon_ms = item.find("horizon_ms") != nullptr ? integer(item, "horizon_ms") : 1'000'000;
    Beats beats = Beats::since_start(Instant{0});
    std::size_t next = 0;
    std::optional<Hang> hang;
    std::int64_t at_ms = 0;
    for (; at_ms <= horizon_ms && !hang; at_ms += 1000) {
      for (; next < received.size() && *received[next].as_integer() <= at_ms; ++next)
        beats.beat(Instant{*received[next].as_integer()});
      hang = judge_hang(limits, beats, Instant{at_ms});
      EXPECT_EQ(hang.has_value(), Instant{at_ms} >= hang_due(limits, beats));
    }
    if (expected.as_object() == nullptr) {
      EXPECT_FALSE(hang) << *item.find("name")->as_string();
      continue;
    }
    ASSERT_TRUE(hang) << *item.find("name")->as_string();
    EXPECT_EQ(at_ms - 1000, integer(expected, "hang_at_ms"));
    EXPECT_EQ(hang->silence.ms, integer(expected, "silence_ms"));
    EXPECT_EQ(hang->limit.ms, integer(expected, "limit_ms"));
  }
}

TEST(golden, health_after_every_result_is_that_of_the_golden) {
  const JsonValue file = golden("probes-and-budget.json");
  for (const JsonValue& item : *file.find("probes")->as_array()) {
    const HealthRule rule{static_cast<std::uint32_t>(integer(item, "rise")), static_cast<std::uint32_t>(integer(item, "fall")),
                          Duration::seconds(integer(item, "stale_s"))};
    HealthState state = HealthState::begin(Instant{0});
    Instant now{0};
    const auto& results = *item.find("results")->as_array();
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::string& result = *results[i].as_string();
      const Health before = state.health;
      const bool changed = observe(rule, state,
                                   result == "pass"   ? ProbeResult::pass
                                   : result == "fail" ? ProbeResult::fail
                                                      : ProbeResult::error,
                                   now);
      EXPECT_EQ(word(state.health), *(*item.find("expected")->as_array())[i].as_string()) << "result " << i;
      EXPECT_EQ(changed, state.health != before) << "result " << i;
      now = now + Duration::seconds(integer(item, "every_s"));
    }
  }
}

TEST(golden, each_failure_is_decided_as_in_the_golden) {
  const JsonValue file = golden("probes-and-budget.json");
  for (const JsonValue& item : *file.find("budget")->as_array()) {
    RestartRule rule;
    rule.limit = RestartLimit{static_cast<std::uint32_t>(integer(item, "limit")), Duration::seconds(integer(item, "window_s"))};
    RestartBudget budget;
    RestartCount count;
    const auto& failures = *item.find("failures_at_s")->as_array();
    for (std::size_t i = 0; i < failures.size(); ++i) {
      const Instant at = Instant{0} + Duration::seconds(*failures[i].as_integer());
      const Decision decision =
          decide_restart(rule, Ended{EndReason::exit, false}, StartKey{"prod", "web", i + 2}, budget, count, at);
      const bool restarts = *(*item.find("expected")->as_array())[i].as_string() == "restart";
      EXPECT_EQ(decision.verdict, restarts ? Verdict::restart : Verdict::budget_exhausted) << "failure " << i;
    }
  }
}

TEST(golden, the_copies_are_the_fixtures_we_agreed_on) {
  const std::filesystem::path shared = in_source("../shared/fixtures/supervision");
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "the shared fixtures are not here";
  for (const auto& entry : std::filesystem::directory_iterator(shared))
    EXPECT_EQ(read_file(entry.path()), read_file(in_test_data("supervision/" + entry.path().filename().string())))
        << entry.path().filename();
}

}  // namespace
}  // namespace watchbill::supervise
