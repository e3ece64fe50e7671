// The core alone, told of alerts that fire and end, while time passes: who is told, of what and when.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/process.h"
#include "core/route/payload.h"
#include "model/configuration.h"
#include "route/routing.h"

namespace watchbill::core::route {

inline constexpr Instant start{1'772'366'400'000};  // 2026-03-01T12:00:00Z
inline constexpr Duration wait_time = Duration::seconds(30), interval = Duration::minutes(5), repeat = Duration::hours(4);

// Alerts fire and end, time passes, deliveries end as the test says.
class Audience {
 public:
  explicit Audience(std::optional<RoutingConfiguration> routing = routing_by({"alertname"}));

  void configure(std::optional<RoutingConfiguration> routing);
  void fire(const std::string& name, const std::string& instance) { tell(name, instance, true); }
  void end(const std::string& name, const std::string& instance) { tell(name, instance, false); }
  // Nobody is told of alerts of this instance; gives the silence's id.
  std::string silence(const std::string& instance, Duration length, Duration after = {});
  void expire(const std::string& silence) { take(ExpireSilence{SilenceId{silence}}); }
  // Meets the deadlines of the next `time`, one after the other.
  void wait(Duration time);
  // Ends every delivery that is on its way.
  void deliver(DeliveryAnswer answer = DeliveryAnswer::accepted);
  Answer ask(const CommandBody& body, std::vector<std::string> blobs = {});

  // What is on its way now: "ops/webhook[0] firing a b-", ends with a "-"; "" when nothing is.
  [[nodiscard]] std::string on_its_way() const;
  [[nodiscard]] const std::string& last_body() const { return blobs_.at(last_body_); }
  // The same in the order of the channels' names.
  [[nodiscard]] std::string on_its_way_by_channel() const;
  // Reasons of what was not sent since the last call, and what muted it.
  std::string not_sent();
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] const core::State& state() const { return state_; }
  Limits limits;

 private:
  [[nodiscard]] std::vector<std::string> messages_on_their_way() const;
  void tell(const std::string& name, const std::string& instance, bool fires);
  void take(const CommandBody& body, std::vector<std::string> blobs = {});
  void expect_derived(std::string_view after) const;

  core::State state_;
  core::Seen seen_;
  Instant now_{start};
  std::map<Digest, std::string> blobs_;
  Digest last_body_;
  std::vector<NotificationNotSent> not_sent_;
};

}  // namespace watchbill::core::route
