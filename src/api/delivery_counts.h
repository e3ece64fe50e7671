// What became of messages, by how their channels speak: watchbill_deliveries_total. Source:
// domain/alert-routing-and-obligations.md §3.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/route/state.h"
#include "model/configuration_receiver.h"
#include "model/event.h"

namespace watchbill::api {

// Outcomes that exist now.
enum class DeliveryOutcome : std::uint8_t {
  disabled, filtered, no_route, debounced, sent, failed, muted, not_repeated, resolved_before_group_wait,
};
inline constexpr std::size_t delivery_outcome_count = static_cast<std::size_t>(DeliveryOutcome::resolved_before_group_wait) + 1;
inline constexpr std::size_t channel_kind_count = Words<IntegrationKind>::table.size();

// How the channel of a delivery ("ops/slack[0]") speaks; webhook where there is no integration.
[[nodiscard]] IntegrationKind kind_of_channel(std::string_view channel) noexcept;

// Fed by one thread, read by any.
class DeliveryCounts {
 public:
  using Count = std::atomic<std::uint64_t>;

  // Messages that are owed at the start: their outcomes come without their channel's name.
  void know(const core::route::State& state);
  void take(const Event& event);

  [[nodiscard]] std::uint64_t of(IntegrationKind kind, DeliveryOutcome outcome) const noexcept {
    return counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)].load(std::memory_order_relaxed);
  }
  // Messages in which a template failed and a plain text stood in its place.
  [[nodiscard]] std::uint64_t template_failures_of(IntegrationKind kind) const noexcept {
    return template_failures_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  void count(IntegrationKind kind, DeliveryOutcome outcome) noexcept;
  void end(const DeliveryId& delivery, DeliveryOutcome outcome, bool is_over);

  std::array<std::array<Count, delivery_outcome_count>, channel_kind_count> counts_{};
  std::array<Count, channel_kind_count> template_failures_{};
  std::unordered_map<std::string, IntegrationKind> owed_;  // by delivery
};

}  // namespace watchbill::api

template <>
struct watchbill::Words<watchbill::api::DeliveryOutcome> {
  static constexpr std::array<std::string_view, 9> table{"disabled", "filtered",     "no_route",
                                                         "debounced", "sent",        "failed",
                                                         "muted",     "not_repeated", "resolved_before_group_wait"};
};
