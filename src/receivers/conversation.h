// What one integration of a receiver is told, and what its answers mean: pure, without I/O. A driver makes the calls.
//
//   auto conversation = begin_conversation(channel, payload, delivery, now);
//   Step step = conversation->begin();          // a call to make, or how it ended
//   step = conversation->go_on(answer);         // … until it is a Verdict
//
// Source: Alertmanager 0.25 notify/*; each kind names its own.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/conversation.h"
#include "receivers/notification.h"

namespace watchbill::receivers {

using ports::Conversation;
using ports::Step;
using ports::Verdict;

// The attempt to tell `payload` (core/route/payload.h) under the id `delivery`, which is the same in all attempts. `channel` is
// kept alive by the conversation. Fails, invalid, on a payload that is none.
[[nodiscard]] Result<std::unique_ptr<Conversation>> begin_conversation(std::shared_ptr<const Channel> channel,
                                                                       std::string payload, std::string delivery, Instant now);

// 2xx accepted; 408, 429 and 5xx retryable, with the Retry-After; everything else final.
// Source: domain/alert-routing-and-obligations.md §4.
[[nodiscard]] Verdict judge(const ports::HttpAnswer& answer);
// The pause that a Retry-After asks for: seconds, or an HTTP date less the answer's own Date; zero when there is none that can be
// read.
[[nodiscard]] Duration retry_after(const ports::HttpFields& headers);

}  // namespace watchbill::receivers
