#include "config/integrations.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

namespace watchbill::config {

const Integration& integration_of(IntegrationKind kind) {
  static const std::vector<Integration> all = [] {
    std::vector<Integration> out;
    for (std::vector<Integration> family :
         {post_integrations(), incident_integrations(), chat_integrations(), room_integrations()})
      std::move(family.begin(), family.end(), std::back_inserter(out));
    std::sort(out.begin(), out.end(), [](const Integration& a, const Integration& b) { return a.kind < b.kind; });
    return out;
  }();
  return all.at(static_cast<std::size_t>(kind));
}

bool has_secret(const IntegrationConfiguration& of, std::string_view name) {
  const std::string key(name);
  return of.secrets.contains(key) || of.secret_files.contains(key);
}

bool is_filled(const IntegrationConfiguration& of, std::string_view key) {
  const auto found = of.settings.find(std::string(key));
  if (found == of.settings.end()) return false;
  const std::string* text = found->second.as_text();
  return text == nullptr || !text->empty();
}

void check_secret_pairs(const Cursor& at, const IntegrationConfiguration& of) {
  for (const auto& [name, path] : of.secret_files)
    if (of.secrets.contains(name))
      at.complain("out_of_range", fmt::format("expected at most one of the keys {} and {}_file", name, name));
}

void need_secret(const Cursor& at, const IntegrationConfiguration& of, std::string_view name, std::string_view global) {
  if (has_secret(of, name)) return;
  const std::string there = global.empty() ? std::string() : fmt::format(", or {} in global", global);
  at.complain("missing_key", fmt::format("expected one of the keys {} and {}_file{}", name, name, there));
}

void need_setting(const Cursor& at, const IntegrationConfiguration& of, std::string_view key, std::string_view global) {
  if (is_filled(of, key)) return;
  const std::string there = global.empty() ? std::string() : fmt::format(", or {} in global", global);
  at.complain("missing_key", fmt::format("expected the key {}{}", key, there));
}

void end_with_slash(IntegrationConfiguration& of, std::string_view key) {
  const auto found = of.settings.find(std::string(key));
  std::string* const text = found == of.settings.end() ? nullptr : std::get_if<std::string>(&found->second.value);
  if (text == nullptr || text->empty()) return;
  const std::size_t path_end = std::min(text->find_first_of("?#"), text->size());
  if ((*text)[path_end - 1] != '/') text->insert(path_end, 1, '/');
}

std::optional<Cursor> value_of(const Cursor& at, std::string_view key) {
  if (at.node().kind != NodeKind::mapping || !at.has(key)) return std::nullopt;
  return at.member(key, at.file().tree.find(at.index(), key));
}

}  // namespace watchbill::config
