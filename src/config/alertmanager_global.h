// `global` of an Alertmanager file: what its integrations leave out.
#pragma once

#include <optional>
#include <vector>

#include "base/time.h"
#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_receiver.h"

namespace watchbill::config {

// By the keys of `global`: settings, secrets and their files; `client` is http_config.
struct GlobalKeys : IntegrationConfiguration {
  Duration resolve_timeout{Duration::minutes(5)};
  std::optional<TlsClientConfiguration> smtp_tls;
};

// Reads `global`. Complains about keys that say different things.
void read_alertmanager_global(const Cursor& at, GlobalKeys& out);
// What a file without `global` has.
[[nodiscard]] GlobalKeys default_global(const Cursor& file);

// Its keys, for documentation and tests, and for who hides secrets.
[[nodiscard]] TableView global_table();

}  // namespace watchbill::config
