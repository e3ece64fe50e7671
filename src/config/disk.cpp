#include "config/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace watchbill::config {
namespace {

struct Descriptor {
  int value;
  explicit Descriptor(int descriptor) : value(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

// What may be read. A FIFO under the name of a bill must not stop the controller: opened without waiting, then refused.
Status open_file(const Descriptor& file, const std::string& path) {
  if (file.value < 0) return Error::from_errno(errno, "read", path);
  struct stat status {};
  if (::fstat(file.value, &status) != 0) return Error::from_errno(errno, "read", path);
  if (!S_ISREG(status.st_mode)) return Error{ErrorKind::invalid, "read", path, "this is no regular file"};
  return {};
}

int open_at_once(const std::string& path) { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(open_at_once(path));
  if (const Status opened = open_file(file, path); !opened) return opened.error();
  std::string text;
  std::string block(std::size_t{64} << 10, '\0');
  while (true) {
    const ssize_t count = ::read(file.value, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error::from_errno(errno, "read", path);
    if (count == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
    if (text.size() > bytes_max)
      return Error{ErrorKind::exhausted, "read", path, "the file has more than " + std::to_string(bytes_max) + " bytes"};
  }
}

Result<std::vector<std::string>> list_folder(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> names;
  std::filesystem::directory_iterator each(folder, failure);
  for (; !failure && each != std::filesystem::directory_iterator(); each.increment(failure))
    names.push_back(each->path().filename().string());
  if (failure) return Error::from_errno(failure.value(), "list", folder);
  return names;
}

}  // namespace

FileReader disk_files(std::size_t bytes_max) {
  FileReader files;
  files.read = [bytes_max](const std::string& path) { return read_file(path, bytes_max); };
  files.list = [](const std::string& folder) { return list_folder(folder); };
  files.can_read = [](const std::string& path) { return open_file(Descriptor(open_at_once(path)), path); };
  return files;
}

}  // namespace watchbill::config
