#include "drivers/system/process.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::drivers::system {
namespace {

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Error{ErrorKind::not_found, "open", path, "it cannot be read"};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The fields of /proc/self/stat behind the command's name, which may hold blanks; proc(5) counts them from 3.
std::vector<std::uint64_t> stat_fields(std::string_view text) {
  std::vector<std::uint64_t> fields;
  text.remove_prefix(std::min(text.size(), text.rfind(')') + 1));
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    fields.push_back(value);
    text.remove_prefix(word.size());
  }
  return fields;
}

// When the host started: "btime SECONDS" in /proc/stat.
double boot_seconds() {
  const Result<std::string> text = read_text("/proc/stat");
  if (!text) return 0;
  const std::size_t at = text->find("\nbtime ");
  std::uint64_t seconds = 0;
  if (at != std::string::npos) std::from_chars(text->data() + at + 7, text->data() + text->size(), seconds);
  return static_cast<double>(seconds);
}

}  // namespace

Result<ProcessFigures> read_process_figures() {
  constexpr std::size_t start_time = 22 - 3, virtual_size = 23 - 3, resident_pages = 24 - 3;  // proc(5)
  const Result<std::string> stat = read_text("/proc/self/stat");
  if (!stat) return stat.error();
  const std::vector<std::uint64_t> fields = stat_fields(*stat);
  if (fields.size() <= resident_pages) return Error{ErrorKind::invalid, "read", "/proc/self/stat", "it has too few fields"};
  ProcessFigures figures;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  figures.start_seconds = boot_seconds() + static_cast<double>(fields[start_time]) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  figures.virtual_bytes = fields[virtual_size];
  figures.resident_bytes = fields[resident_pages] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code failure;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", failure); at != std::filesystem::directory_iterator(); ++at)
    ++figures.open_fds;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.open_fds_max = limit.rlim_cur;
  return figures;
}

}  // namespace watchbill::drivers::system
