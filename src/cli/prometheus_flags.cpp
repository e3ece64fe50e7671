#include "cli/prometheus_flags.h"

#include <algorithm>
#include <array>

namespace watchbill::cli {
namespace {

struct Instead {
  std::string_view flag;  // without the dashes; a dot at its end: all that begin so
  std::string_view text;
};

constexpr std::string_view always_on = "leave it out: this is always on";
constexpr std::string_view fixed = "leave it out: it is fixed here, docs/limits.md says at what";
constexpr std::string_view no_pages = "leave it out: there are no web pages to configure";

// The first that fits counts.
constexpr std::array instead{
    Instead{"config.file", "write --prometheus.config FILE"},
    Instead{"storage.tsdb.path", "write --data DIRECTORY"},
    Instead{"storage.tsdb.retention", "write --storage.tsdb.retention.time"},
    Instead{"storage.tsdb.no-lockfile", "leave it out: the data directory is always locked"},
    Instead{"storage.tsdb.use-lockfile", "leave it out: the data directory is always locked"},
    Instead{"storage.tsdb.", "leave it out: the store is another one and has no such setting"},
    Instead{"storage.agent.", "leave it out: there is no agent mode"},
    Instead{"agent", "leave it out: there is no agent mode"},
    Instead{"storage.remote.", fixed},
    Instead{"web.enable-lifecycle", always_on},
    Instead{"web.enable-remote-write-receiver", always_on},
    Instead{"web.enable-admin-api", "leave it out: this release has no /api/v1/admin/tsdb"},
    Instead{"web.enable-otlp-receiver", "leave it out: this release has no OTLP receiver"},
    Instead{"web.config.file", "write a bill with tls and access.tokens; `watchbill import prometheus FILE` makes its beginning"},
    Instead{"web.route-prefix", "leave it out: this release answers at / only; a proxy in front may take the prefix off"},
    Instead{"web.cors.origin", "leave it out: pages of other origins are not let in"},
    Instead{"web.read-timeout", fixed},
    Instead{"web.max-connections", fixed},
    Instead{"web.", no_pages},
    Instead{"rules.alert.resend-delay", "leave it out: alerts that fire are told once a minute"},
    Instead{"rules.alert.", "leave it out: the state of alerts is in the journal and survives restarts"},
    Instead{"rules.", fixed},
    Instead{"alertmanager.config", ""},
    Instead{"alertmanager.", "leave it out: the key alerting of Prometheus' file says whom to tell, and with which timeout"},
    Instead{"query.", fixed},
    Instead{"scrape.", fixed},
    Instead{"auto-gomaxprocs", "leave it out: there is no Go here"},
    Instead{"auto-gomemlimit", "leave it out: there is no Go here"},
    Instead{"log.", "leave it out: the log is lines of text on standard error"},
};

constexpr std::array taken{std::string_view{"storage.tsdb.retention.time"}, std::string_view{"storage.tsdb.retention.size"},
                           std::string_view{"web.external-url"}, std::string_view{"web.listen-address"}};

}  // namespace

std::string instead_of(std::string_view word) {
  if (!word.starts_with("--")) return {};
  const std::string_view written = word.substr(0, word.find('='));
  std::string_view name = written.substr(2);
  // Truth values may be written --no-NAME there.
  if (name.starts_with("no-")) name.remove_prefix(3);
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) return {};
  const auto fits = [name](const Instead& each) {
    return each.flag.ends_with('.') ? name.starts_with(each.flag) : name == each.flag;
  };
  const auto found = std::find_if(instead.begin(), instead.end(), fits);
  if (found == instead.end() || found->text.empty()) return {};
  return std::string(written) + ": " + std::string(found->text);
}

}  // namespace watchbill::cli
