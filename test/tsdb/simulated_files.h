// Files in memory, with the faults of a disk.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ports/files.h"

namespace watchbill {

class SimulatedFiles final : public ports::FilesPort {
 public:
  std::map<std::string, std::string> files;
  // The next appends fail so, after writing this many bytes of each.
  int failing_appends{0};
  ErrorKind failure{ErrorKind::exhausted};
  std::size_t bytes_before_failure{0};

  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> names;
    for (const auto& [path, bytes] : files)
      if (path.starts_with(folder + "/") && path.find('/', folder.size() + 1) == std::string::npos)
        names.push_back(path.substr(folder.size() + 1));
    return names;
  }

  [[nodiscard]] Result<std::string> read(const std::string& path, std::uint64_t bytes_max) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "open", path, "No such file or directory"};
    if (at->second.size() > bytes_max) return Error{ErrorKind::exhausted, "read", path, "the file is too large"};
    return at->second;
  }

  [[nodiscard]] Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorKind::not_found, "open", path, "No such file or directory"};
    if (offset >= at->second.size()) return std::string();
    return at->second.substr(offset, bytes_max);
  }

  [[nodiscard]] Status append(const std::string& path, std::string_view bytes) override {
    if (failing_appends > 0) {
      --failing_appends;
      if (bytes_before_failure > 0) files[path].append(bytes.substr(0, bytes_before_failure));
      return Error{failure, "write", path, "No space left on device"};
    }
    files[path].append(bytes);
    return {};
  }

  [[nodiscard]] Status replace(const std::string& path, std::string_view bytes) override {
    files[path] = std::string(bytes);
    return {};
  }

  [[nodiscard]] Status remove(const std::string& path) override {
    files.erase(path);
    return {};
  }
};

}  // namespace watchbill
