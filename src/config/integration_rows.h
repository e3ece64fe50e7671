// Rows for the tables of receivers' integrations and of `global`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/integration_keys.h"
#include "config/values.h"

namespace watchbill::config {

// Into the settings of whatever the row belongs to.
template <class Owner, void (*store)(const Cursor&, PlanValues&)>
void store_in(const Cursor& at, Owner& out) {
  store(at, settings_of(out));
}
// One of these words.
template <const auto& words, class Owner>
void store_word(const Cursor& at, Owner& out) {
  const std::optional<std::size_t> index = read_word(at, words);
  if (index) settings_of(out)[std::string(at.name())] = std::string(words[*index]);
}
// A map of fixed keys: "NAME.KEY".
template <const auto& keys, class Owner>
void store_object(const Cursor& at, Owner& out) {
  Owner inner;
  if (!read_object(at, keys, inner)) return;
  fill_in(at, keys.keys, &inner);
  take_below(at.name(), inner, out);
}
// A list of objects; `check` looks at each when it was read.
template <const auto& keys, void (*check)(const Cursor&, PlanValues&)>
void store_objects(const Cursor& at, PlanValues& out) {
  if (!is_list(at, "")) return;
  PlanValue::List list;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    PlanValues each;
    const Cursor element = at.element(i);
    if (!read_object(element, keys, each)) continue;
    fill_in(element, keys.keys, &each);
    check(element, each);
    list.emplace_back(std::move(each));
  }
  out[std::string(at.name())] = std::move(list);
}
// A map of fixed keys within an element of a list stays a map.
template <const auto& keys>
void store_map(const Cursor& at, PlanValues& out) {
  PlanValues inner;
  if (!read_object(at, keys, inner)) return;
  fill_in(at, keys.keys, &inner);
  out[std::string(at.name())] = std::move(inner);
}
// For lists whose elements need no look.
inline void check_nothing(const Cursor&, PlanValues&) {}

// Rows by what is stored; further types of settings by setting_key.
template <class Owner, void (*store)(const Cursor&, PlanValues&)>
constexpr KeyOf<Owner> setting_key(std::string_view name, std::string_view type, std::string_view fallback,
                                   std::string_view text) {
  return whole<Owner, store_in<Owner, store>>(name, type, fallback, text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> template_key(std::string_view name, std::string_view fallback, std::string_view text) {
  return setting_key<Owner, store_text>(name, template_type, fallback, text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> text_key(std::string_view name, std::string_view fallback, std::string_view text) {
  return setting_key<Owner, store_text>(name, "text", fallback, text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> truth_key(std::string_view name, std::string_view fallback, std::string_view text) {
  return setting_key<Owner, store_truth>(name, "truth", fallback, text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> url_key(std::string_view name, std::string_view fallback, std::string_view text) {
  return setting_key<Owner, store_url>(name, "URL", fallback, text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> secret_key(std::string_view name, std::string_view text, std::string_view type = secret_type) {
  return whole<Owner, store_secret>(name, type, "", text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> secret_url_key(std::string_view name, std::string_view text) {
  return whole<Owner, store_secret_url>(name, secret_url_type, "", text);
}
template <class Owner = IntegrationConfiguration>
constexpr KeyOf<Owner> secret_file_key(std::string_view name) {
  return whole<Owner, store_secret_file>(name, "path", "", "a file that holds it; read at each message");
}
// Of every kind, and of every kind but mail.
constexpr KeyOf<IntegrationConfiguration> resolved_key(std::string_view fallback) {
  return whole<IntegrationConfiguration, store_resolved>("send_resolved", "truth", fallback, "whether resolved alerts are told");
}
// See resolved_key.
constexpr KeyOf<IntegrationConfiguration> http_config_key() {
  return whole<IntegrationConfiguration, store_http_config>("http_config", "settings", "", "of calls; else that of global");
}

}  // namespace watchbill::config
