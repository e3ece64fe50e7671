#include "sim/world.h"

#include <gtest/gtest.h>

#include <map>

#include "sanitized.h"

namespace watchbill::sim {
namespace {

std::string story(const WorldResult& result) {
  std::string out;
  for (const std::string& line : result.timeline) out.append(line).append("\n");
  return out;
}

TEST(world, holds_every_promise_in_some_seeds) {
  std::uint64_t worlds = 0, actions = 0;
  for (std::uint64_t seed = 1; seed <= 30; seed += sanitized_stride) {
    WorldOptions options;
    options.seed = seed;
    const WorldResult result = run_world(options);
    ASSERT_FALSE(result.violation) << "seed " << seed << ": " << result.violation->checker << ": " << result.violation->what
                                   << "\n"
                                   << story(result);
    EXPECT_GT(result.records, 200U) << "a world in which nothing happens proves nothing";
    EXPECT_GT(result.starts, 2U);
    EXPECT_GT(result.messages, 50U);
    EXPECT_GT(result.actions, 4U);
    ++worlds;
    actions += result.actions;
  }
  EXPECT_GT(actions, 15 * worlds) << "of runs";
}

TEST(world, is_one_history_for_one_seed) {
  WorldOptions options;
  options.seed = 7;
  const WorldResult first = run_world(options);
  const WorldResult second = run_world(options);
  EXPECT_EQ(story(first), story(second));
  EXPECT_EQ(first.records, second.records);
  EXPECT_EQ(first.messages, second.messages);
}

// Each checker has to find the lie that was planted for it, within a few seeds.
TEST(world, every_planted_fault_is_found_by_its_checker) {
  const std::map<Plant, std::string> finder{
      {Plant::disk_lies_about_sync, "acknowledged"}, {Plant::disk_drops_a_record, "start"},
      {Plant::disk_flips_a_bit, "start"},            {Plant::disk_keeps_half_a_batch, "follower"},
      {Plant::snapshot_is_altered, "snapshot"},      {Plant::request_ids_are_forgotten, "once"},
      {Plant::driver_sends_without_intent, "intent"}, {Plant::driver_changes_the_id, "intent"},
      {Plant::driver_loses_outcomes, "settled"},     {Plant::index_forgets_an_effect, "indexes"},
      {Plant::driver_empties_a_message, "told"},
      {Plant::clock_runs_back, "order"},             {Plant::old_controller_writes_on, "order"},
      {Plant::restart_trusts_an_empty_store, "alert_end"}, {Plant::vanished_series_is_called_well, "alert_end"},
      {Plant::alert_loses_its_samples, "alerts"},
      {Plant::slots_are_not_counted, "alert_start"}, {Plant::what_has_not_recovered_ends, "alert_end"},
      {Plant::keeper_forgets_an_exit, "exits"},      {Plant::keeper_tells_an_exit_twice, "exits"},
      {Plant::keeper_starts_what_was_lost, "lost"},  {Plant::keeper_adopts_another_process, "adopted"},
      {Plant::keeper_stops_a_sibling, "sibling"},
      {Plant::run_acts_without_intent, "run intent"}, {Plant::run_acts_under_new_ids, "runs once"},
      {Plant::run_forgets_ids, "runs once"},         {Plant::run_ignores_fences, "fence"},
      {Plant::run_loses_everything, "runs settled"},   {Plant::page_is_taken_back, "paged"}};
  for (std::size_t index = 1; index < Words<Plant>::table.size(); index += sanitized_stride) {
    const auto plant = static_cast<Plant>(index);
    bool is_found = false;
    std::string what;
    for (std::uint64_t seed = 1; seed <= 30 && !is_found; ++seed) {
      WorldOptions options;
      options.seed = seed;
      options.plant = plant;
      const WorldResult result = run_world(options);
      if (!result.violation) continue;
      is_found = result.violation->checker == finder.at(plant);
      what += "\n  seed " + std::to_string(seed) + " " + result.violation->checker + ": " + result.violation->what.substr(0, 160);
    }
    EXPECT_TRUE(is_found) << word(plant) << " was not found by \"" << finder.at(plant) << "\":" << what;
  }
}

}  // namespace
}  // namespace watchbill::sim
