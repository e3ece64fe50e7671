#include "app/serve.h"

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "app/admin_token.h"
#include "app/listen.h"
#include "app/service.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::app {
namespace {

cli::ExitCode refuse_start(cli::Terminal& terminal, const std::string& reason, const Error& error, cli::ExitCode code) {
  terminal.complain("serve: " + reason + ": " + error.text());
  return code;
}

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

cli::ExitCode refuse_listen(cli::Terminal& terminal, const drivers::net::ListenFailure& failure) {
  terminal.complain("serve: " + std::string(word(failure.reason)) + ": " + failure.on + ": " + failure.detail +
                    ". Nothing was started; choose another address with --listen.");
  return cli::ExitCode::usage;
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

// What `serve` was told, read completely before anything is touched.
Result<std::vector<drivers::net::HttpListen>, ListenProblem> read_listen(const cli::ServeArguments& arguments) {
  std::vector<std::string> texts = arguments.listen;
  if (texts.empty()) texts.emplace_back(listen_default);
  std::vector<drivers::net::HttpListen> addresses;
  for (const std::string& text : texts) {
    auto listen = parse_listen(text);
    if (!listen) return listen.error();
    addresses.push_back(std::move(*listen));
  }
  return addresses;
}

void announce(cli::Terminal& terminal, const Service& service, const std::string& build, const std::string& data,
              Sequence records) {
  terminal.print("watchbill " + build + " serves " + data + ", " + std::to_string(records) + " records");
  for (const std::string& url : service.urls()) terminal.print("  API      " + url + "/api/watchbill/v1/openapi.json");
  for (const std::string& url : service.urls()) terminal.print("  metrics  " + url + "/metrics");
  terminal.print("  token    " + data + "/admin.token");
  std::fflush(stdout);  // whoever started us waits for these lines, also at the other end of a pipe
}

void serve_until_stopped(cli::Terminal& terminal, const StopSignals& signals) {
  while (signals.wait() == SIGHUP)
    terminal.complain("serve: reload: not_yet_supported: there is no bill to read again; everything goes on as it was");
}

}  // namespace

cli::ExitCode serve(cli::Terminal& terminal, const cli::ServeArguments& arguments, cli::World& world) {
  const std::string data = arguments.data.empty() ? "./data" : arguments.data;
  auto listen = read_listen(arguments);
  if (!listen) {
    terminal.complain("serve: " + listen.error().reason + ": " + listen.error().message);
    return cli::ExitCode::usage;
  }
  const StopSignals signals;  // before any thread: all of them inherit the mask
  auto lock = drivers::sqlite::DataLock::take(data);
  if (!lock && lock.error().kind == ErrorKind::busy)
    return refuse_start(terminal, "data_in_use", lock.error(), cli::ExitCode::locked);
  if (!lock) return refuse_start(terminal, "data_not_writable", lock.error(), cli::ExitCode::usage);
  const drivers::sqlite::Journal::Options options{drivers::sqlite::Access::read_write, true};
  auto journal = drivers::sqlite::Journal::open(data, options);
  auto follower_journal = drivers::sqlite::Journal::open(data, options);
  if (!journal) return refuse_start(terminal, "data_not_writable", journal.error(), cli::ExitCode::usage);
  if (!follower_journal) return refuse_start(terminal, "data_not_writable", follower_journal.error(), cli::ExitCode::usage);
  const Limits limits;
  Result<engine::Recovered, engine::RecoveryFailure> recovered = engine::recover(**journal, limits);
  if (!recovered) return refuse_recovery(terminal, recovered.error());
  const Sequence records = recovered->head.sequence;
  const Result<std::string> token = admin_token(data, world.entropy);
  if (!token) return refuse_start(terminal, "data_not_writable", token.error(), cli::ExitCode::usage);

  api::AccessSettings access;
  access.tokens.push_back(api::Token{"admin", sha256(*token), {"admin"}});
  const auto end_process = [&terminal](int code, const std::string& reason) {
    terminal.complain("serve: " + reason + ". The process ends now, nothing undurable was released.");
    ::_exit(code);
  };
  Service service(Service::Settings{data, world.build, std::move(*listen), std::move(access), {}},
                  Service::Parts{std::move(*journal), std::move(*follower_journal), world.clock, world.entropy, end_process},
                  std::move(*recovered), limits);
  if (const auto started = service.start(); !started) return refuse_listen(terminal, started.error());
  announce(terminal, service, world.build, data, records);
  serve_until_stopped(terminal, signals);
  service.stop();
  return cli::ExitCode::done;
}

}  // namespace watchbill::app
