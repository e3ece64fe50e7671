// Replacement in place: the successor is the same process, so children stay children. It reads the memory file as after a death;
// what is in no file (beats, readiness, waiting datagrams) is handed on here, in a memfd, together with the sockets.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "keeper/acts.h"
#include "keeper/restore.h"

namespace watchbill::keeper {
namespace {

constexpr std::uint32_t handoff_version = 1;

struct HandoffHead {
  using is_wire = void;
  std::uint32_t version{handoff_version};
  std::int32_t listen_fd{-1};
  std::int32_t notify_fd{-1};
  std::int32_t lock_fd{-1};
  std::uint32_t replaced_count{0};
  std::uint32_t workload_count{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.version), visit(self.listen_fd), visit(self.notify_fd), visit(self.lock_fd), visit(self.replaced_count);
    visit(self.workload_count);
  }
};

struct HandoffWorkload {
  using is_wire = void;
  std::string_view name;
  Instant last_beat;
  bool has_beaten{false};
  bool is_ready{false};
  bool is_hung{false};
  bool is_adopted{false};
  std::uint64_t discarded_bytes{0};
  std::uint64_t discarded_total{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.name), visit(self.last_beat), visit(self.has_beaten), visit(self.is_ready), visit(self.is_hung);
    visit(self.is_adopted), visit(self.discarded_bytes), visit(self.discarded_total);
  }
};

constexpr std::size_t workload_bytes_max = 512;

std::string read_all(int fd) {
  struct stat status {};
  std::string content;
  if (fstat(fd, &status) != 0) return content;
  content.resize(static_cast<std::size_t>(status.st_size));
  const ssize_t got = pread(fd, content.data(), content.size(), 0);
  content.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return content;
}

void set_close_on_exec(int fd, bool closes) noexcept { (void)fcntl(fd, F_SETFD, closes ? FD_CLOEXEC : 0); }

int write_handoff(const Keeper& keeper) {
  std::string bytes(64 + keeper.by_name.size() * workload_bytes_max, '\0');
  wire::Writer writer(bytes);
  writer(HandoffHead{handoff_version, keeper.listen_fd, keeper.notify_fd, keeper.lock_fd, keeper.replaced_count + 1,
                     static_cast<std::uint32_t>(keeper.by_name.size())});
  for (const Workload* workload : keeper.by_name)
    writer(HandoffWorkload{workload->name, workload->beats.last_beat, workload->beats.has_beaten, workload->is_ready,
                           workload->is_hung, workload->is_adopted, workload->log.discarded_bytes,
                           workload->log.discarded_total});
  const int fd = memfd_create("watchbill-handoff", 0);
  if (fd < 0 || !writer.fits()) return -1;
  return write(fd, bytes.data(), writer.size()) == static_cast<ssize_t>(writer.size()) ? fd : -1;
}

}  // namespace

bool read_handoff_descriptors(int handoff_fd, HandoffDescriptors& descriptors) {
  const std::string content = read_all(handoff_fd);
  wire::Reader reader(content);
  HandoffHead head;
  reader(head);
  if (!reader.ok() || head.version != handoff_version) return false;
  descriptors = {head.listen_fd, head.notify_fd, head.lock_fd};
  return true;
}

void take_handoff(Keeper& keeper, int handoff_fd) {
  const std::string content = read_all(handoff_fd);
  wire::Reader reader(content);
  HandoffHead head;
  reader(head);
  if (!reader.ok() || head.version != handoff_version) return;
  keeper.replaced_count = head.replaced_count;
  for (std::uint32_t i = 0; i < head.workload_count; ++i) {
    HandoffWorkload handed;
    reader(handed);
    Workload* const workload = reader.ok() ? find_workload(keeper, handed.name) : nullptr;
    if (workload == nullptr) continue;
    workload->beats = {handed.last_beat, handed.has_beaten};
    workload->is_ready = handed.is_ready;
    workload->is_hung = handed.is_hung;
    workload->log.discarded_bytes = handed.discarded_bytes;
    workload->log.discarded_total = handed.discarded_total;
    schedule(keeper, *workload);
  }
}

void replace_in_place(Keeper& keeper) {
  for (const auto& workload : keeper.slots)
    if (workload != nullptr) drain_output(keeper, *workload);
  keeper.memory.commit();
  const int handoff_fd = write_handoff(keeper);
  if (handoff_fd < 0) return;
  for (const int fd : {keeper.listen_fd, keeper.notify_fd, keeper.lock_fd}) set_close_on_exec(fd, false);
  char number[16];
  std::snprintf(number, sizeof number, "%d", handoff_fd);
  const char* const argv[] = {keeper.replacement_path.c_str(), keeper.data_path.c_str(), "--resume", number, nullptr};
  (void)execve(keeper.replacement_path.c_str(), const_cast<char* const*>(argv), environ);
  std::fprintf(stderr, "watchbill-keeper: could not be replaced by %s: %s; going on\n", keeper.replacement_path.c_str(),
               std::strerror(errno));
  for (const int fd : {keeper.listen_fd, keeper.notify_fd, keeper.lock_fd}) set_close_on_exec(fd, true);
  close(handoff_fd);
}

}  // namespace watchbill::keeper
