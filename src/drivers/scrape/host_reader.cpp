#include "drivers/scrape/host_reader.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace watchbill::drivers::scrape {
namespace {

// /proc/stat of a host with thousands of interrupts has some 100 kB, mountinfo of a container host 1 MB.
constexpr std::size_t file_bytes_max = std::size_t{4} << 20;
constexpr std::size_t step_bytes = std::size_t{64} << 10;

using Read = void (*)(std::string_view, HostMetrics&);

std::optional<FilesystemUsage> usage_of(const std::string& mount_point) noexcept {
  struct statvfs answer {};
  if (::statvfs(mount_point.c_str(), &answer) != 0) return std::nullopt;
  const auto block = static_cast<double>(answer.f_frsize);
  FilesystemUsage usage;
  usage.size_bytes = static_cast<double>(answer.f_blocks) * block;
  usage.free_bytes = static_cast<double>(answer.f_bfree) * block;
  usage.available_bytes = static_cast<double>(answer.f_bavail) * block;
  usage.files = static_cast<double>(answer.f_files);
  usage.files_free = static_cast<double>(answer.f_ffree);
  return usage;
}

void read_filesystems(std::string_view text, HostMetrics& out) {
  for (const Mount& mount : read_mountinfo(text, out)) add_filesystem(mount, usage_of(mount.mount_point), out);
}

struct File {
  const char* path;
  Read read;
};
// Mounts as the controller sees them: /proc/1 may be hidden, and what it cannot see it cannot ask.
constexpr std::array<File, 7> files{{{"stat", read_stat},
                                     {"meminfo", read_meminfo},
                                     {"loadavg", read_loadavg},
                                     {"net/dev", read_net_dev},
                                     {"diskstats", read_diskstats},
                                     {"sys/fs/file-nr", read_file_nr},
                                     {"self/mountinfo", read_filesystems}}};

}  // namespace

HostReader::HostReader(std::string folder) : folder_(std::move(folder)) {
  static_assert(files.size() == file_count);
  descriptors_.fill(-1);
}

HostReader::~HostReader() {
  for (const int descriptor : descriptors_)
    if (descriptor >= 0) ::close(descriptor);
}

std::vector<Error> HostReader::read(Instant now, HostMetrics& out) {
  std::vector<Error> failures;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Result<std::string_view> text = contents(i);
    if (text.has_value()) files[i].read(*text, out);
    else failures.push_back(text.error());
  }
  struct utsname name {};
  if (::uname(&name) == 0)
    add_uname({name.sysname, name.release, name.version, name.machine, name.nodename, name.domainname}, out);
  add_time(now, out);
  return failures;
}

// The view lives until the next call.
Result<std::string_view> HostReader::contents(std::size_t file) {
  const std::string path = folder_ + "/" + files[file].path;
  int& descriptor = descriptors_[file];
  if (descriptor < 0) descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Error::from_errno(errno, "open", path);
  std::size_t size = 0;
  while (true) {
    if (size == file_bytes_max) return Error{ErrorKind::exhausted, "read", path, "the file is larger than 4 MiB"};
    buffer_.resize(std::min(std::max(buffer_.size(), size + step_bytes), file_bytes_max));
    const ssize_t count = ::pread(descriptor, buffer_.data() + size, buffer_.size() - size, static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error_number = errno;
      ::close(std::exchange(descriptor, -1));
      return Error::from_errno(error_number, "read", path);
    }
    if (count == 0) return std::string_view(buffer_).substr(0, size);
    size += static_cast<std::size_t>(count);
  }
}

}  // namespace watchbill::drivers::scrape
