#include <signal.h>
#include <time.h>

#include <optional>

#include "app/emitted.h"
#include "app/serve.h"
#include "app/served_urls.h"
#include "app/simulate.h"
#include "app/supervised.h"
#include "cli/command_line.h"
#include "drivers/agent/log_files.h"
#include "drivers/net/http_client.h"
#include "drivers/net/loop.h"
#include "drivers/sqlite/journal.h"
#include "drivers/system/system.h"

#ifndef WB_BUILD
#define WB_BUILD "0.1.0"
#endif

namespace watchbill::app {
namespace {

Result<std::unique_ptr<ports::JournalPort>> read_journal(const std::string& data) {
  auto journal = drivers::sqlite::Journal::open(data, {drivers::sqlite::Access::read_only, false});
  if (!journal) return journal.error();
  return std::unique_ptr<ports::JournalPort>(std::move(*journal));
}

Result<std::unique_ptr<ports::JournalPort>> write_journal(const std::string& data) {
  auto lock = drivers::sqlite::DataLock::take(data);
  if (!lock) return lock.error();
  auto journal = drivers::sqlite::Journal::open(data, {drivers::sqlite::Access::read_write, false});
  if (!journal) return journal.error();
  (*journal)->hold(std::move(*lock));
  return std::unique_ptr<ports::JournalPort>(std::move(*journal));
}

std::unique_ptr<ports::LogPort> logs(const std::string& data) { return std::make_unique<drivers::agent::LogFiles>(data); }

// A loop of its own for one call: verbs make few.
Result<ports::HttpAnswer, ports::HttpFailure> call(ports::HttpCall request) {
  drivers::net::Loop loop;
  drivers::net::HttpCaller caller(loop);
  std::optional<Result<ports::HttpAnswer, ports::HttpFailure>> outcome;
  caller.start(std::move(request), [&](Result<ports::HttpAnswer, ports::HttpFailure> answer) {
    outcome = std::move(answer);
    loop.stop();
  });
  loop.run();
  return std::move(*outcome);
}

bool pause(Duration duration) {
  const timespec time{duration.ms / 1000, duration.ms % 1000 * 1'000'000};
  ::nanosleep(&time, nullptr);
  return true;  // an interrupt ends the process by its signal
}

}  // namespace
}  // namespace watchbill::app

int main(int argument_count, char** arguments) {
  using namespace watchbill;
  ::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error of the write, not the end of the process
  ::signal(SIGXFSZ, SIG_IGN);  // and so is a file at its size limit: the journal takes it for a full disk
  drivers::system::SystemClock clock;
  drivers::system::SystemEntropy entropy;
  cli::World world{WB_BUILD,         clock,     entropy,   app::read_journal, app::write_journal, app::logs,
                   app::served_urls, app::call, app::pause, app::own_metrics, app::host_page};
  cli::ProgramVerbs program;
  program.serve = [&world](cli::Terminal& terminal, const cli::ServeArguments& serve) {
    return serve.is_supervised ? app::serve_supervised(terminal, serve) : app::serve(terminal, serve, world);
  };
  program.simulate = app::simulate;
  return cli::run(argument_count, arguments, world, program);
}
