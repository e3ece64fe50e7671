// The files of a real data directory.
#pragma once

#include <string>

#include "ports/files.h"

namespace watchbill::drivers::files {

// See ports/files.h. Files are made with mode 0600, folders with 0700: samples may tell more than /metrics shows.
class DiskFiles final : public ports::FilesPort {
 public:
  // `root` exists.
  explicit DiskFiles(std::string root) : root_(std::move(root)) {}

  [[nodiscard]] Result<std::vector<std::string>> list(const std::string& folder) override;
  [[nodiscard]] Result<std::string> read(const std::string& path, std::uint64_t bytes_max) override;
  [[nodiscard]] Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t bytes_max) override;
  [[nodiscard]] Status append(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Status replace(const std::string& path, std::string_view bytes) override;
  [[nodiscard]] Result<ports::MappedBytes> map(const std::string& path) override;
  [[nodiscard]] Status rename(const std::string& path, const std::string& new_path) override;
  [[nodiscard]] Status remove(const std::string& path) override;

 private:
  [[nodiscard]] std::string full(const std::string& path) const { return root_ + "/" + path; }

  std::string root_;
};

}  // namespace watchbill::drivers::files
