#include "receivers/mail_verdict.h"

namespace watchbill::receivers {
namespace {

using ports::MailFailureKind;

std::string_view word_of(MailFailureKind kind) noexcept {
  switch (kind) {
    case MailFailureKind::call_invalid: return "call_invalid";
    case MailFailureKind::not_connected: return "not_connected";
    case MailFailureKind::tls_failed: return "tls_failed";
    case MailFailureKind::login_refused: return "login_refused";
    case MailFailureKind::refused_for_now: return "refused_for_now";
    case MailFailureKind::refused: return "refused";
    case MailFailureKind::interrupted: return "interrupted";
  }
  return "unknown";
}

bool is_final(const ports::MailFailure& failure) noexcept {
  switch (failure.kind) {
    case MailFailureKind::call_invalid:
    case MailFailureKind::refused: return true;
    case MailFailureKind::login_refused: return failure.code / 100 != 4;  // 454: it cannot look now
    default: return false;
  }
}

}  // namespace

Verdict judge(const ports::MailFailure& failure) {
  Verdict verdict;
  verdict.answer = is_final(failure) ? DeliveryAnswer::final : DeliveryAnswer::retryable;
  verdict.detail = "smtp " + (failure.code == 0 ? std::string(word_of(failure.kind)) : std::to_string(failure.code));
  return verdict;
}

}  // namespace watchbill::receivers
