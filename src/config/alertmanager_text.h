// Alertmanager's file as it is shown to clients, `amtool config show` among them: YAML that reads as the file does, without its
// comments and without secrets.
#pragma once

#include <string>

#include "config/tree.h"

namespace watchbill::config {

// `<secret>` for values of keys that hold one, as Alertmanager hides them; of URLs the password and the values of the query
// become `xxxxx`, which it would show: receivers are known to have tokens there. Pure.
[[nodiscard]] std::string alertmanager_text(const Tree& tree);

}  // namespace watchbill::config
