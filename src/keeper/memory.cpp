#include "keeper/memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/assert.h"

namespace watchbill::keeper {
namespace {

constexpr const char* file_path = "keeper/memory";
constexpr const char* new_file_path = "keeper/memory.new";
constexpr std::size_t record_head_bytes = 4 + 4 + 1;  // size of type and body, their CRC-32, type

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

// CRC-32 (ISO 3309): finds a torn or overwritten tail; against malice the file's mode protects.
std::uint32_t crc32(std::string_view bytes) noexcept {
  static constexpr std::array<std::uint32_t, 256> table = make_crc_table();
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xffU] ^ (crc >> 8);
  return ~crc;
}

}  // namespace

Memory::Memory() : batch_(record_bytes_max * 2 + 4096) {}

// Where the next record's body goes; writes the batch first when a record of full size might not fit.
std::span<char> Memory::room() noexcept {
  if (batch_.size() - batch_bytes_ < record_head_bytes + record_bytes_max) commit();
  return std::span<char>(batch_).subspan(batch_bytes_ + record_head_bytes, record_bytes_max);
}

void Memory::end_record(RecordType type, std::size_t body_bytes) noexcept {
  WB_ASSERT(body_bytes <= record_bytes_max, "frames are smaller than records, and so are texts that come from them");
  char* const start = batch_.data() + batch_bytes_;
  start[8] = static_cast<char>(type);
  const std::uint32_t checksum = crc32({start + 8, body_bytes + 1});
  model::wire::Writer head({start, 8});
  head(static_cast<std::uint32_t>(body_bytes + 1));
  head(checksum);
  batch_bytes_ += record_head_bytes + body_bytes;
  ++batch_records_;
}

void Memory::add_outcome(std::string_view frame) {
  std::memcpy(room().data(), frame.data(), frame.size());
  end_record(RecordType::outcome, frame.size());
}

void Memory::commit() noexcept {
  if (batch_records_ == 0) return;
  std::size_t written = 0;
  int error = is_complete_ ? 0 : last_error_;
  while (error == 0 && written < batch_bytes_) {
    const ssize_t got = write(fd_, batch_.data() + written, batch_bytes_ - written);
    if (got > 0) written += static_cast<std::size_t>(got);
    else if (got == 0 || errno != EINTR) error = got == 0 ? EIO : errno;
  }
  if (error == 0) {
    file_bytes_ += batch_bytes_;
  } else {
    // What did get in is cut off again: a later record must not follow a torn one.
    if (written != 0 && ftruncate(fd_, static_cast<off_t>(file_bytes_)) != 0) error = errno;
    is_complete_ = false;
    last_error_ = error;
    unlogged_count_ += batch_records_;
  }
  batch_bytes_ = 0;
  batch_records_ = 0;
}

Status Memory::open_file(std::string& content) {
  fd_ = ::open(file_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) return Error::from_errno(errno, "open the keeper's memory", file_path);
  struct stat status {};
  if (fstat(fd_, &status) != 0) return Error::from_errno(errno, "read the keeper's memory", file_path);
  content.resize(static_cast<std::size_t>(status.st_size));
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = pread(fd_, content.data() + size, content.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno(errno, "read the keeper's memory", file_path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return {};
}

std::size_t Memory::next_record(std::string_view content, RecordType& type, std::string_view& body) noexcept {
  if (content.size() < record_head_bytes) return 0;
  model::wire::Reader head(content.substr(0, 8));
  std::uint32_t size = 0;
  std::uint32_t checksum = 0;
  head(size);
  head(checksum);
  if (size == 0 || size > record_bytes_max + 1 || content.size() - 8 < size) return 0;
  if (crc32(content.substr(8, size)) != checksum) return 0;
  type = static_cast<RecordType>(content[8]);
  body = content.substr(record_head_bytes, size - 1);
  return 8 + size;
}

Status Memory::cut_at(std::size_t size) noexcept {
  file_bytes_ = size;
  live_bytes_ = size;
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return Error::from_errno(errno, "cut the torn end of", file_path);
  return {};
}

bool Memory::begin_rewrite() noexcept {
  commit();
  const int fd = ::open(new_file_path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return false;
  close(fd_);
  fd_ = fd;
  file_bytes_ = 0;
  is_complete_ = true;
  unlogged_before_rewrite_ = unlogged_count_;
  return true;
}

bool Memory::end_rewrite() noexcept {
  commit();
  if (is_complete_ && rename(new_file_path, file_path) != 0) {
    is_complete_ = false;
    last_error_ = errno;
  }
  if (is_complete_) {
    live_bytes_ = file_bytes_;
    last_error_ = 0;
    return true;
  }
  // The old file stays what a successor will read; it is appended to no more, since records are missing from it.
  unlink(new_file_path);
  unlogged_count_ = unlogged_before_rewrite_;  // an attempt that failed lost nothing more
  return false;
}

}  // namespace watchbill::keeper
