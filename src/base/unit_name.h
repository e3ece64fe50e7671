// Names of systemd units. Source: systemd.unit(5).
#pragma once

#include <string_view>

namespace watchbill {

// Letters, digits and : - _ . \ @, with a suffix such as ".service"; at most 255 bytes. Never begins with a dash: it may be an
// argument.
[[nodiscard]] bool is_unit_name(std::string_view name) noexcept;
// The same, with the suffix ".service".
[[nodiscard]] bool is_service_name(std::string_view name) noexcept;

}  // namespace watchbill
