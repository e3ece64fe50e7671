// Files by their descriptors: what every driver that writes one needs. System calls; nothing of it belongs in what decides.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace watchbill {

// A descriptor that closes itself.
class Descriptor {
 public:
  // Of open(); a negative number is none, and errno says why.
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_;
};

// Writes all of `bytes`, in as many calls as it takes. `path` is for the error.
[[nodiscard]] Status write_all(int descriptor, std::string_view bytes, const std::string& path);

// Makes the names in a folder durable: without this a new, renamed or removed file may be as before after a crash, whatever was
// synced of its bytes. One fsync.
[[nodiscard]] Status sync_folder(const std::string& folder);
// The same for the folder that an absolute path lies in.
[[nodiscard]] Status sync_folder_of(const std::string& path);

}  // namespace watchbill
