#include "keeper/setup.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/sha256.h"
#include "keeper/acts.h"
#include "keeper/restore.h"

namespace watchbill::keeper {
namespace {

constexpr const char* socket_name = "keeper.sock";
constexpr std::uint32_t descriptors_of_our_own = 64;

Status enter_data(Keeper& keeper, const std::string& directory) {
  char* const absolute = realpath(directory.c_str(), nullptr);
  if (absolute == nullptr) return Error::from_errno(errno, "open the data directory", directory);
  keeper.data_path = absolute;
  std::free(absolute);
  struct stat status {};
  if (stat(keeper.data_path.c_str(), &status) != 0 || chdir(keeper.data_path.c_str()) != 0)
    return Error::from_errno(errno, "enter the data directory", keeper.data_path);
  if (!S_ISDIR(status.st_mode))
    return Error{ErrorKind::invalid, "enter the data directory", keeper.data_path, "it is no directory"};
  keeper.owner_uid = status.st_uid;
  keeper.is_root = geteuid() == 0;
  if (!keeper.is_root && keeper.owner_uid != geteuid())
    return Error{ErrorKind::denied, "take the data directory", keeper.data_path,
                 "it belongs to another account; run the keeper as its owner or as root"};
  umask(077);
  for (const char* path : {"keeper", "keeper/fifo", "keeper/effects", "logs"})
    if (mkdir(path, std::strcmp(path, "logs") == 0 ? 0750 : 0700) != 0 && errno != EEXIST)
      return Error::from_errno(errno, "make the directory", keeper.data_path + "/" + path);
  // What workloads write is for the account that owns DATA to read.
  if (keeper.is_root && chown("logs", keeper.owner_uid, static_cast<gid_t>(-1)) != 0)
    return Error::from_errno(errno, "give away the directory", keeper.data_path + "/logs");
  return {};
}

Status take_lock(Keeper& keeper) {
  if (keeper.lock_fd >= 0) return {};
  keeper.lock_fd = open("keeper/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (keeper.lock_fd < 0) return Error::from_errno(errno, "open the lock", keeper.data_path + "/keeper/lock");
  if (flock(keeper.lock_fd, LOCK_EX | LOCK_NB) == 0) return {};
  return Error{ErrorKind::busy, "take the data directory", keeper.data_path,
               "another keeper runs there; ask it through keeper.sock"};
}

Status watch(Keeper& keeper, int fd, EventKind kind) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = event_tag(kind);
  if (fd >= 0 && epoll_ctl(keeper.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return Error::from_errno(errno, "watch a descriptor", "");
}

// Abstract, so that accounts which may not enter the data directory can send; who sent is told by SCM_CREDENTIALS. The name
// follows from the directory: what was started under a dead keeper reaches its successor.
Status open_notify(Keeper& keeper) {
  keeper.keeper_id = sha256(keeper.data_path).hex().substr(0, 24);
  keeper.keeper_text = "WATCHBILL_KEEPER=" + keeper.keeper_id;
  const std::string name = "watchbill/" + keeper.keeper_id;
  keeper.notify_text = "NOTIFY_SOCKET=@" + name;
  if (keeper.notify_fd >= 0) return {};
  keeper.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (keeper.notify_fd < 0 || setsockopt(keeper.notify_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    return Error::from_errno(errno, "make the notify socket", "");
  const int room_bytes = 8 << 20;
  (void)setsockopt(keeper.notify_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room_bytes, sizeof room_bytes);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(keeper.notify_fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return {};
  if (errno == EADDRINUSE)
    return Error{
        ErrorKind::busy, "bind the notify socket", "@" + name,
        "a keeper whose data directory was at this path and was removed still runs; `pgrep -fa watchbill-keeper` shows it, "
        "SIGTERM ends it and leaves its workloads running"};
  return Error::from_errno(errno, "bind the notify socket", "@" + name);
}

Status block_signals(Keeper& keeper) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  // A file at its size limit and a closed socket are answers of write(), not deaths.
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGHUP}) sigaction(signal, &ignore, nullptr);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGUSR2, SIGTERM, SIGINT}) sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  keeper.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  return watch(keeper, keeper.signal_fd, EventKind::signals);
}

// What children get back is noted first.
void change_self(Keeper& keeper, bool is_resumed) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  keeper.inherited.open_files_soft = files.rlim_cur;
  keeper.inherited.open_files_hard = files.rlim_max;
  if (is_resumed) keeper.inherited.open_files_soft = std::min<rlim_t>(1024, files.rlim_max);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  keeper.workload_room = files.rlim_max > descriptors_of_our_own
                             ? static_cast<std::uint32_t>(std::min<rlim_t>(files.rlim_max - descriptors_of_our_own, 1U << 20))
                             : 0;
  keeper.inherited.priority = is_resumed ? 0 : getpriority(PRIO_PROCESS, 0);
  const sched_param before_ordinary{keeper_run_priority};
  keeper.inherited.runs_first = sched_setscheduler(0, SCHED_RR, &before_ordinary) == 0;
  prctl(PR_SET_CHILD_SUBREAPER, 1UL);
  const int score = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
  char text[8]{};
  if (score >= 0 && read(score, text, sizeof text - 1) > 0) keeper.inherited.resets_oom_score = std::atoi(text) != 0;
  if (score >= 0) close(score);
}

}  // namespace

Status set_up(Keeper& keeper, const Options& options) {
  if (Status entered = enter_data(keeper, options.data_directory); !entered) return entered;
  HandoffDescriptors handed;
  if (options.handoff_fd >= 0) {
    if (!read_handoff_descriptors(options.handoff_fd, handed))
      return Error{ErrorKind::invalid, "read what the replaced keeper handed on", "", "it is of another version"};
    for (const int fd : {handed.listen_fd, handed.notify_fd, handed.lock_fd, options.handoff_fd})
      (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  keeper.listen_fd = handed.listen_fd;
  keeper.notify_fd = handed.notify_fd;
  keeper.lock_fd = handed.lock_fd;
  if (Status locked = take_lock(keeper); !locked) return locked;
  keeper.boot = read_boot_id();
  keeper.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  keeper.outputs_fd = epoll_create1(EPOLL_CLOEXEC);
  keeper.connections.resize(keeper.limits.connection_count_max);
  if (Status blocked = block_signals(keeper); !blocked) return blocked;
  if (Status notified = open_notify(keeper); !notified) return notified;
  if (Status watched = watch(keeper, keeper.notify_fd, EventKind::notify); !watched) return watched;
  change_self(keeper, options.handoff_fd >= 0);
  return watch(keeper, keeper.outputs_fd, EventKind::outputs);
}

Status start_listening(Keeper& keeper) {
  if (keeper.listen_fd >= 0) return watch(keeper, keeper.listen_fd, EventKind::listen);
  keeper.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // Relative: the data directory's path may be longer than an address.
  std::memcpy(address.sun_path, socket_name, std::strlen(socket_name) + 1);
  unlink(socket_name);  // of a keeper that died; the lock says that none lives
  const std::string path = keeper.data_path + "/" + socket_name;
  if (keeper.listen_fd < 0 || bind(keeper.listen_fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error::from_errno(errno, "bind", path);
  if (chmod(socket_name, 0600) != 0 || (keeper.is_root && chown(socket_name, keeper.owner_uid, static_cast<gid_t>(-1)) != 0))
    return Error::from_errno(errno, "give to its owner", path);
  if (listen(keeper.listen_fd, 16) != 0) return Error::from_errno(errno, "listen at", path);
  return watch(keeper, keeper.listen_fd, EventKind::listen);
}

void keep_listening(Keeper& keeper) {
  if (access(socket_name, F_OK) == 0 || errno != ENOENT) return;
  // Without its directory there is nowhere to bind; who removed that has to end this keeper.
  if (access("keeper", F_OK) != 0) return;
  if (keeper.listen_fd >= 0) close(keeper.listen_fd);
  keeper.listen_fd = -1;
  if (start_listening(keeper)) {
    std::fprintf(stderr, "watchbill-keeper: %s/%s was removed; it is there again\n", keeper.data_path.c_str(), socket_name);
    return;
  }
  if (keeper.listen_fd >= 0) close(keeper.listen_fd);
  keeper.listen_fd = -1;
}

void stop_listening(Keeper& keeper) {
  unlink(socket_name);
  close(keeper.listen_fd);
}

void detach_streams() noexcept {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  const int log = open("keeper/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  dup2(nothing, 0);
  dup2(nothing, 1);
  dup2(log >= 0 ? log : nothing, 2);
}

}  // namespace watchbill::keeper
