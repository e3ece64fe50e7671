// Assertions that are on in every build: running on with broken state is worse than a restart.
#pragma once

namespace watchbill {

// Called with the text of a failed assertion just before abort(). The controller stores the digest of the command it was deciding
// (a breadcrumb), so that a poison command is quarantined after the second crash. Must not allocate. Set once, before threads
// start.
using AssertionHook = void (*)() noexcept;
void set_assertion_hook(AssertionHook hook) noexcept;

// Prints "FILE:LINE: assertion failed: CONDITION: REASON" to standard error, calls the hook, aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* reason, const char* file, int line) noexcept;

}  // namespace watchbill

// WB_ASSERT(condition, "why it holds"): one condition each, about something that could be false.
#define WB_ASSERT(condition, reason)                                                              \
  (static_cast<bool>(condition) ? static_cast<void>(0)                                            \
                                : ::watchbill::assertion_failed(#condition, reason, __FILE__, __LINE__))
