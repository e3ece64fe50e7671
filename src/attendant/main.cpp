// watchbill-unit UNIT
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "attendant/attendant.h"
#include "base/unit_name.h"

namespace {

constexpr const char* usage =
    "usage: watchbill-unit UNIT.service\n"
    "Starts a systemd service, or takes it over as it runs, and ends when and as the service ends. SIGTERM has it stopped.\n"
    "watchbill-keeper runs one for each workload that the bill declares with `unit`; by hand: watchbill-unit nginx.service\n"
    "Exit codes: the service's own (0: what systemd calls a success; a signal that killed it kills this too), 1 failed\n"
    "otherwise, 2 usage, 69 systemd cannot be asked, 77 it refuses this account, 78 no such service, or its file is wrong.\n";

// Ends this process by the signal that ended the service, without a core of its own.
[[noreturn]] void end_by(int signal) {
  const rlimit none{0, 0};
  (void)setrlimit(RLIMIT_CORE, &none);
  (void)std::signal(signal, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal);
  (void)kill(getpid(), signal);
  (void)sigprocmask(SIG_UNBLOCK, &one, nullptr);
  _exit(1);  // a signal that ends nobody
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(usage, stdout);
    return 0;
  }
  if (argc != 2 || !watchbill::is_service_name(argv[1])) {
    std::fputs(usage, stderr);
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  (void)sigprocmask(SIG_BLOCK, &ends, nullptr);
  const watchbill::attendant::Ending ending = watchbill::attendant::Attendant(argv[1]).run();
  if (ending.signal != 0) end_by(ending.signal);
  return ending.exit_code;
}
