// Readers for the tables of receivers' integrations and of `global`: each stores what it reads under its own name, in the
// settings or among the secrets (rows: config/integration_rows.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/reader.h"
#include "model/configuration_receiver.h"
#include "model/plan_value.h"

namespace watchbill::config {

// What stands in the column "value": templates are checked, secrets are hidden.
inline constexpr std::string_view template_type = "template";
inline constexpr std::string_view templates_type = "map of templates";
inline constexpr std::string_view template_list_type = "list of templates";
inline constexpr std::string_view settings_list_type = "list of settings, templates";
inline constexpr std::string_view settings_type = "settings, templates";
inline constexpr std::string_view secret_type = "secret";
inline constexpr std::string_view secret_template_type = "secret, a template";
inline constexpr std::string_view secret_url_type = "URL, a secret";

// Of http_config, in IntegrationConfiguration::secrets: what the header says, and "USER:PASSWORD" of proxy_url as the URL has it.
inline constexpr std::string_view http_secret = "http_config.secret";
inline constexpr std::string_view http_proxy_secret = "http_config.proxy";

// By the word in the column "value".
[[nodiscard]] bool is_secret(const Key& key) noexcept;
[[nodiscard]] bool has_templates(const Key& key) noexcept;

// Where a row stores: in an integration, or in an element of one of its lists.
inline PlanValues& settings_of(IntegrationConfiguration& of) noexcept { return of.settings; }
inline PlanValues& settings_of(PlanValues& of) noexcept { return of; }

// Each stores the value under the name of `at`; what is wrong with it was complained about then.
void store_text(const Cursor& at, PlanValues& out);
void store_filled(const Cursor& at, PlanValues& out);
void store_truth(const Cursor& at, PlanValues& out);
void store_number(const Cursor& at, PlanValues& out);
// As Go writes durations: 90s, 1m30s, 1.5h.
void store_go_duration(const Cursor& at, PlanValues& out);
void store_duration(const Cursor& at, PlanValues& out);
void store_url(const Cursor& at, PlanValues& out);
void store_template_url(const Cursor& at, PlanValues& out);
// HOST:PORT; an empty one is none.
void store_address(const Cursor& at, PlanValues& out);
void store_texts(const Cursor& at, PlanValues& out);
void store_list(const Cursor& at, PlanValues& out);
// Whatever it is: texts, truth as text, whole numbers as such, lists, maps.
void store_anything(const Cursor& at, PlanValues& out);
// An empty secret is none.
void store_secret(const Cursor& at, IntegrationConfiguration& out);
void store_secret_url(const Cursor& at, IntegrationConfiguration& out);
// Under the name without "_file".
void store_secret_file(const Cursor& at, IntegrationConfiguration& out);
void store_resolved(const Cursor& at, IntegrationConfiguration& out);
void store_max_alerts(const Cursor& at, IntegrationConfiguration& out);
void store_http_config(const Cursor& at, IntegrationConfiguration& out);
void store_tls_config(const Cursor& at, IntegrationConfiguration& out);
// What a map of fixed keys came to goes under "NAME.KEY".
void take_below(std::string_view name, const PlanValues& inner, PlanValues& out);
void take_below(std::string_view name, const IntegrationConfiguration& inner, IntegrationConfiguration& out);

// Reads the fallback of each key that the object `at` leaves out, as if it were written there.
void fill_in(const Cursor& at, std::span<const Key> keys, void* object);

}  // namespace watchbill::config
