#include "app/supervised.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <utility>

#include "app/serve_plan.h"
#include "app/workloads.h"
#include "base/descriptor.h"
#include "drivers/agent/guardian.h"
#include "drivers/net/loop.h"
#include "drivers/sqlite/journal.h"

namespace watchbill::app {
namespace {

namespace wire = model::wire;
using drivers::agent::Guardian;

// As packaging/systemd/watchbill.service: a crash loop ends after 5 starts in 5 minutes. What would be refused again is final:
// a bill that cannot be taken, a data directory in use, a broken chain.
constexpr std::uint32_t starts_max = 5;
constexpr Duration starts_window = Duration::minutes(5);
constexpr std::array final_exit_codes{cli::ExitCode::usage, cli::ExitCode::locked, cli::ExitCode::evidence_invalid};
// A controller that is told to end ends within seconds, with --stop-workloads within the shutdown deadline and its slack.
constexpr Duration stop_slack = Duration::seconds(30);

// The same words for the child, without --supervised. `--name=value`, whatever a value begins with.
std::vector<std::string> command_of(const cli::ServeArguments& arguments, cli::Format format) {
  std::error_code error;
  std::string own = std::filesystem::read_symlink("/proc/self/exe", error).string();
  // An upgrade has replaced the file: the next start takes what is there.
  constexpr std::string_view deleted = " (deleted)";
  if (own.ends_with(deleted)) own.resize(own.size() - deleted.size());
  std::vector<std::string> command{own, "serve"};
  if (!arguments.config.empty()) command.push_back("--config=" + arguments.config);
  if (const std::string& file = arguments.neighbours.prometheus; !file.empty()) command.push_back("--prometheus.config=" + file);
  if (const std::string& file = arguments.neighbours.alertmanager; !file.empty())
    command.push_back("--alertmanager.config=" + file);
  for (const std::string& word : arguments.neighbours.flags.words()) command.push_back(word);
  if (!arguments.data.empty()) command.push_back("--data=" + arguments.data);
  for (const std::string& address : arguments.listen) command.push_back("--listen=" + address);
  if (arguments.stops_workloads) command.push_back("--stop-workloads");
  if (format == cli::Format::json) command.push_back("--output=json");
  return command;
}

drivers::agent::ControllerProgram program_of(const cli::ServeArguments& arguments, const ServePlan& plan,
                                             cli::Format format) {
  drivers::agent::ControllerProgram program;
  program.command = command_of(arguments, format);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool is_passed_on = std::strchr(*entry, '=') != nullptr && !drivers::agent::is_given_by_a_keeper(*entry);
    if (is_passed_on) program.environment.emplace_back(*entry);
  }
  std::error_code error;
  program.directory = std::filesystem::current_path(error).string();
  program.umask = ::umask(0);
  ::umask(program.umask);
  program.restart.limit = wire::LimitTerms{starts_max, starts_window};
  program.restart.initial = Duration{};
  program.restart.max = Duration::seconds(10);
  for (const cli::ExitCode code : final_exit_codes) program.final_exit_codes.push_back(static_cast<std::int32_t>(code));
  const Configuration configuration = plan.bill ? plan.bill->configuration : Configuration{};
  program.stop_grace = configuration.supervision.supervisor.shutdown_deadline + stop_slack;
  return program;
}

std::string text_of_end(const wire::ControllerState& state) {
  switch (state.how) {
    case wire::ExitHow::code: return "ended with exit code " + std::to_string(state.value);
    case wire::ExitHow::signal:
      return "was ended by signal " + std::to_string(state.value) + " (" + ::strsignal(state.value) + ")";
    case wire::ExitHow::not_executed: return std::string("could not be started: ") + std::strerror(state.value);
    case wire::ExitHow::unseen: break;
  }
  return "ended while no keeper was its parent, so nobody saw how";
}

std::string text_of_delay(const wire::ControllerState& state) {
  return state.next_start_in.ms > 0 ? "in " + format_duration(state.next_start_in) : "at once";
}

// What one run of this program knows and says.
class Foreground {
 public:
  Foreground(cli::Terminal& terminal, std::string data, bool stops_workloads)
      : terminal_(terminal), data_(std::move(data)), stops_workloads_(stops_workloads),
        guardian_(loop_, {data_, keeper_program()},
                  {[this](const wire::ControllerState& state) { take(state); },
                   [this](const wire::ControllerOutput& output) { show(output); },
                   [this](const Error& error) { fail(error); },
                   [this](const std::string& line) { say(line); }}) {}

  // Blocks the signals that it takes in this thread, the only one.
  cli::ExitCode run(const drivers::agent::ControllerProgram& program) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, number);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    const Descriptor signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    const Status watched = loop_.watch(signals.get(), {true, false}, [&](ports::Readiness) { take_signals(signals.get()); });
    if (!watched) return terminal_.fail(watched.error());
    guardian_.begin(program);
    loop_.run();
    loop_.unwatch(signals.get());
    return code_;
  }

 private:
  void say(const std::string& line) { terminal_.complain("serve: " + line); }

  void end_with(cli::ExitCode code) {
    code_ = code;
    loop_.stop();
  }

  void fail(const Error& error) {
    if (error.kind == ErrorKind::busy) return end_with(refuse_lock(terminal_, error));
    if (error.kind == ErrorKind::interrupted && is_ending_) return end_with(cli::ExitCode::done);
    say(error.text());
    if (error.kind == ErrorKind::timed_out) return end_with(cli::ExitCode::try_later);
    end_with(error.kind == ErrorKind::invalid ? cli::ExitCode::usage : cli::ExitCode::internal);
  }

  void take_signals(int descriptor) {
    signalfd_siginfo info{};
    while (::read(descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      if (info.ssi_signo == SIGHUP) guardian_.signal(SIGHUP);
      else if (info.ssi_signo == SIGCHLD) guardian_.reap_orphans();
      else if (!std::exchange(is_ending_, true)) guardian_.end();
    }
  }

  void show(const wire::ControllerOutput& output) {
    if (output.omitted_bytes != 0)
      say(std::to_string(output.omitted_bytes) + " bytes of the controller's output are only in " + log_path());
    // A reader that went away loses what it does not read.
    static_cast<void>(write_all(output.is_error_stream ? STDERR_FILENO : STDOUT_FILENO, output.bytes, "our output"));
  }

  void take(const wire::ControllerState& state) {
    const wire::ControllerState former = std::exchange(state_, state);
    // A leader that is gone is told as 0 while its group ends.
    if (state_.pid == 0 && state_.incarnation == former.incarnation) state_.pid = former.pid;
    switch (state.state) {
      case wire::State::running: return running(former);
      case wire::State::backoff: return waiting(former);
      case wire::State::stopping: return;
      case wire::State::stopped: return end_with(stopped(former));
      case wire::State::completed: return end_with(cli::ExitCode::done);
      case wire::State::failed: return end_with(failed());
      case wire::State::idle:
      case wire::State::lost:
        say("the keeper no longer knows the controller, so nobody starts it again");
        return end_with(cli::ExitCode::internal);
    }
  }

  void running(const wire::ControllerState& former) {
    // Its end was not told when the keeper that saw it, or the one before, ended too.
    const bool is_next = former.incarnation != state_.incarnation;
    if (is_next && former.state == wire::State::running) say(name_of(former.pid) + " " + text_of_end(state_));
    const std::string keeper = "the keeper (pid " + std::to_string(guardian_.keeper_pid()) + ")";
    if (std::exchange(guarding_keeper_, guardian_.keeper_pid()) != guardian_.keeper_pid())
      return say(keeper + " guards " + name_of(state_.pid));
    if (is_next) say("the controller runs again, pid " + std::to_string(state_.pid));
  }

  void waiting(const wire::ControllerState& former) {
    if (former.state == wire::State::backoff && former.incarnation == state_.incarnation) return;
    say(name_of(former.pid) + " " + text_of_end(state_) + "; it is started again " + text_of_delay(state_) + ", start " +
        std::to_string(state_.starts_in_window) + " of at most " + std::to_string(starts_max) + " in " +
        format_duration(starts_window));
  }

  cli::ExitCode stopped(const wire::ControllerState& former) {
    if (former.state == wire::State::backoff) {
      if (!stops_workloads_) return cli::ExitCode::done;
      say("no controller ran to stop the workloads: they run on. `watchbill serve --stop-workloads` and its end stop them");
      return cli::ExitCode::negative;
    }
    if (state_.how == wire::ExitHow::code) return static_cast<cli::ExitCode>(state_.value);
    // Before it could take a signal there was nothing that it had to end in order; unseen, it went as it was told.
    if (state_.how == wire::ExitHow::unseen || state_.value == SIGTERM) return cli::ExitCode::done;
    say(name_of(former.pid) + " did not end in time: it " + text_of_end(state_));
    return cli::ExitCode::internal;
  }

  cli::ExitCode failed() {
    const auto code = static_cast<cli::ExitCode>(state_.value);
    const bool has_code = state_.how == wire::ExitHow::code;
    const bool is_final = has_code && std::find(final_exit_codes.begin(), final_exit_codes.end(), code) != final_exit_codes.end();
    if (!is_final)
      say("restart_budget_exhausted: the controller " + text_of_end(state_) + ", for the " +
          std::to_string(state_.starts_in_window) + "th time in " + format_duration(starts_window) +
          ". It is not started again; workloads run on. What it said: " + log_path());
    else if (state_.incarnation > 1) say("the controller " + text_of_end(state_) + "; another start would be refused as well");
    return has_code ? code : cli::ExitCode::internal;
  }

  [[nodiscard]] static std::string name_of(std::int32_t pid) {
    return pid == 0 ? "the controller" : "the controller (pid " + std::to_string(pid) + ")";
  }
  [[nodiscard]] std::string log_path() const { return data_ + "/logs/" + std::string(wire::guarded_name) + ".log"; }

  cli::Terminal& terminal_;
  const std::string data_;
  const bool stops_workloads_;
  drivers::net::Loop loop_;
  Guardian guardian_;
  wire::ControllerState state_;
  std::int64_t guarding_keeper_{0};
  bool is_ending_{false};
  cli::ExitCode code_{cli::ExitCode::internal};
};

}  // namespace

std::optional<Error> another_is_guarded(const std::string& data) {
  if (drivers::agent::is_guarded_here()) return std::nullopt;
  const auto guarded = drivers::agent::guarded_controller(data);
  if (!guarded || !drivers::agent::is_active(*guarded)) return std::nullopt;
  const std::string which = guarded->pid == 0 ? " that crashed, and starts it again in a moment"
                                              : ", pid " + std::to_string(guarded->pid) + "; `kill` of that pid ends it for good";
  return Error{ErrorKind::busy, "lock", data, "its keeper guards a controller there" + which};
}

cli::ExitCode serve_supervised(cli::Terminal& terminal, const cli::ServeArguments& arguments) {
  // What is wrong is said here; what is only doubtful the controller says.
  const auto plan = read_plan(terminal, arguments, false);
  if (!plan) return cli::ExitCode::usage;
  const auto guarded = drivers::agent::guarded_controller(plan->data);
  if (!guarded || !drivers::agent::is_active(*guarded)) {
    // Taken to see that it is free and the directory can be written, and given back: the controller holds it.
    if (const auto lock = drivers::sqlite::DataLock::take(plan->data); !lock) return refuse_lock(terminal, lock.error());
  }
  return Foreground(terminal, plan->data, arguments.stops_workloads).run(program_of(arguments, *plan, terminal.format()));
}

}  // namespace watchbill::app
