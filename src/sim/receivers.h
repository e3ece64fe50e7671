// The far side of the outbox: receivers that accept, fail, answer late or twice, and remember what they got.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "model/command.h"
#include "ports/effects.h"
#include "sim/agenda.h"
#include "sim/plants.h"
#include "sim/random.h"

namespace watchbill::sim {

class SimulatedReceivers final : public ports::EffectPort {
 public:
  struct Links {
    Agenda& agenda;
    std::function<Instant()> now;
    // Which life of the controller this is: what a driver has in flight dies with its process.
    std::function<std::uint64_t()> life;
    // Delivers an outcome to the controller, again and again until it is recorded.
    std::function<void(const NoteDelivery&)> report;
    // Called when a message leaves, before anything comes of it: the checkers look for its durable intent.
    std::function<void(const DeliveryId&)> on_send;
    // The bytes of a stored message.
    std::function<std::string(const Digest&)> body_of;
  };
  SimulatedReceivers(Links links, Random random, Plant plant) : links_(std::move(links)), random_(random), plant_(plant) {}

  void begin(const Effect& effect, Epoch fence) override;

  // From now on every receiver accepts at once.
  void heal() { is_healed_ = true; }
  // What webhooks were told last of each alert, by "RECEIVER FINGERPRINT": "firing" or "resolved".
  [[nodiscard]] const std::map<std::string, std::string>& heard() const { return heard_; }
  // How often a receiver accepted this delivery.
  [[nodiscard]] std::uint64_t accepted(const std::string& delivery) const;

 private:
  void accept(const SendMessage& message, const DeliveryId& sent);
  void answer(const NoteDelivery& outcome, Duration after);

  Links links_;
  Random random_;
  Plant plant_;
  bool is_healed_{false};
  std::map<std::string, std::uint64_t> accepted_;
  std::map<std::string, std::string> heard_;
};

}  // namespace watchbill::sim
