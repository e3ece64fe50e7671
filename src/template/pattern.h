// Regular expressions of match and reReplaceAll. Internal to the folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/pattern/pattern.h"
#include "template/go_text.h"

namespace watchbill::text_template {

// Appends `text` with every match replaced; `replacement` may name groups as $1, ${1}, ${name}; $$ is a dollar. Source: Go's
// regexp.
void replace(BoundedText& out, const Pattern& pattern, std::string_view text, std::string_view replacement);

// Fails with RE2's own message. A pattern has at most 4 KiB.
[[nodiscard]] Result<std::shared_ptr<const Pattern>, Complaint> compile_pattern(std::string_view pattern);

}  // namespace watchbill::text_template
