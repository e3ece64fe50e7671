#include "base/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace watchbill {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Status write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Error::from_errno(count < 0 ? errno : ENOSPC, "write", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status sync_folder(const std::string& folder) {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return Error::from_errno(errno, "open folder", folder);
  if (::fsync(descriptor.get()) != 0) return Error::from_errno(errno, "sync folder", folder);
  return {};
}

Status sync_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return sync_folder(slash == 0 ? "/" : path.substr(0, slash));
}

}  // namespace watchbill
