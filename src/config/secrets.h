// Secrets that were written where only their names belong. A guess by names and forms: what it finds is refused, what it does not
// find is not therefore harmless.
#pragma once

#include <string_view>

#include "config/cursor.h"

namespace watchbill::config {

// "env:NAME": the secret of that name in the environment of whoever needs it.
[[nodiscard]] bool names_a_secret(std::string_view text) noexcept;

// Complains (secret_in_clear_text) when the scalar `at` is a secret: a value under a name such as PASSWORD or Authorization that
// neither names one nor is a template, a private key, a token of a known form, a URL with a password.
void check_secret(const Cursor& at);

}  // namespace watchbill::config
