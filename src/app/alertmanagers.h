// The other Alertmanagers that a Prometheus file names, told of our alerts: what they are told, and with which credentials.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/task_thread.h"
#include "drivers/notify/alert_relay.h"
#include "engine/follower.h"
#include "metrics/relabel/rules.h"
#include "model/configuration.h"

namespace watchbill::app {

// Where one is called.
[[nodiscard]] std::string alerts_url_of(const AlertmanagerConfiguration& configuration);

class Alertmanagers {
 public:
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    const engine::Follower& follower;
    TaskThread& thread;  // where alerts are read
    std::function<Instant()> now;
    std::function<void(const std::string&)> log;
  };
  // All of `links` outlive it.
  explicit Alertmanagers(Links links);

  // Loop, or before it runs. `own_url`: where people find an alert when the bill has no external_url.
  void configure(const Configuration& configuration, const std::string& own_url);
  // Loop.
  void stop() { relay_.stop(); }

 private:
  struct Telling;
  bool read(std::function<void(std::vector<drivers::notify::RelayedAlert>)> done);

  const Links links_;
  std::shared_ptr<const Telling> telling_;  // loop
  drivers::notify::AlertRelay relay_;
};

}  // namespace watchbill::app
