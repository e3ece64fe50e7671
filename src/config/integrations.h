// What may stand in the lists of a receiver, one table for each kind. Source: Alertmanager 0.25 config/notifiers.go; kinds and
// keys that came later from 0.34 (notify/*/config.go).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/cursor.h"
#include "config/integration_rows.h"
#include "config/reader.h"
#include "model/configuration_receiver.h"

namespace watchbill::config {

// A key that an integration leaves out, or leaves empty, is that one of `global`: settings, and secrets with their files.
struct Inherited {
  std::string_view key;
  std::string_view global;
};

// How one kind is read.
struct Integration {
  IntegrationKind kind;
  TableView table;
  // Looks at what was read, inherited and filled in; complains, and settles what several keys say together.
  void (*check)(const Cursor& at, IntegrationConfiguration& out);
  std::vector<Inherited> inherited;
  std::vector<TableView> below;  // of maps and lists within it
};

[[nodiscard]] const Integration& integration_of(IntegrationKind kind);

// By family.
[[nodiscard]] std::vector<Integration> chat_integrations();      // slack, mattermost, rocketchat
[[nodiscard]] std::vector<Integration> incident_integrations();  // pagerduty, opsgenie, victorops, jira, incidentio
[[nodiscard]] std::vector<Integration> post_integrations();      // webhook, email, pushover, sns
[[nodiscard]] std::vector<Integration> room_integrations();      // discord, webex, msteams, msteamsv2, telegram, wechat

// For checks. A secret counts with its file.
[[nodiscard]] bool has_secret(const IntegrationConfiguration& of, std::string_view name);
[[nodiscard]] bool is_filled(const IntegrationConfiguration& of, std::string_view key);
// Complains about each secret that is said here and in a file too.
void check_secret_pairs(const Cursor& at, const IntegrationConfiguration& of);
// Complains when there is none of: the key, its file, those of `global`.
void need_secret(const Cursor& at, const IntegrationConfiguration& of, std::string_view name, std::string_view global = {});
void need_setting(const Cursor& at, const IntegrationConfiguration& of, std::string_view key, std::string_view global = {});
// The setting ends with a slash: paths are put behind it.
void end_with_slash(IntegrationConfiguration& of, std::string_view key);
// The value under a key of an object, or nothing when it is left out.
[[nodiscard]] std::optional<Cursor> value_of(const Cursor& at, std::string_view key);

}  // namespace watchbill::config
