#include "api/delivery_counts.h"

#include <algorithm>
#include <optional>

namespace watchbill::api {
namespace {

std::optional<DeliveryOutcome> outcome_of(NotSentReason reason) {
  switch (reason) {
    case NotSentReason::no_route: return DeliveryOutcome::no_route;
    case NotSentReason::not_repeated: return DeliveryOutcome::not_repeated;
    case NotSentReason::resolved_before_group_wait: return DeliveryOutcome::resolved_before_group_wait;
    case NotSentReason::resolved_omitted: return DeliveryOutcome::filtered;
    case NotSentReason::muted: return DeliveryOutcome::muted;
    case NotSentReason::outbox_full: return std::nullopt;  // it is looked at again
  }
  return std::nullopt;
}

}  // namespace

IntegrationKind kind_of_channel(std::string_view channel) noexcept {
  const std::size_t slash = channel.rfind('/'), bracket = channel.rfind('[');
  if (slash == std::string_view::npos || bracket == std::string_view::npos || bracket < slash) return IntegrationKind::webhook;
  const std::string_view kind = channel.substr(slash + 1, bracket - slash - 1);
  constexpr auto& words = Words<IntegrationKind>::table;
  const auto found = std::find(words.begin(), words.end(), kind);
  return found == words.end() ? IntegrationKind::webhook : static_cast<IntegrationKind>(found - words.begin());
}

void DeliveryCounts::know(const core::route::State& state) {
  state.deliveries.each([this](const std::string& id, const core::route::Delivery& delivery) {
    if (delivery.state == core::route::DeliveryState::due) owed_.insert_or_assign(id, kind_of_channel(delivery.receiver));
    return true;
  });
}

void DeliveryCounts::take(const Event& event) {
  if (const auto* intended = std::get_if<NotificationIntended>(&event)) {
    owed_.insert_or_assign(intended->delivery.text, kind_of_channel(intended->receiver));
  } else if (const auto* sent = std::get_if<NotificationSent>(&event)) {
    const auto known = owed_.find(sent->delivery.text);
    const IntegrationKind kind = known == owed_.end() ? IntegrationKind::webhook : known->second;
    if (!sent->remark.empty()) template_failures_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
    end(sent->delivery, DeliveryOutcome::sent, true);
  } else if (const auto* failed = std::get_if<NotificationFailed>(&event)) {
    if (failed->round_over) end(failed->delivery, DeliveryOutcome::failed, !failed->retry_at);
  } else if (const auto* not_sent = std::get_if<NotificationNotSent>(&event)) {
    if (const auto outcome = outcome_of(not_sent->reason)) count(kind_of_channel(not_sent->receiver), *outcome);
  }
}

void DeliveryCounts::count(IntegrationKind kind, DeliveryOutcome outcome) noexcept {
  counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
}

void DeliveryCounts::end(const DeliveryId& delivery, DeliveryOutcome outcome, bool is_over) {
  const auto known = owed_.find(delivery.text);
  count(known == owed_.end() ? IntegrationKind::webhook : known->second, outcome);
  if (is_over && known != owed_.end()) owed_.erase(known);
}

}  // namespace watchbill::api
