// The API without a server: its routes over a controller on a simulated disk. The test is loop, engine, follower and pool.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/counters.h"
#include "api/event_feed.h"
#include "api/outside_alerts.h"
#include "api/routes.h"
#include "api/stand_parts.h"
#include "engine/desk.h"

namespace watchbill::api {

class Stand {
 public:
  Stand() {
    desk.start();
    follow();
    outside = std::make_unique<OutsideAlerts>(
        OutsideAlerts::Links{loop_, desk.engine->inbox(), *desk.follower, [this] { return desk.now; }, desk.limits});
    outside->start(Duration::minutes(5));
    services_ = std::make_unique<Services>(services());
    routes_ = http_routes(*services_);
  }

  // Everything that is durable becomes what readers see.
  void follow() {
    while (desk.follower->run(100) > 0) {
    }
  }
  // Offers a command of the controller's own, and carries it out.
  void record(CommandBody body) {
    desk.offer(std::move(body), engine_actor("rules"));
    while (desk.step().commands > 0) {
    }
    follow();
  }
  // Asks what has this pattern.
  Reply ask(const std::string& pattern, ports::HttpParameters query = {}, ports::HttpParameters path_parameters = {}) {
    ports::HttpRequest request;
    request.method = "GET";
    request.path_parameters = std::move(path_parameters);
    request.query = std::move(query);
    return send(pattern, std::move(request));
  }
  Reply post(const std::string& pattern, std::string body) {
    return send(pattern, ports::HttpRequest{.method = "POST", .body = std::move(body)});
  }
  Reply send(const std::string& pattern, ports::HttpRequest request) {
    auto reply = std::make_shared<std::optional<ports::HttpResponse>>();
    request.is_peer_loopback = true;
    for (const ports::HttpRoute& route : routes_) {
      if (route.method != request.method || route.pattern != pattern) continue;
      route.handler(std::move(request), std::make_unique<ReplyTo>(reply, has_caller_left));
      return reply;
    }
    ADD_FAILURE() << "there is no route " << pattern;
    return reply;
  }
  void run_pool() {
    for (const std::function<void()>& task : std::exchange(pool, {})) task();
  }

  engine::Desk desk;
  metrics::tsdb::Head head;
  std::vector<std::function<void()>> pool;  // what waits for its turn there
  bool has_caller_left{false};
  std::function<bool()> is_ending = [] { return false; };
  Running running;
  RelayView relay;
  DiscoveryView discovery;
  std::unique_ptr<OutsideAlerts> outside;
  std::function<RuleGroups()> groups = [] { return RuleGroups{}; };

 private:
  Services services() {
    return {"0.1.0+test",
            *desk.follower,
            desk.engine->inbox(),
            loop_,
            clock_,
            desk.limits,
            [] { return engine::WriteMode::normal; },
            History{{}, [](std::function<void()>) { return false; }},  // too many wait there
            feed_,
            access_,
            counters_,
            [] { return Result<ProcessFigures>(Error{ErrorKind::not_found, "read", "the process", "there is none"}); },
            {[] { return KeeperView{}; }, [](const std::string&) { return LiveWorkload{}; }, logs_},
            {},
            {head, [this] { return desk.now; }, [] { return true; }, [this] { return is_ending(); },
             [this](std::function<void()> task) {
               pool.push_back(std::move(task));
               return true;
             },
             {}, {}, [this] { return groups(); },
             [] { return std::vector<RemoteView>{}; }, {}, nullptr, {}, [this] { return discovery; }},
            {},
            [this] { return running; },
            [this] { return relay; },
            outside.get()};
  }

  LoopAtOnce loop_;
  ClockThatStands clock_;
  NoLogs logs_;
  Counters counters_;
  Access access_{AccessSettings{{Token{"ana", sha256("secret"), {"operator"}}}, "viewer", false}};
  EventFeed feed_{History{}, loop_, counters_, 0};
  std::unique_ptr<Services> services_;
  std::vector<ports::HttpRoute> routes_;
};

}  // namespace watchbill::api
