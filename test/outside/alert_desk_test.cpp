// The desk beside a slow, plain model of what Alertmanager keeps and of what the core was told.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "outside/alert_desk.h"

namespace watchbill::outside {
namespace {

constexpr Instant start{1'772'366'400'000};
constexpr Duration timeout = Duration::minutes(5);

Labels named(const std::string& name) { return Labels(std::vector<Labels::Pair>{{"alertname", name}}); }

PostedAlert posted(const std::string& name, std::optional<Instant> starts_at = {}, std::optional<Instant> ends_at = {}) {
  return {named(name), {}, starts_at, ends_at, {}};
}

class alert_desk : public ::testing::Test {
 protected:
  // Posts one, and says what the core must hear of it; `is_heard` is what comes of that.
  std::string post(const PostedAlert& alert, bool is_heard = true) {
    receipt_ = desk_.post({alert}, now_, timeout);
    return settle(is_heard);
  }
  std::string meet(Duration after) {
    now_ = now_ + after;
    desk_.meet(now_);
    return settle(true);
  }
  std::string settle(bool is_heard) {
    std::string out;
    for (const AlertDesk::Change& change : desk_.close_round(now_)) {
      const std::string what = change.alert.cause ? std::string(word(*change.alert.cause)) : "fires";
      out += (out.empty() ? "" : ", ") + std::string(change.alert.labels.get("alertname")) + " " + what;
      if (change.alert.ends_at) out += " " + std::to_string((*change.alert.ends_at - start).ms / 1000);
      desk_.settle(change.number, is_heard, now_);
    }
    return out;
  }
  [[nodiscard]] Instant in(std::int64_t seconds) const { return now_ + Duration::seconds(seconds); }

  AlertDesk desk_{DeskLimits{}};
  Instant now_{start};
  AlertDesk::Receipt receipt_;
};

TEST_F(alert_desk, tells_of_the_beginning_and_of_nothing_that_only_moves_the_end) {
  EXPECT_EQ(post(posted("A", now_, in(240))), "A fires 240");
  for (int minute = 1; minute <= 30; ++minute) {
    EXPECT_EQ(meet(Duration::minutes(1)), "");
    EXPECT_EQ(post(posted("A", start, in(240))), "");
  }
  EXPECT_EQ(desk_.find(named("A"))->starts_at, start);
  EXPECT_EQ(desk_.find(named("A"))->ends_at, in(240));
}

TEST_F(alert_desk, tells_of_an_end_that_the_sender_says) {
  EXPECT_EQ(post(posted("A", now_, in(240))), "A fires 240");
  now_ = in(60);
  EXPECT_EQ(post(posted("A", start, now_)), "A sender 60");
  EXPECT_EQ(post(posted("A", start, now_)), "") << "a Prometheus says it for 15 minutes";
  EXPECT_EQ(post(posted("B", start, now_)), "") << "nobody heard of it before";
}

TEST_F(alert_desk, ends_by_itself_what_nobody_speaks_of_any_more) {
  EXPECT_EQ(post(posted("A")), "A fires") << "who gives no end has said none";
  EXPECT_EQ(meet(Duration::seconds(299)), "");
  EXPECT_EQ(desk_.next_at(), start + timeout);
  EXPECT_EQ(meet(Duration::seconds(1)), "A expired 300");
  EXPECT_EQ(post(posted("A")), "A fires");
}

TEST_F(alert_desk, looks_no_earlier_than_the_moved_end_demands_twice) {
  EXPECT_EQ(post(posted("A")), "A fires");
  now_ = in(200);
  EXPECT_EQ(post(posted("A")), "");
  EXPECT_EQ(meet(Duration::seconds(100)), "");
  EXPECT_EQ(desk_.next_at(), start + Duration::seconds(500));
  EXPECT_EQ(meet(Duration::seconds(200)), "A expired 500");
}

TEST_F(alert_desk, is_as_before_when_the_core_did_not_take_it) {
  EXPECT_EQ(post(posted("A", now_, in(60)), false), "A fires 60");
  EXPECT_EQ(desk_.size(), 0U);
  EXPECT_EQ(desk_.bytes(), 0U);
  EXPECT_EQ(post(posted("A", now_, in(60))), "A fires 60") << "the next repetition tries again";
  now_ = in(10);
  EXPECT_EQ(post(posted("A", start, now_), false), "A sender 10");
  EXPECT_EQ(desk_.find(named("A"))->ends_at, start + Duration::seconds(60));
  EXPECT_EQ(post(posted("A", start, now_)), "A sender 10");
}

TEST_F(alert_desk, tries_an_expired_end_again_after_a_second) {
  EXPECT_EQ(post(posted("A", now_, in(60))), "A fires 60");
  now_ = in(60);
  desk_.meet(now_);
  EXPECT_EQ(settle(false), "A expired 60");
  EXPECT_EQ(desk_.next_at(), in(1));
  EXPECT_EQ(meet(Duration::seconds(1)), "A expired 60");
}

TEST_F(alert_desk, hears_of_an_end_that_passed_while_the_beginning_was_on_its_way) {
  receipt_ = desk_.post({posted("A", now_, in(60))}, now_, timeout);
  const std::vector<AlertDesk::Change> changes = desk_.close_round(now_);
  ASSERT_EQ(changes.size(), 1U);
  now_ = in(61);
  desk_.settle(changes.front().number, true, now_);
  EXPECT_EQ(meet(Duration::seconds(1)), "A expired 60");
}

TEST_F(alert_desk, waits_longer_for_a_word_after_a_start) {
  OutsideAlert alert;
  alert.labels = named("A");
  alert.starts_at = start - Duration::hours(1);
  alert.ends_at = start - Duration::minutes(50);
  desk_.remember(alert, now_, timeout);
  alert.labels = named("B");
  alert.ends_at = start + Duration::hours(1);
  desk_.remember(alert, now_, timeout);
  EXPECT_EQ(post(posted("A", start - Duration::hours(1), in(240))), "") << "the core knows that it fires";
  EXPECT_EQ(meet(Duration::seconds(240)), "A expired 240");
  EXPECT_EQ(meet(Duration::hours(1)), "B expired 3600");
}

TEST_F(alert_desk, tells_nothing_of_what_began_and_ended_in_one_round) {
  receipt_ = desk_.post({posted("A", now_, in(60)), posted("A", now_, now_)}, now_, timeout);
  EXPECT_EQ(settle(true), "");
  EXPECT_EQ(post(posted("A", now_, in(60))), "A fires 60");
}

TEST_F(alert_desk, takes_the_valid_ones_and_names_the_others_by_place) {
  PostedAlert bad_name = posted("A");
  bad_name.labels.set("1a", "x");
  PostedAlert none;
  PostedAlert bad_annotation = posted("B");
  bad_annotation.annotations["-"] = "x";
  PostedAlert huge = posted("C");
  huge.labels.set("big", std::string(100'000, 'x'));
  receipt_ = desk_.post({bad_name, none, bad_annotation, posted("D", in(1), now_), huge, posted("E")}, now_, timeout);
  EXPECT_EQ(receipt_.faults, (std::vector<std::string>{
                                 "invalid label set: invalid name \"1a\" (alerts[0])",
                                 "at least one label pair required (alerts[1])",
                                 "invalid annotations: invalid name \"-\" (alerts[2])",
                                 "start time must be before end time (alerts[3])",
                                 "labels, annotations and generatorURL of 100013 bytes, expected at most 65536 (alerts[4])"}));
  EXPECT_EQ(settle(true), "E fires");
  EXPECT_EQ(desk_.size(), 1U);
}

TEST(alert_desk_limits, turns_away_by_name_what_has_no_room_and_keeps_what_it_knows) {
  AlertDesk desk({2, 1'000, 500, Duration::minutes(15)});
  const auto say = [&](std::vector<PostedAlert> alerts, Instant now) {
    AlertDesk::Receipt receipt = desk.post(std::move(alerts), now, timeout);
    for (const AlertDesk::Change& change : desk.close_round(now)) desk.settle(change.number, true, now);
    return receipt;
  };
  EXPECT_TRUE(say({posted("A"), posted("B")}, start).crowded.empty());
  const AlertDesk::Receipt receipt = say({posted("A"), posted("C"), posted("B")}, start);
  EXPECT_EQ(receipt.crowded, (std::vector<std::string>{"{alertname=\"C\"}"}));
  // One that has ended makes room.
  EXPECT_TRUE(say({posted("B", start, start)}, start).crowded.empty());
  EXPECT_TRUE(say({posted("C")}, start + Duration::seconds(1)).crowded.empty());
  EXPECT_EQ(desk.find(named("B")), nullptr);
  EXPECT_NE(desk.find(named("A")), nullptr);
}

// --- beside the model ---

// As Alertmanager's provider keeps alerts, told in the plainest way; and who the core has as firing.
struct Model {
  struct Kept {
    std::int64_t starts{0}, ends{0};
    bool timeout{false};
    std::string annotation;
    bool told{false};
  };
  std::map<std::string, Kept> kept;

  static Kept merge(const Kept& old, const Kept& young, std::int64_t now) {
    Kept out = young;
    if (old.starts < young.starts) out.starts = old.starts;
    const bool young_resolved = young.ends <= now, old_resolved = old.ends <= now;
    if (young_resolved) {
      if (old_resolved && old.ends > young.ends) out.ends = old.ends;
    } else {
      if (old.ends > young.ends && !old.timeout) out.ends = old.ends;
    }
    return out;
  }
  void put(const std::string& name, Kept alert, std::int64_t now) {
    const auto old = kept.find(name);
    if (old == kept.end()) {
      kept[name] = alert;
      return;
    }
    const Kept& o = old->second;
    const bool overlaps =
        (alert.ends > o.starts && alert.ends < o.ends) || (alert.starts > o.starts && alert.starts < o.ends);
    const bool told = o.told;
    if (overlaps) alert = merge(o, alert, now);
    alert.told = told;
    old->second = alert;
  }
  // What must be told now of this alert: "fires", "over" or "".
  std::string difference(const std::string& name, std::int64_t now) const {
    const auto at = kept.find(name);
    if (at == kept.end()) return "";
    const bool fires = at->second.ends > now;
    if (fires == at->second.told) return "";
    return fires ? "fires" : "over";
  }
};

TEST(alert_desk_model, both_keep_and_tell_the_same_whatever_is_said) {
  constexpr std::int64_t age_ms = 900'000;
  constexpr std::int64_t grid_ms = 20'000;  // coarse, so that times are often equal
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto upto = [&random](unsigned n) { return static_cast<std::int64_t>(random() % n); };
    AlertDesk desk({100, 1U << 20, 10'000, Duration{age_ms}});
    Model model;
    std::int64_t now = start.ms;
    for (int step = 0; step < 150; ++step) {
      now += (upto(4) == 0 ? upto(20) : upto(2)) * grid_ms;
      // What is due is met first, as the program does it.
      std::map<std::string, std::string> wanted, told;
      if (desk.next_at().ms <= now) desk.meet(Instant{now});
      for (const auto& [name, kept] : model.kept)
        if (const std::string what = model.difference(name, now); what == "over") wanted[name] = what + " expired";
      bool is_heard = true;
      const auto hear = [&] {
        for (const AlertDesk::Change& change : desk.close_round(Instant{now})) {
          const std::string name(change.alert.labels.get("alertname"));
          told[name] = change.alert.cause ? "over " + std::string(word(*change.alert.cause)) : "fires";
          if (is_heard) model.kept[name].told = !model.kept[name].told;
          desk.settle(change.number, is_heard, Instant{now});
        }
      };
      hear();
      ASSERT_EQ(told, wanted) << "seed " << seed << ", step " << step;
      std::erase_if(model.kept, [&](const auto& each) { return !each.second.told && each.second.ends + age_ms <= now; });
      wanted.clear();
      told.clear();
      const std::string name(1, static_cast<char>('A' + upto(4)));
      PostedAlert alert = posted(name);
      if (upto(3) != 0) alert.starts_at = Instant{now - upto(30) * grid_ms + upto(4) * grid_ms};
      if (upto(3) != 0) alert.ends_at = Instant{now + upto(30) * grid_ms - 10 * grid_ms};
      alert.annotations["n"] = std::to_string(step);
      Model::Kept kept;
      kept.annotation = std::to_string(step);
      kept.starts = alert.starts_at ? alert.starts_at->ms : alert.ends_at ? alert.ends_at->ms : now;
      kept.timeout = !alert.ends_at;
      kept.ends = alert.ends_at ? alert.ends_at->ms : now + timeout.ms;
      const bool is_valid = kept.ends >= kept.starts;
      is_heard = upto(5) != 0;
      const Model before = model;
      if (is_valid) model.put(name, kept, now);
      if (const std::string what = model.difference(name, now); is_valid && !what.empty())
        wanted[name] = what == "over" ? "over sender" : what;
      const AlertDesk::Receipt receipt = desk.post({alert}, Instant{now}, timeout);
      EXPECT_EQ(receipt.faults.empty(), is_valid);
      hear();
      ASSERT_EQ(told, wanted) << "seed " << seed << ", step " << step;
      if (!is_heard && !wanted.empty()) model = before;
      ASSERT_EQ(desk.size(), model.kept.size()) << "seed " << seed << ", step " << step;
      for (const auto& [each, of_model] : model.kept) {
        const Heard* heard = desk.find(named(each));
        ASSERT_NE(heard, nullptr);
        ASSERT_EQ(heard->starts_at.ms, of_model.starts) << "seed " << seed << ", step " << step;
        ASSERT_EQ(heard->ends_at.ms, of_model.ends) << "seed " << seed << ", step " << step;
        ASSERT_EQ(heard->is_timeout, of_model.timeout);
        ASSERT_EQ(heard->annotations.at("n"), of_model.annotation);
      }
      // An end that was refused is tried again after a second; the model would want it at once.
      now += grid_ms;
    }
  }
}

}  // namespace
}  // namespace watchbill::outside
