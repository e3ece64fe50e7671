// Generated stories of alerts and silences, played to watchbill and to a real Alertmanager side by side: they show and tell
// the same.
//
// WB_ROUTING_SEEDS: how many stories, WB_ROUTING_SEED: the first one, WB_ROUTING_AT_ONCE: how many beside one another.
// WB_ROUTING_TEXTS=changing: also with other annotations and links in later posts of an alert, which watchbill does not put into
// messages (only an alert's beginning and its end are recorded); a real Alertmanager beside another one is asked so anyway.
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "differential/routing/harness/play.h"
#include "differential/routing/harness/story.h"

namespace watchbill::routing_differential {
namespace {

std::size_t setting(const char* name, std::size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// --- the generator ---

TEST(routing_stories, a_seed_gives_one_story) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Scenario one = scenario_of(seed), again = scenario_of(seed);
    EXPECT_EQ(one.moments.size(), scenario_of(seed, {.has_steady_texts = true}).moments.size());
    const std::string text = one.configuration.yaml() + one.text();
    EXPECT_EQ(text, again.configuration.yaml() + again.text());
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), 200U);
}

TEST(routing_stories, have_all_that_a_router_does) {
  std::map<std::string, std::size_t> uses;
  constexpr std::uint64_t count = 300;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const Scenario story = scenario_of(seed);
    const std::string yaml = story.configuration.yaml();
    EXPECT_GE(story.moments.size(), 3U) << seed;
    for (const char* each : {"continue: true", "'...'", "group_by: []", "match:", "match_re:", "matchers:", "source_match:",
                             "target_match_re:", "source_matchers:", "equal:", "send_resolved: false", "max_alerts:", "=~", "!~",
                             "!=", "group_interval: 2s", "- name: nobody", "            - #"})
      uses[each] += yaml.find(each) != std::string::npos ? 1U : 0U;
    for (const Moment& moment : story.moments) {
      ++uses[moment.what];
      uses["ended muted"] += moment.ended_muted.size();
    }
    uses["muted by a rule"] += story.muted_by_rules > 0 ? 1U : 0U;
    uses["muted by a silence"] += story.muted_by_silences > 0 ? 1U : 0U;
    for (const InhibitRule& rule : story.configuration.rules)
      for (const Letters& letters : alphabet())
        for (const std::string& value : letters.values)
          uses["two-sided"] += are_met(rule.source, {{letters.name, value}}) && are_met(rule.target, {{letters.name, value}});
  }
  EXPECT_GE(uses.size(), 30U);
  for (const auto& [what, times] : uses) EXPECT_GE(times, 10U) << what;
}

TEST(routing_stories, rules_mute_as_alertmanager_says) {
  const Condition page{ConditionKind::equal, "severity", "page"}, none{ConditionKind::not_regex, "severity", ".+"};
  const InhibitRule rule{{page}, {none}, {"job"}};
  EXPECT_TRUE(inhibits(rule, {{{"severity", "page"}, {"job", "a"}}, {{"job", "a"}}}));
  EXPECT_FALSE(inhibits(rule, {{{"severity", "page"}, {"job", "a"}}, {{"job", "b"}}}));
  EXPECT_TRUE(inhibits(rule, {{{"severity", "page"}}, {{"x", "y"}}})) << "a label that both lack is equal";
  const InhibitRule both{{page}, {page}, {}};
  EXPECT_FALSE(inhibits(both, {{{"severity", "page"}, {"job", "a"}}, {{"severity", "page"}}})) << "each is both";
}

// --- the routers ---

// All stories run at once, as they mostly wait; each test looks at its own.
class SideBySide : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!alertmanager_program(why_not())) return;
    // Of the first 600, six neighbours in which most is muted and ends muted.
    constexpr std::size_t good_seed = 264;
    const std::size_t first = setting("WB_ROUTING_SEED", good_seed), count = setting("WB_ROUTING_SEEDS", 6);
    const char* texts = std::getenv("WB_ROUTING_TEXTS");
    const bool is_steady = texts == nullptr || std::string(texts) != "changing";
    std::vector<Play> plays;
    for (std::size_t i = 0; i < count; ++i) plays.push_back({first + i, RouterKind::watchbill, Plant::none, is_steady});
    if (std::getenv("WB_ROUTING_SEED") == nullptr) {
      plays.push_back({1, RouterKind::alertmanager, Plant::none, false});
      for (const Plant plant : {Plant::other_group_by, Plant::rule_dropped, Plant::silence_not_posted})
        plays.push_back({seed_for(plant), RouterKind::alertmanager, plant, false});
    }
    outcomes() = play_all(plays, setting("WB_ROUTING_AT_ONCE", 10));
  }
  void SetUp() override {
    if (!why_not().empty()) GTEST_SKIP() << why_not();
  }

  static std::string& why_not() {
    static std::string text;
    return text;
  }
  static std::vector<Outcome>& outcomes() {
    static std::vector<Outcome> all;
    return all;
  }
  // The first story in which the fault matters.
  static std::uint64_t seed_for(Plant plant) {
    for (std::uint64_t seed = 1;; ++seed) {
      const Scenario story = scenario_of(seed);
      if (plant == Plant::rule_dropped && (story.configuration.rules.size() != 1 || story.muted_by_rules == 0)) continue;
      if (plant == Plant::silence_not_posted && story.muted_by_silences == 0) continue;
      return seed;
    }
  }
};

TEST_F(SideBySide, watchbill_shows_and_tells_what_alertmanager_does) {
  Tally tally;
  std::size_t wavering = 0, count = 0;
  for (const Outcome& each : outcomes()) {
    if (each.play.right != RouterKind::watchbill) continue;
    EXPECT_TRUE(each.is_alike()) << each.report;
    if (!each.wavering.empty()) std::printf("only once: %s\n", each.wavering.c_str());
    wavering += each.wavering.empty() ? 0U : 1U;
    ++count;
    tally.add(each.tally);
  }
  std::printf("%s; %zu wavered\n", tally.text().c_str(), wavering);
  EXPECT_LE(wavering, 1 + count / 10) << "what comes and goes is too often";
}

TEST_F(SideBySide, an_alertmanager_does_not_differ_from_itself) {
  for (const Outcome& each : outcomes())
    if (each.play.right == RouterKind::alertmanager && each.play.plant == Plant::none) {
      EXPECT_TRUE(each.is_alike()) << each.report;
      EXPECT_GT(each.tally.messages, 3U) << each.tally.text();
    }
}

TEST_F(SideBySide, planted_faults_are_found) {
  for (const Outcome& each : outcomes())
    if (each.play.plant != Plant::none) {
      EXPECT_EQ(each.trouble, "");
      EXPECT_NE(each.what, "") << "plant " << static_cast<int>(each.play.plant) << ", seed " << each.play.seed;
    }
}

}  // namespace
}  // namespace watchbill::routing_differential
