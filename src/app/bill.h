// The bill that `serve` runs: what its files say, checked, and the secrets that they name, which no record ever holds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "app/watch/metrics_plan.h"
#include "base/sha256.h"
#include "config/load.h"
#include "drivers/notify/notifier.h"
#include "model/configuration.h"

namespace watchbill::app {

// Where a configuration is read: a bill, or the standard files of the neighbours; none of them when all are empty.
struct BillSource {
  std::string bill;
  config::NeighbourFiles neighbours;
  std::vector<std::string> own_addresses;  // as --listen has them; empty: those of the configuration

  [[nodiscard]] bool is_named() const noexcept { return !bill.empty() || neighbours.is_named(); }
  [[nodiscard]] std::string text() const;  // for people
};

struct Bill {
  Configuration configuration;
  std::string text;    // its canonical text without secrets: the blob that ConfigAccepted names
  Digest digest;       // of `text`
  std::string prometheus_text;  // what it says in Prometheus' words, without secrets
  std::string alertmanager_text;  // Alertmanager's file, without secrets
  std::vector<api::Token> tokens;         // of access.tokens
  std::shared_ptr<const watch::MetricsPlan> metrics;
  drivers::notify::NotifySettings notify;  // by channel
};

struct BillReading {
  config::Loaded loaded;     // with findings about token and URL files behind those of the bill itself
  std::optional<Bill> bill;  // exactly when no finding is an error
  Digest files;              // of the names and bytes of what was read, secrets apart
};

// Reads what `source` names, and every file that is named there. Blocks while it does.
[[nodiscard]] BillReading read_bill(const BillSource& source);

// What callers may be with this bill, beside the owner of `admin_token`. Without a bill: the admin, and readers on loopback.
[[nodiscard]] api::AccessSettings access_settings(const std::string& admin_token, const Bill* bill);

// The keys in which two bills differ and that count from the next start on.
[[nodiscard]] std::vector<std::string> keys_for_restart(const Configuration& running, const Configuration& next);

}  // namespace watchbill::app
