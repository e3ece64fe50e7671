// A file system of its own in a folder, so that it can be filled. Needs root.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace watchbill {

class SmallDisk {
 public:
  // `folder` is there already. `options` are those of tmpfs: "size=4m".
  SmallDisk(std::string folder, const char* options) : folder_(std::move(folder)) {
    is_mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, options) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (is_mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_mounted() const noexcept { return is_mounted_; }
  [[nodiscard]] const std::string& path() const noexcept { return folder_; }
  [[nodiscard]] bool remount(unsigned long flags, const char* options) {
    return ::mount("none", folder_.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
  }
  // To the last byte.
  void fill() const {
    const int file = ::open(filler().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const std::string block(65536, 'x');
    while (::write(file, block.data(), block.size()) > 0) {
    }
    ::close(file);
  }
  [[nodiscard]] std::string filler() const { return folder_ + "/fill"; }

 private:
  std::string folder_;
  bool is_mounted_{false};
};

}  // namespace watchbill
