// The definitions that templates of notifications may call: Alertmanager's own and the user's.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "template/template.h"

namespace watchbill::receivers {

// Alertmanager's default templates, the mail's among them. Their origin and licences: src/receivers/data/README.md.
[[nodiscard]] const std::string& default_templates();

// Reads the defaults, then `files` in their order: a later definition replaces an earlier one of its name.
[[nodiscard]] Result<std::shared_ptr<const text_template::Template>> parse_library(std::span<const text_template::Source> files);

}  // namespace watchbill::receivers
