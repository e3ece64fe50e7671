#include "keeper/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

namespace watchbill::keeper {
namespace {

struct Child {
  const ProcessPlan* plan;
  const Inherited* inherited;
  int error;
};

// The child's stack. One is enough: CLONE_VFORK suspends the keeper until the child has left it.
alignas(64) std::array<char, 128U << 10> child_stack;

bool redirect(int from, int to) noexcept {
  if (from < 0) return false;
  if (from == to) return fcntl(to, F_SETFD, 0) == 0;
  return dup2(from, to) == to;
}

// Descriptors opened here are close-on-exec; dup2 leaves 0, 1 and 2 open.
bool open_streams(const ProcessPlan& plan) noexcept {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (!redirect(nothing, 0)) return false;
  int output = plan.output_fd >= 0 ? plan.output_fd : nothing;
  if (plan.output_path != nullptr) output = open(plan.output_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  int error = output;
  if (plan.error_path != nullptr) error = open(plan.error_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  return redirect(output, 1) && redirect(error, 2);
}

void reset_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool set_limits(const ProcessPlan& plan, const Inherited& inherited) noexcept {
  rlimit files{inherited.open_files_soft, inherited.open_files_hard};
  if (plan.open_files != 0) files = {plan.open_files, plan.open_files};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return false;
  if (inherited.runs_first) {
    // Until exec it runs before others too, since the keeper waits for it; below the keeper, which then takes that back at once.
    // What it forks meanwhile is ordinary.
    const sched_param below{keeper_run_priority - 1};
    (void)sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &below);
  }
  if (inherited.resets_oom_score) {
    const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score < 0 || write(score, "0", 1) != 1) return false;
  }
  umask(static_cast<mode_t>(plan.umask));
  return true;
}

// System calls, not the C library's wrappers: those speak to all threads of a process, and this memory is the keeper's.
bool become_account(const ProcessPlan& plan) noexcept {
  if (plan.has_account) {
    // A keeper without privileges runs its own account only, which was checked when the order was given.
    const bool is_self = getuid() == plan.uid && geteuid() != 0;
    if (!is_self && (syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) != 0 ||
                     syscall(SYS_setresgid, plan.gid, plan.gid, plan.gid) != 0 ||
                     syscall(SYS_setresuid, plan.uid, plan.uid, plan.uid) != 0))
      return false;
  }
  return !plan.no_new_privileges || prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0;
}

const char* path_of(char* const* environment) noexcept {
  for (char* const* entry = environment; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, "PATH=", 5) == 0) return *entry + 5;
  return "/usr/local/bin:/usr/bin:/bin";
}

// As execvpe, but with the PATH of the new environment and without memory. Returns the errno that tells most.
int execute(const ProcessPlan& plan) noexcept {
  const char* const name = plan.argv[0];
  if (std::strchr(name, '/') != nullptr) {
    execve(name, plan.argv, plan.environment);
    return errno;
  }
  int error = ENOENT;
  const std::size_t name_size = std::strlen(name);
  for (const char* at = path_of(plan.environment); at != nullptr;) {
    const char* const end = strchrnul(at, ':');
    const std::size_t size = static_cast<std::size_t>(end - at);
    char candidate[PATH_MAX];
    if (size != 0 && size + name_size + 2 <= sizeof candidate) {
      std::memcpy(candidate, at, size);
      candidate[size] = '/';
      std::memcpy(candidate + size + 1, name, name_size + 1);
      execve(candidate, plan.argv, plan.environment);
      if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    at = *end == '\0' ? nullptr : end + 1;
  }
  return error;
}

// Runs in the child, in the keeper's memory: it may write nothing but its stack and Child::error.
__attribute__((no_sanitize("address", "undefined"))) int run_child(void* argument) noexcept {
  Child& child = *static_cast<Child*>(argument);
  const ProcessPlan& plan = *child.plan;
  const bool is_prepared = setsid() >= 0 && open_streams(plan) && set_limits(plan, *child.inherited) && become_account(plan) &&
                           (plan.directory == nullptr || chdir(plan.directory) == 0);
  if (is_prepared) {
    reset_signals();
    child.error = execute(plan);
  } else {
    child.error = errno != 0 ? errno : EINVAL;
  }
  _exit(127);
}

}  // namespace

ProcessStart start_process(const ProcessPlan& plan, const Inherited& inherited) noexcept {
  Child child{&plan, &inherited, 0};
  char* const stack_top = child_stack.data() + child_stack.size();
  const int pid = clone(run_child, stack_top, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
  if (pid < 0) return {0, errno};
  if (child.error == 0) {
    if (inherited.runs_first) {
      const sched_param ordinary{};
      (void)sched_setscheduler(pid, SCHED_OTHER, &ordinary);  // forgets SCHED_RESET_ON_FORK as well
      (void)setpriority(PRIO_PROCESS, static_cast<id_t>(pid), inherited.priority);
    }
    return {pid, 0};
  }
  // It ended before exec: reaped here, so that nobody ever sees this pid.
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return {0, child.error};
}

}  // namespace watchbill::keeper
