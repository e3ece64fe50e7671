// access and tls of a bill.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration.h"

namespace watchbill::config {

// Fill `out` from the object under the key; complain as all readers do.
void read_access(const Cursor& at, AccessConfiguration& out);
void read_tls(const Cursor& at, std::optional<TlsConfiguration>& out);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> access_tables();

}  // namespace watchbill::config
