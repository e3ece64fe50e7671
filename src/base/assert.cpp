#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace watchbill {
namespace {
AssertionHook assertion_hook = nullptr;  // the only mutable global: it must work when everything else is broken
}

void set_assertion_hook(AssertionHook hook) noexcept { assertion_hook = hook; }

void assertion_failed(const char* condition, const char* reason, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assertion failed: %s: %s\n", file, line, condition, reason);
  if (assertion_hook != nullptr) assertion_hook();
  std::abort();
}

}  // namespace watchbill
