#include "attendant/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace watchbill::attendant {
namespace {

constexpr int lines_at_once_max = 1024;
constexpr std::size_t line_bytes_max = 16U << 10;

}  // namespace

Output::Output() {
  const int flags = fcntl(1, F_GETFL);
  if (flags >= 0) (void)fcntl(1, F_SETFL, flags | O_NONBLOCK);
}

Status Output::follow(const std::string& unit) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  sd_journal* journal = nullptr;
  int code = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
  journal_.reset(journal);
  const std::string by_service = "_SYSTEMD_UNIT=" + unit, of_service = "UNIT=" + unit;
  if (code >= 0) code = sd_journal_add_match(journal, by_service.data(), by_service.size());
  if (code >= 0) code = sd_journal_add_disjunction(journal);
  if (code >= 0) code = sd_journal_add_match(journal, "_PID=1", 0);
  if (code >= 0) code = sd_journal_add_match(journal, of_service.data(), of_service.size());
  if (code >= 0) code = sd_journal_get_fd(journal);  // from here on it tells of what is added
  const auto since_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  if (code >= 0) code = sd_journal_seek_realtime_usec(journal, static_cast<std::uint64_t>(since_us));
  if (code >= 0) return {};
  journal_.reset();
  return Error::from_errno(-code, "read the journal of", unit);
}

void Output::pass_on() {
  sd_journal* const journal = journal_.get();
  (void)sd_journal_process(journal);
  for (int i = 0; i < lines_at_once_max && sd_journal_next(journal) > 0; ++i) {
    const void* data = nullptr;
    std::size_t size = 0;
    constexpr std::string_view key = "MESSAGE=";
    if (sd_journal_get_data(journal, "MESSAGE", &data, &size) < 0 || size < key.size()) continue;
    std::string line(static_cast<const char*>(data) + key.size(), std::min(size - key.size(), line_bytes_max));
    write_line(std::move(line));
  }
}

void Output::write_line(std::string line) {
  if (omitted_lines_ != 0) line.insert(0, "watchbill-unit: " + std::to_string(omitted_lines_) + " lines found no room\n");
  line += '\n';
  if (!write_some(rest_) || !rest_.empty()) {
    ++omitted_lines_;
    return;
  }
  omitted_lines_ = write_some(line) ? 0 : omitted_lines_ + 1;
  rest_ = std::move(line);
}

bool Output::write_some(std::string& text) {
  if (text.empty()) return true;
  const ssize_t written = write(1, text.data(), text.size());
  const bool finds_no_room = written < 0 && errno == EAGAIN;
  // A reader that is gone is nobody's loss.
  text.erase(0, written < 0 ? text.size() : static_cast<std::size_t>(written));
  return !finds_no_room;
}

}  // namespace watchbill::attendant
