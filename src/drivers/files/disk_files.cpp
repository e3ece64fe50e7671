#include "drivers/files/disk_files.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace watchbill::drivers::files {
namespace {

Error failed(std::string tried, const std::string& path) { return Error::from_errno(errno, std::move(tried), path); }

Status make_folders(const std::string& root, const std::string& path) {
  for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string folder = root + "/" + path.substr(0, at);
    if (::mkdir(folder.c_str(), 0700) == 0) {
      Status synced = sync_folder_of(folder);
      if (!synced.has_value()) ::rmdir(folder.c_str());  // else the next one would believe that it is on the disk
      if (!synced.has_value()) return synced;
    } else if (errno != EEXIST) {
      return failed("make folder", folder);
    }
  }
  return {};
}

// A pipe or a device in the place of a file would block its reader, or writer, for ever: it is opened without waiting, and left.
int open_file(const std::string& name, int flags) { return ::open(name.c_str(), flags | O_NONBLOCK | O_CLOEXEC, 0600); }

// Of a file that was opened, if it was.
Result<std::uint64_t> size_of(const Descriptor& descriptor, const std::string& name) {
  const auto no_file = [&name] {
    return Error{ErrorKind::invalid, "open", name, "it is no regular file, as it should be: move it away"};
  };
  // A pipe that nobody reads, a socket, a folder.
  if (!descriptor.is_open() && (errno == ENXIO || errno == EISDIR)) return no_file();
  if (!descriptor.is_open()) return failed("open", name);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) return failed("stat", name);
  if (!S_ISREG(status.st_mode)) return no_file();
  return static_cast<std::uint64_t>(status.st_size);
}

// Fewer bytes than `size` when the file became shorter meanwhile.
Result<std::string> read_some(int descriptor, std::uint64_t offset, std::uint64_t size, const std::string& name) {
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t count = ::pread(descriptor, bytes.data() + at, bytes.size() - at, static_cast<off_t>(offset + at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read", name);
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  bytes.resize(at);
  return bytes;
}

}  // namespace

Result<std::vector<std::string>> DiskFiles::list(const std::string& folder) {
  const std::string path = full(folder);
  const auto close = [](DIR* directory) { ::closedir(directory); };
  const std::unique_ptr<DIR, decltype(close)> directory(::opendir(path.c_str()), close);
  if (directory == nullptr) {
    if (errno == ENOENT) return std::vector<std::string>();
    return failed("list folder", path);
  }
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(directory.get()); errno = 0) {
    struct stat status {};
    const std::string name = entry->d_name;
    if (::fstatat(::dirfd(directory.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode))
      names.push_back(name);
  }
  if (errno != 0) return failed("list folder", path);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> DiskFiles::read(const std::string& path, std::uint64_t bytes_max) {
  const std::string name = full(path);
  const Descriptor descriptor(open_file(name, O_RDONLY));
  const Result<std::uint64_t> size = size_of(descriptor, name);
  if (!size) return size.error();
  if (*size > bytes_max)
    return Error{ErrorKind::exhausted, "read", name, "the file holds more than " + std::to_string(bytes_max) + " bytes"};
  return read_some(descriptor.get(), 0, *size, name);
}

Result<std::string> DiskFiles::read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) {
  const std::string name = full(path);
  const Descriptor descriptor(open_file(name, O_RDONLY));
  const Result<std::uint64_t> size = size_of(descriptor, name);
  if (!size) return size.error();
  if (offset >= *size) return std::string();
  return read_some(descriptor.get(), offset, std::min(*size - offset, bytes_max), name);
}

Status DiskFiles::append(const std::string& path, std::string_view bytes) {
  if (Status made = make_folders(root_, path); !made.has_value()) return made;
  const std::string name = full(path);
  const Descriptor descriptor(open_file(name, O_WRONLY | O_APPEND | O_CREAT));
  const Result<std::uint64_t> size = size_of(descriptor, name);
  if (!size) return size.error();
  Status written = write_all(descriptor.get(), bytes, name);
  if (written.has_value() && ::fdatasync(descriptor.get()) != 0) written = failed("sync", name);
  // Also of a file whose first append failed: its name may not be on the disk yet.
  if (written.has_value() && *size == 0) written = sync_folder_of(name);
  // What was written may be whole, and would be there twice once the caller tries again.
  if (!written.has_value()) static_cast<void>(::ftruncate(descriptor.get(), static_cast<off_t>(*size)) == 0);
  return written;
}

Status DiskFiles::replace(const std::string& path, std::string_view bytes) {
  if (Status made = make_folders(root_, path); !made.has_value()) return made;
  const std::string name = full(path);
  const std::string temporary = name + ".new";
  {
    const Descriptor descriptor(open_file(temporary, O_WRONLY | O_TRUNC | O_CREAT));
    if (const Result<std::uint64_t> size = size_of(descriptor, temporary); !size) return size.error();
    if (Status written = write_all(descriptor.get(), bytes, temporary); !written.has_value()) return written;
    if (::fdatasync(descriptor.get()) != 0) return failed("sync", temporary);
  }
  if (::rename(temporary.c_str(), name.c_str()) != 0) return failed("rename", temporary);
  return sync_folder_of(name);
}

Result<ports::MappedBytes> DiskFiles::map(const std::string& path) {
  const std::string name = full(path);
  const Descriptor descriptor(open_file(name, O_RDONLY));
  const Result<std::uint64_t> size = size_of(descriptor, name);
  if (!size) return size.error();
  if (*size == 0) return ports::MappedBytes{};
  void* const begin = ::mmap(nullptr, *size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
  if (begin == MAP_FAILED) return failed("map", name);
  // Readers of samples jump: what lies around is not worth reading ahead.
  static_cast<void>(::madvise(begin, *size, MADV_RANDOM));
  std::shared_ptr<const void> owner(begin, [size = *size](void* mapped) { ::munmap(mapped, size); });
  const auto rest = [begin, size = *size] { static_cast<void>(::madvise(begin, size, MADV_DONTNEED)); };
  return ports::MappedBytes{std::move(owner), std::string_view(static_cast<const char*>(begin), *size), rest};
}

Status DiskFiles::rename(const std::string& path, const std::string& new_path) {
  const std::string name = full(path);
  const std::string new_name = full(new_path);
  if (::rename(name.c_str(), new_name.c_str()) != 0) return failed("rename", name);
  return sync_folder_of(new_name);
}

Status DiskFiles::remove(const std::string& path) {
  const std::string name = full(path);
  if (::unlink(name.c_str()) == 0) return sync_folder_of(name);
  if (errno != ENOENT) return failed("remove", name);
  return {};
}

}  // namespace watchbill::drivers::files
