#include "app/service.h"

#include <future>

#include "api/metrics.h"
#include "api/routes.h"
#include "app/listen.h"
#include "app/timed_journal.h"
#include "cli/check.h"
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

Duration resolve_timeout_of(const Configuration* configuration) {
  if (configuration == nullptr || !configuration->routing) return api::OutsideAlerts::resolve_timeout_otherwise;
  return configuration->routing->resolve_timeout;
}

}  // namespace

Service::Service(Settings settings, Parts parts, engine::Recovered recovered, const Limits& limits)
    : settings_(std::move(settings)),
      limits_(limits),
      recovered_head_(recovered.head.sequence),
      access_(access_settings(settings_.admin_token, settings_.bill ? &*settings_.bill : nullptr)),
      questions_(questions_max),
      event_readers_(event_readers_max),
      caller_(std::make_unique<drivers::net::HttpCaller>(loop_)),
      mailer_(std::make_unique<drivers::net::SmtpClient>(loop_)),
      feed_(history_on(event_readers_), loop_, counters_, recovered_head_),
      notifier_(settings_.bill ? settings_.bill->notify : drivers::notify::NotifySettings{}, notifier_parts()),
      prober_(loop_),
      workloads_(settings_.data, recovered.head.epoch, workload_parts(parts)),
      actions_(action_links(), {settings_.data, cli::load_options().own_host}),
      effects_({notifier_, workloads_.agent(), actions_.driver()}),
      clock_(parts.clock),
      log_(parts.log),
      controller_(controller_parts(std::move(parts)), std::move(recovered), limits_),
      metrics_(metrics_links(), metrics_settings()),
      alertmanagers_({loop_, *caller_, controller_.follower(), questions_, [this] { return controller_.now(); }, log_}),
      outside_({loop_, controller_.inbox(), controller_.follower(), [this] { return controller_.now(); }, limits_}),
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
                process_figures,
                workloads_.services(),
                [this](const Actor& who, auto done) { reload(who, std::move(done)); },
                metrics_.watch(),
                [this](Plan plan, RunPlace place, auto done) {
                  actions_.ask_beforehand(std::move(plan), std::move(place), std::move(done));
                },
                [this] { return running_; },
                [this] { return alertmanagers_.view(); },
                &outside_,
                [this] { return controller_.read_only_reason(); }},
      running_(running_at_start()) {
  if (settings_.bill) show(*settings_.bill);
  controller_.follower().read([this](const core::State& state, const ChainHead&) {
    counters_.deliveries.know(state.route);
    return 0;
  });
}

Service::~Service() { stop(); }

Result<void, StartFailure> Service::start() {
  drivers::net::Router router;
  for (ports::HttpRoute& route : api::http_routes(services_)) router.add(std::move(route));
  drivers::net::HttpServerSettings server;
  server.listen = settings_.listen;
  if (settings_.bill && !settings_.bill->configuration.external_url.empty())
    server.external_urls.push_back(settings_.bill->configuration.external_url);
  auto listening = drivers::net::HttpServer::listen(loop_, std::move(server), std::move(router));
  if (!listening) return StartFailure{listening.error()};
  server_ = std::move(*listening);
  controller_.start();
  // Who asks first already meets this epoch.
  static_cast<void>(controller_.follower().wait_for(recovered_head_ + 1, first_record_wait_max));
  const std::optional<Refused> refused = accept_at_start();
  if (!refused) metrics_.start(settings_.bill ? settings_.bill->metrics : std::make_shared<const watch::MetricsPlan>());
  if (settings_.bill) workloads_.configure(settings_.bill->configuration);
  if (!refused) outside_.start(resolve_timeout_of(settings_.bill ? &settings_.bill->configuration : nullptr));
  if (settings_.bill && !refused) alertmanagers_.configure(settings_.bill->configuration, urls().front());
  loop_thread_ = std::thread([this] { loop_.run(); });
  if (!refused) return {};
  stop();
  return StartFailure{*refused};
}

void Service::stop() {
  if (loop_thread_.joinable()) {
    std::promise<void> stopped;
    server_->stop([&stopped] { stopped.set_value(); });
    stopped.get_future().wait();
    run_on_loop([this] {
      metrics_.stop_asking();
      alertmanagers_.stop();
      outside_.stop();
    });
  }
  metrics_.stop();
  controller_.stop();
  actions_.stop();
  workloads_.stop();
  event_readers_.stop();
  questions_.stop();
  loop_.stop();
  if (loop_thread_.joinable()) loop_thread_.join();
  actions_.end();
  caller_.reset();
  mailer_.reset();
}

// --- the bill ---

void Service::accept(const Bill& bill, const Actor& who, engine::Reply reply) {
  ask(Command{AcceptConfig{bill.digest}, who, std::nullopt, std::nullopt, {bill.text}}, std::move(reply));
}

// For the journal: which errors, not their sentences, which may quote what was written there.
void Service::reject(const BillReading& reading, const Actor& who, engine::Reply reply) {
  RejectConfig reject;
  reject.files = reading.files;
  for (const config::Finding& finding : reading.loaded.findings) {
    if (finding.severity != config::Severity::error) continue;
    ++reject.errors;
    if (reject.findings.size() == limits_.rejected_findings_max) continue;
    reject.findings.push_back({std::string(finding.code), static_cast<std::uint32_t>(finding.place.at.column), finding.place.file,
                               static_cast<std::uint32_t>(finding.place.at.line), finding.path});
  }
  ask(Command{std::move(reject), who, std::nullopt, std::nullopt, {}}, std::move(reply));
}

// A full inbox answers as the core would.
void Service::ask(Command command, engine::Reply reply) {
  const auto refused = controller_.inbox().offer(std::move(command), reply);
  if (!refused) return;
  core::Answer answer;
  answer.refused = refused;
  reply(answer);
}

// The loop does not run yet.
std::optional<Refused> Service::accept_at_start() {
  if (!settings_.bill) return std::nullopt;
  const Digest held = controller_.follower().read([](const core::State& state, const ChainHead&) {
    return state.progress.configuration;
  });
  if (held == settings_.bill->digest) return std::nullopt;
  std::promise<core::Answer> answered;
  accept(*settings_.bill, engine_actor("start"), [&answered](const core::Answer& answer) { answered.set_value(answer); });
  const core::Answer answer = answered.get_future().get();
  static_cast<void>(controller_.follower().wait_for(answer.sequence, first_record_wait_max));
  return answer.refused;
}

void Service::reload(const Actor& who, std::function<void(const api::Reloaded&)> done) {
  loop_.post([this, who, done = std::move(done)] {
    begin_reload(who, [this, done](const api::Reloaded& outcome) {
      say_reloaded(outcome);
      done(outcome);
    });
  });
}

// For whoever reads the log, whoever asked.
void Service::say_reloaded(const api::Reloaded& outcome) const {
  for (const config::Finding& finding : outcome.findings) log_(finding.line());
  if (outcome.refused)
    return log_("reload: " + std::string(word(outcome.refused->reason)) + ": " + outcome.refused->message +
                "; everything goes on as it was");
  std::string text = "reload: the bill was taken, " + outcome.configuration.hex().substr(0, 12);
  for (const std::string& key : outcome.keys_for_restart) text += "; " + key + " changes at the next start only";
  log_(text);
}

void Service::begin_reload(const Actor& who, std::function<void(const api::Reloaded&)> done) {
  api::Reloaded refused;
  if (!settings_.source.is_named())
    refused.refused = Refused{Refusal::not_yet_supported, "this controller runs without a bill: start it with --config"};
  else if (is_reloading_)
    refused.refused = Refused{Refusal::busy, "the bill is being read already"};
  if (refused.refused) return done(refused);
  is_reloading_ = questions_.run([this, who, done] {
    loop_.post([this, who, done, reading = read_bill(settings_.source)]() mutable {
      offer_reload(std::move(reading), who, done);
    });
  });
  if (is_reloading_) return;
  refused.refused = Refused{Refusal::busy, "too many questions to the disk are waiting"};
  done(refused);
}

void Service::offer_reload(BillReading reading, const Actor& who, std::function<void(const api::Reloaded&)> done) {
  api::Reloaded outcome;
  outcome.findings = reading.loaded.findings;
  if (!reading.bill) {
    counters_.count_refusal(Area::engine, Refusal::config_invalid);
    running_.is_last_reload_taken = false;
    outcome.refused = Refused{Refusal::config_invalid, settings_.source.text() + ": nothing of it was taken"};
    // The caller is answered either way: a journal that takes nothing now must not hide what is wrong with the bill.
    return reject(reading, who, [this, outcome, done](const core::Answer& answer) mutable {
      outcome.sequence = answer.sequence;
      loop_.post([this, outcome, done] {
        is_reloading_ = false;
        done(outcome);
      });
    });
  }
  outcome.configuration = reading.bill->digest;
  outcome.keys_for_restart = keys_for_restart(settings_.bill->configuration, reading.bill->configuration);
  const auto bill = std::make_shared<const Bill>(std::move(*reading.bill));
  notifier_.prepare(bill->notify);
  accept(*bill, who, [this, bill, outcome = std::move(outcome), done](const core::Answer& answer) mutable {
    outcome.refused = answer.refused;
    outcome.sequence = answer.sequence;
    loop_.post([this, bill, outcome = std::move(outcome), done] {
      is_reloading_ = false;
      running_.is_last_reload_taken = !outcome.refused;
      if (!outcome.refused) take(*bill);
      done(outcome);
    });
  });
}

// What the core does not do itself: callers, receivers, targets and rules.
void Service::take(const Bill& bill) {
  access_.configure(access_settings(settings_.admin_token, &bill));
  metrics_.configure(bill.metrics);
  notifier_.configure(bill.notify);
  workloads_.configure(bill.configuration);
  alertmanagers_.configure(bill.configuration, urls().front());
  outside_.configure(resolve_timeout_of(&bill.configuration));
  show(bill);
}

// What readers are told of it.
void Service::show(const Bill& bill) {
  running_.configuration = bill.prometheus_text;
  running_.alertmanager = bill.alertmanager_text;
  running_.jobs.clear();
  for (const ScrapeConfiguration& job : bill.configuration.scrape_configs) running_.jobs.push_back(job.job);
  running_.external_labels = bill.configuration.global.external_labels;
  running_.read_at = controller_.now();
}

// --- parts ---

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
  const auto read_body = [this](const Digest& digest) -> Result<std::optional<std::string>> {
    const auto journal = drivers::sqlite::Journal::open(settings_.data, {drivers::sqlite::Access::read_only, false});
    if (!journal) return journal.error();
    return (*journal)->blob(digest);
  };
  return {*caller_,
          *mailer_,
          loop_,
          [this] { return controller_.now(); },
          [this](std::function<void()> task) { return questions_.run(std::move(task)); },
          read_body,
          drivers::scrape::read_secret_file,
          [this](const std::string& line) { log_(line); },
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

Workloads::Parts Service::workload_parts(const Parts& parts) {
  const auto offer = [this](Command command, engine::Reply reply) {
    return controller_.inbox().offer(std::move(command), std::move(reply));
  };
  return {loop_,
          prober_,
          *caller_,
          offer,
          [this]() -> const engine::Follower& { return controller_.follower(); },
          [this] { return controller_.now(); },
          parts.log,
          [this](const std::string& condition, Duration timeout, ports::ProbeDone done) {
            judge(condition, timeout, std::move(done));
          },
          [this](ProbeSamples::OwnSamples samples) { metrics_.append(std::move(samples)); }};
}

// A probe by query: no data is no answer.
void Service::judge(const std::string& condition, Duration timeout, ports::ProbeDone done) {
  const Instant begun = controller_.now();
  drivers::query::Question question;
  question.condition = condition;
  question.deadline = begun + timeout;
  metrics_.ask(std::move(question), [this, begun, done = std::move(done)](const drivers::query::Finding& finding) {
    ports::ProbeResult result;
    result.detail = finding.reason;
    result.took = controller_.now() - begun;
    switch (finding.verdict) {
      case metrics::promql::ConditionVerdict::holds: result.verdict = ports::ProbeVerdict::pass; break;
      case metrics::promql::ConditionVerdict::fails: result.verdict = ports::ProbeVerdict::fail; break;
      case metrics::promql::ConditionVerdict::no_data: result.verdict = ports::ProbeVerdict::error; break;
    }
    loop_.post([done, result] { done(result); });
  });
}

RunActions::Links Service::action_links() {
  return {loop_,
          *caller_,
          prober_,
          workloads_.agent(),
          [this] { return controller_.now(); },
          [this](drivers::query::Question question, std::function<void(drivers::query::Finding)> done) {
            metrics_.ask(std::move(question), std::move(done));
          },
          [this](Command command, engine::Reply reply) {
            return controller_.inbox().offer(std::move(command), std::move(reply));
          }};
}

watch::MetricsPath::Links Service::metrics_links() {
  return {loop_,
          *caller_,
          controller_.inbox(),
          controller_.follower(),
          [this] { return controller_.now(); },
          [this] { return api::metrics_page(services_, api::PageParts::own); },
          log_};
}

watch::MetricsPath::Settings Service::metrics_settings() const {
  const Configuration configuration = settings_.bill ? settings_.bill->configuration : Configuration{};
  const drivers::net::HttpListen& address = settings_.listen.front();
  const std::string url = url_of(address, address.port);
  watch::MetricsPath::Settings settings;
  settings.data = settings_.data;
  settings.retention = configuration.storage.retention;
  settings.out_of_order_window = configuration.storage.out_of_order_window;
  if (const auto& wanted = configuration.storage.exemplar_count_max)
    settings.exemplar_count_max = static_cast<std::size_t>(*wanted);
  settings.retention_bytes = static_cast<std::uint64_t>(configuration.storage.retention_bytes.value_or(0));
  settings.debounce = configuration.evaluation.debounce;
  settings.external_url = configuration.external_url.empty() ? url : configuration.external_url;
  settings.files_seen_from = files_seen_from();
  settings.own_address = url.substr(url.find("//") + 2);
  settings.own_host = cli::load_options().own_host;
  return settings;
}

// As Prometheus: files are named by absolute paths, or from the working directory, as the first of them was.
std::string Service::files_seen_from() const {
  const std::string first = settings_.source.bill + settings_.source.neighbours.prometheus;
  return first.starts_with('/') ? "" : cli::load_options().working_directory;
}

// Flags of Prometheus' under which what was told to this program is known there.
api::Running Service::running_at_start() const {
  api::Running running;
  const watch::MetricsPath::Settings metrics = metrics_settings();
  std::string listen;
  for (const drivers::net::HttpListen& address : settings_.listen) {
    const std::string url = url_of(address, address.port);
    listen += (listen.empty() ? "" : ",") + url.substr(url.find("//") + 2);
  }
  const std::string retention = format_duration(metrics.retention);
  const bool has_native = settings_.bill && settings_.bill->configuration.global.histograms.native;
  running.flags = {{"enable-feature", has_native ? "native-histograms" : ""},
                   {"config.file", settings_.source.bill + settings_.source.neighbours.prometheus},
                   {"query.lookback-delta", "5m"},
                   {"query.max-samples", "50000000"},
                   {"query.timeout", "2m"},
                   {"storage.tsdb.path", settings_.data},
                   {"storage.tsdb.retention.size", std::to_string(metrics.retention_bytes) + "B"},
                   {"storage.tsdb.retention.time", retention},
                   {"web.enable-admin-api", "false"},
                   {"web.enable-lifecycle", "true"},
                   {"web.enable-remote-write-receiver", "true"},
                   {"web.external-url", settings_.bill ? settings_.bill->configuration.external_url : ""},
                   {"web.listen-address", listen}};
  running.retention = metrics.retention;
  running.files_seen_from = files_seen_from();
  running.working_directory = cli::load_options().working_directory;
  running.configuration = config::load_neighbours({}, {}).prometheus_text;
  return running;
}

// Waits until the loop has done it.
void Service::run_on_loop(const std::function<void()>& task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

Controller::Parts Service::controller_parts(Parts parts) {
  return Controller::Parts{std::make_unique<TimedJournal>(std::move(parts.journal), counters_),
                           std::move(parts.follower_journal),
                           parts.clock,
                           effects_,
                           parts.entropy,
                           settings_.build,
                           100'000,
                           [this](std::span<const StoredRecord> records) { feed_.publish(records); },
                           [this] {
                             controller_.follower().read([this](const core::State& state, const ChainHead& head) {
                               workloads_.look(state, head);
                             });
                           },
                           parts.log,
                           std::move(parts.on_failure)};
}

}  // namespace watchbill::app
