// What a serving process is made of, around the controller: the I/O loop with the HTTP server and client, the API, the webhooks,
// and the threads that may wait for the disk.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "api/access.h"
#include "api/counters.h"
#include "api/event_feed.h"
#include "api/services.h"
#include "app/controller.h"
#include "app/task_thread.h"
#include "drivers/net/http_client.h"
#include "drivers/net/http_server.h"
#include "drivers/net/loop.h"
#include "drivers/notify/notifier.h"

namespace watchbill::app {

class Service {
 public:
  struct Settings {
    std::string data;
    std::string build;
    std::vector<drivers::net::HttpListen> listen;
    api::AccessSettings access;
    drivers::notify::NotifySettings notify;
  };

  struct Parts {
    std::unique_ptr<ports::JournalPort> journal;           // the engine's thread
    std::unique_ptr<ports::JournalPort> follower_journal;  // the follower's thread
    ports::ClockPort& clock;
    ports::EntropyPort& entropy;
    std::function<void(int, const std::string&)> on_failure;  // see Controller::Parts
  };
  // Nothing runs yet but the threads that wait for questions.
  Service(Settings settings, Parts parts, engine::Recovered recovered, const Limits& limits);
  ~Service();

  // Listens, then starts the controller. Fails without having started or recorded anything.
  [[nodiscard]] Result<void, drivers::net::ListenFailure> start();
  // No new requests, those in flight are answered (at most 5 s), then everything ends. Idempotent.
  void stop();

  // Where it is served: "http://127.0.0.1:9911".
  [[nodiscard]] std::vector<std::string> urls() const;

 private:
  [[nodiscard]] api::History history_on(TaskThread& thread);
  [[nodiscard]] drivers::notify::Notifier::Parts notifier_parts();
  [[nodiscard]] Controller::Parts controller_parts(Parts parts);
  void report(NoteDelivery note, const std::function<void(bool)>& done);

  const Settings settings_;
  const Limits limits_;
  const Sequence recovered_head_;
  api::Counters counters_;
  api::Access access_;
  drivers::net::Loop loop_;
  TaskThread questions_;      // to the journal
  TaskThread event_readers_;
  std::unique_ptr<drivers::net::HttpCaller> caller_;  // ends before the notifier, whom it tells of what it cancels
  api::EventFeed feed_;
  drivers::notify::Notifier notifier_;
  ports::ClockPort& clock_;
  Controller controller_;
  api::Services services_;
  std::unique_ptr<drivers::net::HttpServer> server_;
  std::thread loop_thread_;
};

}  // namespace watchbill::app
