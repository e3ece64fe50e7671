#include "app/alertmanagers.h"

#include <algorithm>
#include <utility>

#include "drivers/scrape/authorization.h"

namespace watchbill::app {

namespace notify = drivers::notify;

// What makes an alert what they are told.
struct Alertmanagers::Telling {
  Labels external_labels;
  metrics::relabel::Rules relabel;
  std::string url;
};

namespace {

// A reader holds the follower's state for a moment only.
constexpr std::size_t alerts_of_piece = 256;

std::optional<notify::RelayedAlert> relayed(const std::string& id, const core::alert::Alert& alert) {
  if (!alert.fired_at || alert.phase == AlertPhase::pending) return std::nullopt;
  if (alert.phase == AlertPhase::inactive && !alert.resolved_at) return std::nullopt;
  notify::RelayedAlert out{id, alert.labels, alert.annotations, *alert.fired_at, std::nullopt, {}};
  if (alert.phase == AlertPhase::inactive) out.ended_at = alert.resolved_at;
  return out;
}

std::vector<notify::RelayedAlert> all_alerts(const engine::Follower& follower) {
  std::vector<notify::RelayedAlert> out;
  std::string next;
  for (bool is_more = true; is_more;) {
    is_more = false;
    follower.read([&](const core::State& state, const ChainHead&) {
      std::size_t visited = 0;
      state.alert.alerts.each_from(next, [&](const std::string& id, const core::alert::Alert& alert) {
        if (visited++ == alerts_of_piece) {
          next = id;
          is_more = true;
          return false;
        }
        if (auto one = relayed(id, alert)) out.push_back(std::move(*one));
        return true;
      });
    });
  }
  return out;
}

}  // namespace

std::string alerts_url_of(const AlertmanagerConfiguration& configuration) {
  return configuration.scheme + "://" + configuration.address + configuration.path_prefix + "/api/v2/alerts";
}

Alertmanagers::Alertmanagers(Links links)
    : links_(std::move(links)),
      relay_({links_.loop, links_.client, links_.now, [this] { return links_.follower.head_sequence(); },
              [this](auto done) { return read(std::move(done)); }, links_.log}) {}

void Alertmanagers::configure(const Configuration& configuration, const std::string& own_url) {
  auto telling = std::make_shared<Telling>();
  telling->external_labels = configuration.global.external_labels;
  telling->url = (configuration.external_url.empty() ? own_url : configuration.external_url) + "/api/watchbill/v1/alerts/";
  // The configuration is checked: they compile.
  if (auto rules = metrics::relabel::Rules::compile(configuration.alerting.relabel)) telling->relabel = std::move(*rules);
  telling_ = std::move(telling);
  std::vector<notify::Alertmanager> peers;
  for (const AlertmanagerConfiguration& each : configuration.alerting.alertmanagers) {
    notify::Alertmanager& peer = peers.emplace_back();
    peer.url = alerts_url_of(each);
    peer.timeout = each.timeout;
    if (!each.client.authorization.empty())
      peer.authorization = [client = each.client] { return drivers::scrape::authorization_of(client); };
  }
  Duration interval_max;
  for (const RuleGroupConfiguration& group : configuration.rule_groups) interval_max = std::max(interval_max, group.interval);
  relay_.configure(std::move(peers), interval_max);
}

bool Alertmanagers::read(std::function<void(std::vector<notify::RelayedAlert>)> done) {
  return links_.thread.run([this, telling = telling_, done = std::move(done)] {
    std::vector<notify::RelayedAlert> told;
    for (notify::RelayedAlert& alert : all_alerts(links_.follower)) {
      for (const auto& [name, value] : telling->external_labels)
        if (alert.labels.get(name).empty()) alert.labels.set(name, value);
      if (!telling->relabel.apply(alert.labels)) continue;
      alert.generator_url = telling->url + alert.id;
      told.push_back(std::move(alert));
    }
    links_.loop.post([done, told = std::move(told)] { done(told); });
  });
}

}  // namespace watchbill::app
