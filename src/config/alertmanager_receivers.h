// Receivers of an Alertmanager file with all their integrations. What these leave out is written out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/alertmanager_global.h"
#include "config/alertmanager_templates.h"
#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_receiver.h"

namespace watchbill::config {

// Of one file; beyond them it is refused. A public file of a large site has some hundred.
inline constexpr std::size_t integrations_max = 20'000;

// Reads the list `at` into `out`. Gives the names of all, the wrong ones too; they live as long as `out` and the file.
[[nodiscard]] std::vector<std::string_view> read_receivers(const Cursor& at, const GlobalKeys& global,
                                                           const NotificationTemplates& templates,
                                                           std::map<std::string, ReceiverConfiguration>& out);

// Whether clients that are shown the file see `<secret>` in place of this key's value. `list` is the key of the list or object
// that it stands in: "slack_configs", "global".
[[nodiscard]] bool is_secret_key(std::string_view list, std::string_view name);

// The tables of this part, for documentation and tests.
[[nodiscard]] std::vector<TableView> receiver_tables();

}  // namespace watchbill::config
