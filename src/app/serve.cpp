#include "app/serve.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "app/controller.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::app {
namespace {

// Until receivers can be reached nothing may be sent: no area asks for an effect before there is a bill that names receivers.
class NoReceivers final : public ports::EffectPort {
 public:
  void begin(const Effect&, Epoch) override {}
};

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

// SIGTERM and SIGINT, waited for instead of handled: no code runs in a signal's context.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
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

}  // namespace

cli::ExitCode serve(cli::Terminal& terminal, const cli::ServeArguments& arguments, cli::World& world) {
  const std::string data = arguments.data.empty() ? "./data" : arguments.data;
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

  NoReceivers effects;
  Controller::Parts parts{std::move(*journal),
                          std::move(*follower_journal),
                          world.clock,
                          effects,
                          world.entropy,
                          world.build,
                          100'000,
                          [&terminal](int code, const std::string& reason) {
                            terminal.complain("serve: " + reason + ". The process ends now, nothing undurable was released.");
                            ::_exit(code);
                          }};
  Controller controller(std::move(parts), std::move(*recovered), limits);
  controller.start();
  terminal.print("watchbill " + world.build + " serves " + data + ", " + std::to_string(records) + " records");
  static_cast<void>(signals.wait());
  controller.stop();
  return cli::ExitCode::done;
}

}  // namespace watchbill::app
