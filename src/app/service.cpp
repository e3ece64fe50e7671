#include "app/service.h"

#include <future>

#include "api/routes.h"
#include "app/listen.h"
#include "app/timed_journal.h"
#include "drivers/sqlite/journal.h"
#include "drivers/system/process.h"

namespace watchbill::app {
namespace {

constexpr std::size_t questions_max = 64;
constexpr std::size_t event_readers_max = 128;
constexpr Duration first_record_wait_max = Duration::seconds(5);  // a disk that is full has no first record

Result<api::ProcessFigures> process_figures() {
  const auto read = drivers::system::read_process_figures();
  if (!read) return read.error();
  return api::ProcessFigures{read->cpu_seconds, read->start_seconds, read->resident_bytes,
                             read->virtual_bytes, read->open_fds,   read->open_fds_max};
}

}  // namespace

Service::Service(Settings settings, Parts parts, engine::Recovered recovered, const Limits& limits)
    : settings_(std::move(settings)),
      limits_(limits),
      recovered_head_(recovered.head.sequence),
      access_(settings_.access),
      questions_(questions_max),
      event_readers_(event_readers_max),
      caller_(std::make_unique<drivers::net::HttpCaller>(loop_)),
      feed_(history_on(event_readers_), loop_, counters_, recovered_head_),
      notifier_(settings_.notify, notifier_parts()),
      clock_(parts.clock),
      controller_(controller_parts(std::move(parts)), std::move(recovered), limits_),
      services_{settings_.build,
                controller_.follower(),
                controller_.inbox(),
                loop_,
                clock_,
                limits_,
                [this] { return controller_.write_mode(); },
                history_on(questions_),
                feed_,
                access_,
                counters_,
                process_figures} {}

Service::~Service() { stop(); }

Result<void, drivers::net::ListenFailure> Service::start() {
  drivers::net::Router router;
  for (ports::HttpRoute& route : api::http_routes(services_)) router.add(std::move(route));
  drivers::net::HttpServerSettings server;
  server.listen = settings_.listen;
  auto listening = drivers::net::HttpServer::listen(loop_, std::move(server), std::move(router));
  if (!listening) return listening.error();
  server_ = std::move(*listening);
  controller_.start();
  // Who asks first already meets this epoch.
  static_cast<void>(controller_.follower().wait_for(recovered_head_ + 1, first_record_wait_max));
  loop_thread_ = std::thread([this] { loop_.run(); });
  return {};
}

void Service::stop() {
  if (loop_thread_.joinable()) {
    std::promise<void> stopped;
    server_->stop([&stopped] { stopped.set_value(); });
    stopped.get_future().wait();
  }
  controller_.stop();
  event_readers_.stop();
  questions_.stop();
  loop_.stop();
  if (loop_thread_.joinable()) loop_thread_.join();
  caller_.reset();
}

std::vector<std::string> Service::urls() const {
  std::vector<std::string> urls;
  for (std::size_t i = 0; i < settings_.listen.size(); ++i)
    urls.push_back(url_of(settings_.listen[i], server_->ports()[i]));
  return urls;
}

api::History Service::history_on(TaskThread& thread) {
  const auto open = [this]() -> Result<std::unique_ptr<ports::JournalPort>> {
    auto journal = drivers::sqlite::Journal::open(settings_.data, {drivers::sqlite::Access::read_only, false});
    if (!journal) return journal.error();
    return std::unique_ptr<ports::JournalPort>(std::move(*journal));
  };
  return api::History{open, [&thread](std::function<void()> task) { return thread.run(std::move(task)); }};
}

drivers::notify::Notifier::Parts Service::notifier_parts() {
  const auto read_body = [this](const Digest& digest, std::function<void(Result<std::optional<std::string>>)> done) {
    return questions_.run([this, digest, done = std::move(done)] {
      const auto journal = drivers::sqlite::Journal::open(settings_.data, {drivers::sqlite::Access::read_only, false});
      done(journal ? (*journal)->blob(digest) : Result<std::optional<std::string>>(journal.error()));
    });
  };
  return {*caller_, loop_, read_body,
          [this](NoteDelivery note, const std::function<void(bool)>& done) { report(std::move(note), done); }};
}

void Service::report(NoteDelivery note, const std::function<void(bool)>& done) {
  const auto refused = controller_.inbox().offer(
      Command{std::move(note), engine_actor("notify"), std::nullopt, std::nullopt, {}}, [done](const core::Answer& answer) {
        done(!answer.refused || family_of(answer.refused->reason) != RefusalFamily::try_later);
      });
  // While it closes nothing is offered again: the next controller sends under the same id.
  if (refused) done(refused->reason == Refusal::closing);
}

Controller::Parts Service::controller_parts(Parts parts) {
  return Controller::Parts{std::make_unique<TimedJournal>(std::move(parts.journal), counters_),
                           std::move(parts.follower_journal),
                           parts.clock,
                           notifier_,
                           parts.entropy,
                           settings_.build,
                           100'000,
                           [this](std::span<const StoredRecord> records) { feed_.publish(records); },
                           std::move(parts.on_failure)};
}

}  // namespace watchbill::app
