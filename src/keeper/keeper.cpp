#include "keeper/keeper.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "keeper/restore.h"
#include "keeper/setup.h"
#include "keeper/acts.h"

namespace watchbill::keeper {
namespace {

constexpr std::uint32_t datagrams_per_turn = 64;
constexpr std::uint32_t datagrams_before_an_end = 4096;  // more than the kernel queues
constexpr std::uint32_t due_per_turn = 64;
constexpr Duration idle_look_every = Duration::seconds(1);

// What became ready in one turn.
struct Ready {
  bool notify{false};
  bool outputs{false};
  bool listen{false};
  bool exits{false};
};

void read_signals(Keeper& keeper, Ready& ready) {
  signalfd_siginfo info{};
  while (read(keeper.signal_fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGCHLD) {
      ready.exits = true;
    } else if (info.ssi_signo == SIGUSR2) {
      keeper.replacement_path = keeper.program_path;
      keeper.is_replacement_asked = true;
    } else {
      keeper.is_ending = true;
    }
  }
}

void adopted_ended(Keeper& keeper, std::uint32_t slot) {
  Workload* const workload = keeper.slots[slot].get();
  if (workload == nullptr || workload->pid_fd < 0) return;
  close(workload->pid_fd);
  workload->pid_fd = -1;
  // Its own word on how it ends may still wait to be read.
  serve_notify(keeper, datagrams_before_an_end);
  leader_exited(keeper, *workload, wire::ExitHow::unseen, 0);
}

// Takes what epoll reports; only exits and what their answers need are served here, the rest is noted in `ready`.
void take_event(Keeper& keeper, std::uint64_t tag, std::uint32_t events, Ready& ready) {
  const auto low = static_cast<std::uint32_t>(tag);
  switch (static_cast<EventKind>(tag >> 32)) {
    case EventKind::signals: return read_signals(keeper, ready);
    case EventKind::listen: ready.listen = true; return;
    case EventKind::connection:
      if (keeper.connections[low] != nullptr && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        read_connection(*keeper.connections[low]);
      return;
    case EventKind::adopted: return adopted_ended(keeper, low);
    case EventKind::notify: ready.notify = true; return;
    case EventKind::outputs: ready.outputs = true; return;
  }
}

void serve_due(Keeper& keeper) {
  std::uint32_t starts = 0;
  for (std::uint32_t i = 0; i < due_per_turn; ++i) {
    Workload* const first = keeper.due.first();
    if (first == nullptr || first->due_at > keeper.now || starts >= keeper.limits.starts_per_turn) return;
    if (first->state == wire::State::backoff) ++starts;
    workload_due(keeper, *first);
  }
}

bool is_idle(const Keeper& keeper) noexcept {
  const auto is_open = [](const auto& connection) { return connection != nullptr; };
  if (keeper.probe_running != 0 || std::any_of(keeper.connections.begin(), keeper.connections.end(), is_open)) return false;
  return std::none_of(keeper.by_name.begin(), keeper.by_name.end(),
                      [](const Workload* workload) { return workload->is_active(); });
}

int timeout_of(Keeper& keeper, bool has_more) noexcept {
  if (has_more) return 0;
  Instant due = keeper.due.first() != nullptr ? keeper.due.first()->due_at : Instant::never();
  due = std::min(due, next_probe_due(keeper));
  due = std::min(due, keeper.now + idle_look_every);
  if (keeper.pauses_outputs) due = std::min(due, keeper.outputs_resume_at);
  if (!keeper.memory.is_complete()) due = std::min(due, keeper.memory_retry_at);
  return static_cast<int>(std::clamp<std::int64_t>((due - keeper.now).ms, 0, idle_look_every.ms));
}

// One turn: exits first, then what is due, then words, then floods; at the end memory, and only then answers.
bool turn(Keeper& keeper, bool has_more) {
  std::array<epoll_event, 64> events{};
  const int timeout_ms = timeout_of(keeper, has_more);
  const int count = epoll_wait(keeper.epoll_fd, events.data(), static_cast<int>(events.size()), timeout_ms);
  read_clocks(keeper);
  Ready ready;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    take_event(keeper, event.data.u64, event.events, ready);
  }
  if (ready.exits) serve_exits(keeper);
  if (ready.notify) serve_notify(keeper, datagrams_per_turn);
  serve_due(keeper);
  end_late_probes(keeper);
  if (ready.listen) accept_connections(keeper);
  bool serves_more = false;
  for (std::size_t i = 0; i < keeper.connections.size(); ++i)
    if (keeper.connections[i] != nullptr && keeper.connections[i]->in_bytes != 0)
      serves_more = serve_connection(keeper, *keeper.connections[i]) || serves_more;
  if (ready.outputs) serve_outputs(keeper);
  else if (keeper.pauses_outputs && keeper.now >= keeper.outputs_resume_at) pause_outputs(keeper, false);
  if (keeper.outcomes_dropped != 0) {
    const wire::OutcomesDropped dropped{keeper.outcomes_dropped};
    keeper.outcomes_dropped = 0;
    (void)tell_numbered(keeper, dropped);
  }
  keeper.memory.commit();
  tend_memory(keeper);
  flush_connections(keeper);
  return serves_more;
}

void run_turns(Keeper& keeper) {
  serve_exits(keeper);  // what ended before the signal descriptor was there
  bool has_more = false;
  keeper.idle_since = keeper.now;
  while (!keeper.is_ending) {
    has_more = turn(keeper, has_more);
    if (keeper.is_replacement_asked) {
      keeper.is_replacement_asked = false;
      replace_in_place(keeper);
    }
    if (keeper.now - keeper.socket_looked_at >= idle_look_every) {
      keeper.socket_looked_at = keeper.now;
      keep_listening(keeper);
    }
    if (!is_idle(keeper)) keeper.idle_since = keeper.now;
    if (keeper.now - keeper.idle_since >= keeper.limits.idle_exit) keeper.is_ending = true;
  }
  for (const auto& workload : keeper.slots)
    if (workload != nullptr) drain_output(keeper, *workload);
  keeper.memory.commit();
}

int fail(const Error& error) {
  std::fprintf(stderr, "watchbill-keeper: %s\n", error.text().c_str());
  return error.kind == ErrorKind::busy ? 4 : 1;
}

// Runs the keeper on this thread; `ready_fd` gets one byte when the socket answers.
int serve(const Options& options, const std::string& program_path, const Limits& limits, int ready_fd) {
  const auto keeper = std::make_unique<Keeper>(limits);
  keeper->program_path = program_path;
  read_clocks(*keeper);
  if (const Status set = set_up(*keeper, options); !set) return fail(set.error());
  if (const Status restored = restore(*keeper, options.handoff_fd); !restored) return fail(restored.error());
  if (const Status listening = start_listening(*keeper); !listening) return fail(listening.error());
  if (ready_fd >= 0) {
    detach_streams();
    (void)!write(ready_fd, "1", 1);
    close(ready_fd);
  }
  run_turns(*keeper);
  stop_listening(*keeper);
  return 0;
}

// Runs the keeper on a second thread while this one, the process's first, only waits. Linux lists children by the thread that
// made them and gives orphans to the first: so its list holds orphans alone, and what an exit costs does not grow with the
// workloads.
int serve_apart(const Options& options, const std::string& program_path, const Limits& limits, int ready_fd) {
  struct Call {
    const Options& options;
    const std::string& program_path;
    const Limits& limits;
    int ready_fd;
    sigset_t signals;
    int code;
  };
  Call call{options, program_path, limits, ready_fd, {}, 0};
  const auto run = [](void* argument) -> void* {
    Call& asked = *static_cast<Call*>(argument);
    pthread_sigmask(SIG_SETMASK, &asked.signals, nullptr);
    asked.code = serve(asked.options, asked.program_path, asked.limits, asked.ready_fd);
    return nullptr;
  };
  // A signal that the first thread could take would be lost: the keeper reads its own from a descriptor.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &call.signals);
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, run, &call) != 0) run(&call);  // dearer, and right all the same
  else pthread_join(thread, nullptr);
  return call.code;
}

}  // namespace

int run_keeper(const Options& options, const std::string& program_path, const Limits& limits) {
  if (options.is_foreground || options.handoff_fd >= 0) return serve_apart(options, program_path, limits, -1);
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return fail(Error::from_errno(errno, "make a pipe", ""));
  const pid_t child = fork();
  if (child < 0) return fail(Error::from_errno(errno, "fork", ""));
  if (child == 0) {
    close(ready[0]);
    setsid();
    return serve_apart(options, program_path, limits, ready[1]);
  }
  close(ready[1]);
  char byte = 0;
  if (read(ready[0], &byte, 1) == 1) return 0;
  int status = 0;
  (void)waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1;
}

}  // namespace watchbill::keeper
