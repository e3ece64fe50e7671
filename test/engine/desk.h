// A desk for tests of the engine: one controller on a simulated disk.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "engine/follower.h"
#include "sim/disk.h"

namespace watchbill::engine {

// Recovers with the records read in turns and ahead, which must agree in everything; gives what the second gave.
inline Result<Recovered, RecoveryFailure> recover_both_ways(ports::JournalPort& journal, const Limits& limits,
                                                            RecoverFrom from = {}) {
  from.reading = Reading::in_turns;
  Result<Recovered, RecoveryFailure> in_turns = recover(journal, limits, from);
  from.reading = Reading::ahead;
  Result<Recovered, RecoveryFailure> ahead = recover(journal, limits, from);
  const auto what = [](const Result<Recovered, RecoveryFailure>& each) {
    return each ? std::to_string(each->events) + " events, " + std::to_string(each->digests_compared) + " digests"
                : std::to_string(static_cast<int>(each.error().fault)) + " " + each.error().text();
  };
  EXPECT_EQ(what(in_turns), what(ahead));
  if (in_turns && ahead) {
    EXPECT_EQ(in_turns->head, ahead->head);
    EXPECT_EQ(core::digest_of(in_turns->state), core::digest_of(ahead->state));
  }
  return ahead;
}

// One controller; what happens outside of it is noted in order.
class Desk final : public ports::EffectPort {
 public:
  Limits limits;
  sim::SimulatedDisk disk{sim::Random(1), sim::Plant::none};
  sim::SimulatedJournal journal{disk};
  sim::SimulatedEntropy entropy{sim::Random(2)};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Follower> follower;
  std::vector<std::string> log;
  std::vector<core::Answer> answers;
  Instant now{1'772'366'400'000};

  void begin(const Effect& effect, Epoch) override {
    log.push_back("effect " + std::to_string(std::get<SendMessage>(effect.what).attempt));
  }
  Recovered start(const std::string& build = "test", Duration clock_ahead = {}) {
    auto recovered = recover_both_ways(journal, limits);
    if (!recovered) throw std::runtime_error(recovered.error().text());
    Recovered copy = *recovered;
    follower = std::make_unique<Follower>(copy, journal, limits, 10);
    engine = std::make_unique<Engine>(EnginePorts{journal, *this, entropy,
                                                  [this](std::span<const StoredRecord> records) {
                                                    log.push_back("durable " + std::to_string(records.size()));
                                                    follower->offer(records);
                                                  }},
                                      std::move(*recovered), limits);
    engine->begin_epoch(build, clock_ahead);
    return copy;
  }
  void offer(CommandBody body, const Actor& actor) { offer(Command{std::move(body), actor, {}, {}, {}}); }
  void offer(Command command) {
    const auto refused = engine->inbox().offer(std::move(command), [this](const core::Answer& answer) {
      log.push_back(answer.refused ? std::string(word(answer.refused->reason)) : "answer " + std::to_string(answer.sequence));
      answers.push_back(answer);
    });
    ASSERT_FALSE(refused);
  }
  void person(CommandBody body) { offer(std::move(body), Actor{ActorKind::caller, "ana", {"admin"}}); }
  StepResult step(Duration after = Duration{}) {
    now = now + after;
    return engine->step(now);
  }
  std::vector<std::string> take_log() { return std::exchange(log, {}); }
  // The types of all recorded events.
  std::string history() const {
    std::string out;
    for (const StoredRecord& record : disk.records()) {
      const auto body = decode_events(*record.payload);
      if (!body) return "record " + std::to_string(record.sequence) + " cannot be read";
      for (const RecordedEvent& each : body->events) out.append(type_of(each.event)).append(" ");
    }
    return out;
  }
};

}  // namespace watchbill::engine
