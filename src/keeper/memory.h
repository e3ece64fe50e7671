// The keeper's memory: one append-only file of checked records, written before the keeper acts, without fsync (after a crash of
// the host a workload is lost anyway). A torn tail is cut off; a disk that takes no more writes is survived: the keeper acts all
// the same and the whole file is written anew once the disk takes it. Source: domain/supervision.md §8.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "keeper/records.h"

namespace watchbill::keeper {

// An order with the largest frame, and its head.
inline constexpr std::size_t record_bytes_max = model::wire::frame_bytes_max + 1024;

// The file. Records gather in a batch; commit() writes it with one call.
class Memory {
 public:
  Memory();
  // Opens keeper/memory below the current directory, reads every whole record and cuts the torn tail.
  // `visit(type, body)` is called for each; bodies live until it returns. Fails when the file cannot be read or created.
  template <class Visit>
  [[nodiscard]] Status open(Visit&& visit) {
    std::string content;
    if (Status opened = open_file(content); !opened) return opened;
    std::string_view rest = content;
    RecordType type{};
    std::string_view body;
    while (const std::size_t size = next_record(rest, type, body)) {
      visit(type, body);
      rest.remove_prefix(size);
    }
    return cut_at(content.size() - rest.size());
  }

  template <class Record>
  void add(const Record& record) { end_record(Record::type, write_body(record)); }
  // A frame, as it will be delivered.
  void add_outcome(std::string_view frame);
  // Writes the batch. On failure nothing of it is in the file, is_complete() is false until a rewrite succeeds, and the number of
  // records that were lost grows.
  void commit() noexcept;

  // Writes a new file from what `add_all` adds and puts it in the place of the old one.
  template <class AddAll>
  bool rewrite(AddAll&& add_all) {
    if (!begin_rewrite()) return false;
    add_all();
    return end_rewrite();
  }

  [[nodiscard]] bool is_complete() const noexcept { return is_complete_; }
  [[nodiscard]] std::uint64_t unlogged_count() const noexcept { return unlogged_count_; }
  [[nodiscard]] int last_error() const noexcept { return last_error_; }
  [[nodiscard]] std::size_t file_bytes() const noexcept { return file_bytes_; }
  [[nodiscard]] std::size_t live_bytes() const noexcept { return live_bytes_; }

 private:
  template <class Record>
  std::size_t write_body(const Record& record) {
    model::wire::Writer body(room());
    body(record);
    return body.fits() ? body.size() : record_bytes_max + 1;
  }
  std::span<char> room() noexcept;
  void end_record(RecordType type, std::size_t body_bytes) noexcept;
  [[nodiscard]] Status open_file(std::string& content);
  [[nodiscard]] static std::size_t next_record(std::string_view content, RecordType& type, std::string_view& body) noexcept;
  [[nodiscard]] Status cut_at(std::size_t size) noexcept;
  [[nodiscard]] bool begin_rewrite() noexcept;
  [[nodiscard]] bool end_rewrite() noexcept;

  std::vector<char> batch_;
  std::size_t batch_bytes_{0};
  std::uint32_t batch_records_{0};
  int fd_{-1};
  std::size_t file_bytes_{0};
  std::size_t live_bytes_{0};  // of the last rewrite
  std::uint64_t unlogged_count_{0};
  std::uint64_t unlogged_before_rewrite_{0};
  int last_error_{0};
  bool is_complete_{true};
};

}  // namespace watchbill::keeper
