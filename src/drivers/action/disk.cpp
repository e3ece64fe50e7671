#include "drivers/action/disk.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace watchbill::drivers::action {
namespace {

Error failed(std::string tried, const std::string& path) { return Error::from_errno(errno, std::move(tried), path); }

Status rename_to(const std::string& temporary, const std::string& path) {
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("rename", temporary);
  return sync_folder_of(path);
}

std::optional<unsigned> number_of(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uid_t> user_of(const std::string& name) {
  if (const auto number = number_of(name)) return *number;
  std::vector<char> buffer(16U << 10);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional(found->pw_uid);
}

std::optional<gid_t> group_of(const std::string& name) {
  if (const auto number = number_of(name)) return *number;
  std::vector<char> buffer(16U << 10);
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
}

}  // namespace

Result<PathStatus> status_of(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return PathStatus{};
    return failed("look at", path);
  }
  PathStatus out;
  out.kind = S_ISREG(status.st_mode) ? PathKind::file : S_ISLNK(status.st_mode) ? PathKind::symlink : PathKind::other;
  out.bytes = static_cast<std::uint64_t>(status.st_size);
  out.mode = status.st_mode & 07777U;
  out.user = status.st_uid;
  out.group = status.st_gid;
  return out;
}

Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max) {
  // A pipe or a device would keep us waiting.
  const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!descriptor.is_open()) return failed("open", path);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) return failed("look at", path);
  if (!S_ISREG(status.st_mode)) return Error{ErrorKind::invalid, "read", path, "it is not a regular file"};
  std::string bytes;
  std::array<char, 64U << 10> part{};
  for (;;) {
    const ssize_t count = ::read(descriptor.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", path);
    if (count == 0) return bytes;
    bytes.append(part.data(), static_cast<std::size_t>(count));
    if (bytes.size() > bytes_max)
      return Error{ErrorKind::exhausted, "read", path, "it holds more than " + std::to_string(bytes_max) + " bytes"};
  }
}

Result<std::string> read_link(const std::string& path) {
  std::array<char, PATH_MAX> to{};
  const ssize_t size = ::readlink(path.c_str(), to.data(), to.size());
  if (size < 0) return failed("read link", path);
  return std::string(to.data(), static_cast<std::size_t>(size));
}

Status replace_file(const std::string& path, const std::string& temporary, const std::string& bytes, const Placement& placement) {
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return failed("remove", temporary);
  {
    const Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!descriptor.is_open()) return failed("open", temporary);
    if (Status written = write_all(descriptor.get(), bytes, temporary); !written.has_value()) return written;
    const uid_t user = placement.user.value_or(static_cast<uid_t>(-1));
    const gid_t group = placement.group.value_or(static_cast<gid_t>(-1));
    if ((placement.user || placement.group) && ::fchown(descriptor.get(), user, group) != 0)
      return failed("change owner", temporary);
    if (::fchmod(descriptor.get(), placement.mode) != 0) return failed("change mode", temporary);
    if (::fsync(descriptor.get()) != 0) return failed("sync", temporary);
  }
  return rename_to(temporary, path);
}

Status replace_link(const std::string& path, const std::string& temporary, const std::string& to) {
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) return failed("remove", temporary);
  if (::symlink(to.c_str(), temporary.c_str()) != 0) return failed("link", temporary);
  return rename_to(temporary, path);
}

Status remove_path(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return sync_folder_of(path);
  if (errno != ENOENT) return failed("remove", path);
  return {};
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder_of(path);
  if (errno != EEXIST) return failed("make folder", path);
  return {};
}

std::optional<Owner> owner_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  Owner owner;
  owner.user = user_of(text.substr(0, colon));
  if (!owner.user) return std::nullopt;
  if (colon == std::string::npos) return owner;
  owner.group = group_of(text.substr(colon + 1));
  return owner.group ? std::optional(owner) : std::nullopt;
}

}  // namespace watchbill::drivers::action
