// What a mail that failed means for its delivery.
#pragma once

#include "ports/mail.h"
#include "receivers/conversation.h"

namespace watchbill::receivers {

// What may go better later is retryable: nobody there, no TLS, 4xx, an end in the middle. 5xx and calls that cannot be made are
// final. The detail is "smtp 550", or where the server gave no answer "smtp not_connected".
[[nodiscard]] Verdict judge(const ports::MailFailure& failure);

}  // namespace watchbill::receivers
