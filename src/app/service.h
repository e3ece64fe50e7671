// What a serving process is made of, around the controller: the I/O loop with the HTTP server and client, the API, the webhooks,
// and the threads that may wait for the disk.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "api/access.h"
#include "api/counters.h"
#include "api/event_feed.h"
#include "api/outside_alerts.h"
#include "api/services.h"
#include "app/alertmanagers.h"
#include "app/bill.h"
#include "app/controller.h"
#include "app/effect_table.h"
#include "app/run_actions.h"
#include "app/watch/metrics_path.h"
#include "app/task_thread.h"
#include "app/workloads.h"
#include "drivers/net/http_client.h"
#include "drivers/net/http_server.h"
#include "drivers/net/loop.h"
#include "drivers/net/prober.h"
#include "drivers/net/smtp_client.h"
#include "drivers/notify/notifier.h"

namespace watchbill::app {

// Why a service did not start: it could not listen, or its bill was refused by the core (a full disk).
using StartFailure = std::variant<drivers::net::ListenFailure, Refused>;

class Service {
 public:
  struct Settings {
    std::string data;
    std::string build;
    std::vector<drivers::net::HttpListen> listen;
    std::string admin_token;
    BillSource source;         // what a reload reads
    std::optional<Bill> bill;  // as it was read at the start; set when `source` names something
  };

  struct Parts {
    std::unique_ptr<ports::JournalPort> journal;           // the engine's thread
    std::unique_ptr<ports::JournalPort> follower_journal;  // the follower's thread
    ports::ClockPort& clock;
    ports::EntropyPort& entropy;
    std::function<void(int, const std::string&)> on_failure;  // see Controller::Parts
    std::function<void(const std::string&)> log;              // one line for people; any thread
  };
  // Nothing runs yet but the threads that wait for questions.
  Service(Settings settings, Parts parts, engine::Recovered recovered, const Limits& limits);
  ~Service();

  // Listens, starts the controller, has the bill recorded when it is another than the one that holds, and takes requests. Fails
  // without having started anything when it cannot listen, and having ended everything again when the bill is refused.
  [[nodiscard]] Result<void, StartFailure> start();
  // Stops all workloads; see Workloads::close(). While it runs the API still answers.
  [[nodiscard]] std::vector<std::string> stop_workloads() { return workloads_.close(); }
  // No new requests, those in flight are answered (at most 5 s), then everything ends. Idempotent.
  void stop();

  // Reads the bill again and takes all of it or nothing. `done` comes once, on the loop; not at all when the service ends before.
  // Refuses busy while another reload is under way. Any thread.
  void reload(const Actor& who, std::function<void(const api::Reloaded&)> done);

  // Where it is served: "http://127.0.0.1:9911".
  [[nodiscard]] std::vector<std::string> urls() const;

 private:
  [[nodiscard]] api::History history_on(TaskThread& thread);
  [[nodiscard]] drivers::notify::Notifier::Parts notifier_parts();
  [[nodiscard]] Workloads::Parts workload_parts(const Parts& parts);
  [[nodiscard]] RunActions::Links action_links();
  [[nodiscard]] Controller::Parts controller_parts(Parts parts);
  [[nodiscard]] watch::MetricsPath::Links metrics_links();
  [[nodiscard]] watch::MetricsPath::Settings metrics_settings() const;
  [[nodiscard]] api::Running running_at_start() const;
  [[nodiscard]] std::string files_seen_from() const;
  void run_on_loop(const std::function<void()>& task);
  void judge(const std::string& condition, Duration timeout, ports::ProbeDone done);
  void report(NoteDelivery note, const std::function<void(bool)>& done);
  void accept(const Bill& bill, const Actor& who, engine::Reply reply);
  [[nodiscard]] std::optional<Refused> accept_at_start();
  void begin_reload(const Actor& who, std::function<void(const api::Reloaded&)> done);
  void say_reloaded(const api::Reloaded& outcome) const;
  void offer_reload(BillReading reading, const Actor& who, std::function<void(const api::Reloaded&)> done);
  void take(const Bill& bill);
  void show(const Bill& bill);
  void reject(const BillReading& reading, const Actor& who, engine::Reply reply);
  void ask(Command command, engine::Reply reply);

  const Settings settings_;
  const Limits limits_;
  const Sequence recovered_head_;
  api::Counters counters_;
  api::Access access_;
  drivers::net::Loop loop_;
  TaskThread questions_;      // to the journal
  TaskThread event_readers_;
  std::unique_ptr<drivers::net::HttpCaller> caller_;  // ends before the notifier, whom it tells of what it cancels
  std::unique_ptr<drivers::net::SmtpClient> mailer_;  // the same
  api::EventFeed feed_;
  drivers::notify::Notifier notifier_;
  drivers::net::Prober prober_;
  Workloads workloads_;
  RunActions actions_;
  EffectTable effects_;
  ports::ClockPort& clock_;
  const std::function<void(const std::string&)> log_;
  Controller controller_;
  watch::MetricsPath metrics_;
  Alertmanagers alertmanagers_;
  api::OutsideAlerts outside_;
  api::Services services_;
  std::unique_ptr<drivers::net::HttpServer> server_;
  bool is_reloading_{false};  // loop's thread
  api::Running running_;      // loop's thread, once it runs
  std::thread loop_thread_;
};

}  // namespace watchbill::app
