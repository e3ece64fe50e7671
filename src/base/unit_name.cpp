#include "base/unit_name.h"

namespace watchbill {

bool is_unit_name(std::string_view name) noexcept {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
  const std::size_t dot = name.rfind('.');
  return name.size() <= 255 && dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() && name.front() != '-' &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_service_name(std::string_view name) noexcept { return name.ends_with(".service") && is_unit_name(name); }

}  // namespace watchbill
