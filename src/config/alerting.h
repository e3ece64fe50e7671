// The key `alerting` of a Prometheus file, as far as it is carried out: Alertmanagers that are this very program. Alerts are
// handed to no other program yet, so any other target is refused by name.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/cursor.h"

namespace watchbill::config {

// One Alertmanager that a file names.
struct NamedAlertmanager {
  std::string address;      // HOST:PORT
  std::string path_prefix;  // "" or as written
  Finding origin;           // place and key path
};

// Appends the targets of `alertmanagers`.
void read_alerting(const Cursor& at, std::vector<NamedAlertmanager>& out);

// Complains (not_yet_supported) about each that is none of `own_addresses`; "localhost" is 127.0.0.1.
void check_alertmanagers(std::span<const NamedAlertmanager> named, std::span<const std::string> own_addresses, Report& report);

}  // namespace watchbill::config
