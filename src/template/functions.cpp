#include "template/functions.h"

#include <algorithm>
#include <array>

namespace watchbill::text_template {
namespace {

std::array<std::span<const Function>, 3> tables() noexcept { return {go_functions(), text_functions(), sample_functions()}; }

}  // namespace

const Function* find_function(std::string_view name, Place place) noexcept {
  for (const std::span<const Function> table : tables())
    for (const Function& function : table)
      if (function.name == name && (function.places & place_bit(place)) != 0) return &function;
  return nullptr;
}

std::vector<std::string_view> function_names(Place place) {
  std::vector<std::string_view> out;
  for (const std::span<const Function> table : tables())
    for (const Function& function : table)
      if ((function.places & place_bit(place)) != 0) out.push_back(function.name);
  std::sort(out.begin(), out.end());
  return out;
}

std::string_view place_of(std::string_view name) noexcept {
  if (find_function(name, Place::rule) != nullptr) return "rules";
  if (find_function(name, Place::notification) != nullptr) return "notifications";
  if (find_function(name, Place::plan) != nullptr) return "plans";
  return {};
}

}  // namespace watchbill::text_template
