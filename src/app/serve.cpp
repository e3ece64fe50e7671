#include "app/serve.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "app/admin_token.h"
#include "app/serve_plan.h"
#include "app/served_urls.h"
#include "app/service.h"
#include "app/supervised.h"
#include "drivers/agent/guardian.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::app {
namespace {

cli::ExitCode refuse_recovery(cli::Terminal& terminal, const engine::RecoveryFailure& failure) {
  switch (failure.fault) {
    case engine::RecoveryFault::chain_broken:
      terminal.complain("serve: chain_broken: " + failure.text() +
                        ". Nothing was changed. `watchbill verify` tells more; restore a "
                        "backup with `watchbill journal restore` into another directory.");
      return cli::ExitCode::evidence_invalid;
    case engine::RecoveryFault::journal_newer:
      terminal.complain("serve: journal_newer: " + failure.text() + ". Start that release, or a newer one.");
      return cli::ExitCode::evidence_invalid;
    case engine::RecoveryFault::digest_differs:
      terminal.complain("serve: the replay differs from what was recorded: " + failure.text() +
                        ". This is a defect: report it with the "
                        "output of `watchbill replay`, and start the release that wrote the journal.");
      return cli::ExitCode::internal;
    case engine::RecoveryFault::store_failed:
      terminal.complain("serve: " + failure.text());
      return cli::ExitCode::internal;
  }
  return cli::ExitCode::internal;
}

cli::ExitCode refuse_service(cli::Terminal& terminal, const StartFailure& failure) {
  if (const auto* listen = std::get_if<drivers::net::ListenFailure>(&failure)) {
    terminal.complain("serve: " + std::string(word(listen->reason)) + ": " + listen->on + ": " + listen->detail +
                      ". Nothing was started; choose another address with --listen.");
    return cli::ExitCode::usage;
  }
  return terminal.refuse(std::get<Refused>(failure));
}

// SIGTERM, SIGINT and SIGHUP, waited for instead of handled: no code runs in a signal's context.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  [[nodiscard]] int wait() const {
    int signal = 0;
    ::sigwait(&set_, &signal);
    return signal;
  }

 private:
  sigset_t set_{};
};

void announce(cli::Terminal& terminal, const Service& service, const std::string& build, const std::string& data,
              Sequence records) {
  terminal.print("watchbill " + build + " serves " + data + ", " + std::to_string(records) + " records");
  for (const std::string& url : service.urls()) terminal.print("  API      " + url + "/api/watchbill/v1/openapi.json");
  for (const std::string& url : service.urls()) terminal.print("  metrics  " + url + "/metrics");
  terminal.print("  token    " + data + "/admin.token");
  std::fflush(stdout);  // whoever started us waits for these lines, also at the other end of a pipe
}

void serve_until_stopped(const StopSignals& signals, Service& service) {
  while (signals.wait() == SIGHUP) service.reload(engine_actor("signal"), [](const api::Reloaded&) {});
}

// The workloads end with the controller, as it was told; what hung is named.
void stop_workloads(cli::Terminal& terminal, Service& service) {
  terminal.complain("serve: stopping all workloads");
  for (const std::string& line : service.stop_workloads()) terminal.complain("serve: " + line);
}

cli::ExitCode serve_data(cli::Terminal& terminal, Service::Settings settings, cli::World& world, bool stops_workloads) {
  const StopSignals signals;  // before any thread: all of them inherit the mask
  const std::string data = settings.data;
  // Between a crash and the next start nobody holds the lock, and yet the data directory is not free.
  if (const auto guarded = another_is_guarded(data)) return refuse_lock(terminal, *guarded);
  auto lock = drivers::sqlite::DataLock::take(data);
  if (!lock) return refuse_lock(terminal, lock.error());
  const drivers::sqlite::Journal::Options options{drivers::sqlite::Access::read_write, true};
  auto journal = drivers::sqlite::Journal::open(data, options);
  auto follower_journal = drivers::sqlite::Journal::open(data, options);
  if (!journal) return refuse_start(terminal, "data_not_writable", journal.error(), cli::ExitCode::usage);
  if (!follower_journal) return refuse_start(terminal, "data_not_writable", follower_journal.error(), cli::ExitCode::usage);
  const Limits limits;
  Result<engine::Recovered, engine::RecoveryFailure> recovered =
      engine::recover(**journal, limits, {.reading = engine::Reading::ahead});
  if (!recovered) return refuse_recovery(terminal, recovered.error());
  if (!settings.bill && !recovered->state.progress.configuration.is_zero()) {
    terminal.complain("serve: config_invalid: the journal in " + data +
                      " follows a bill, and there is no watchbill.yaml here: name it with --config");
    return cli::ExitCode::usage;
  }
  const Sequence records = recovered->head.sequence;
  remove_served_urls(data);
  Result<std::string> token = admin_token(data, world.entropy);
  if (!token) return refuse_start(terminal, "data_not_writable", token.error(), cli::ExitCode::usage);
  settings.admin_token = std::move(*token);

  const auto end_process = [&terminal](int code, const std::string& reason) {
    terminal.complain("serve: " + reason + ". The process ends now, nothing undurable was released.");
    ::_exit(code);
  };
  Service service(std::move(settings),
                  Service::Parts{std::move(*journal), std::move(*follower_journal), world.clock, world.entropy, end_process,
                                 [&terminal](const std::string& line) { terminal.complain("serve: " + line); }},
                  std::move(*recovered), limits);
  if (const auto started = service.start(); !started) return refuse_service(terminal, started.error());
  if (const Status written = write_served_urls(data, service.urls()); !written)
    terminal.complain("serve: " + written.error().text() + "; verbs of this host need --token-file");
  announce(terminal, service, world.build, data, records);
  serve_until_stopped(signals, service);
  if (stops_workloads) stop_workloads(terminal, service);
  remove_served_urls(data);
  service.stop();
  return cli::ExitCode::done;
}

cli::ExitCode run(cli::Terminal& terminal, const cli::ServeArguments& arguments, cli::World& world) {
  auto plan = read_plan(terminal, arguments, true);
  if (!plan) return cli::ExitCode::usage;
  Service::Settings settings;
  settings.build = world.build;
  settings.source = std::move(plan->source);
  settings.bill = std::move(plan->bill);
  settings.data = std::move(plan->data);
  settings.listen = std::move(plan->listen);
  return serve_data(terminal, std::move(settings), world, arguments.stops_workloads);
}

}  // namespace

cli::ExitCode serve(cli::Terminal& terminal, const cli::ServeArguments& arguments, cli::World& world) {
  const cli::ExitCode code = run(terminal, arguments, world);
  if (drivers::agent::is_guarded_here()) drivers::agent::tell_exit_code(static_cast<int>(code));
  return code;
}

}  // namespace watchbill::app
