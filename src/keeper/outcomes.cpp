#include "keeper/outcomes.h"

#include <sys/mman.h>

#include <cstring>

#include "base/assert.h"

namespace watchbill::keeper {
namespace {

struct Entry {
  std::uint64_t number;
  std::uint32_t size;
};
constexpr std::size_t entry_bytes = sizeof(Entry);

Entry entry_at(const char* at) noexcept {
  Entry entry{};
  std::memcpy(&entry, at, entry_bytes);
  return entry;
}

}  // namespace

Outcomes::Outcomes(std::size_t bytes_max) : capacity_(bytes_max) {
  void* const mapped = mmap(nullptr, bytes_max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  WB_ASSERT(mapped != MAP_FAILED, "a few megabytes of address space are always there");
  bytes_ = static_cast<char*>(mapped);
}

Outcomes::~Outcomes() { munmap(bytes_, capacity_); }

void Outcomes::drop_first() noexcept {
  begin_ += entry_bytes + entry_at(bytes_ + begin_).size;
  if (begin_ == end_) begin_ = end_ = 0;
  walked_number_ = 0;
}

std::uint32_t Outcomes::keep(std::uint64_t number, std::string_view frame) noexcept {
  const std::size_t needed = entry_bytes + frame.size();
  WB_ASSERT(needed <= capacity_ / 2, "reports are small beside the ring");
  std::uint32_t dropped = 0;
  if (capacity_ - end_ < needed) {
    // Makes room for more than this one, so that a full ring is not moved for each report.
    while (!empty() && end_ - begin_ + needed > capacity_ - capacity_ / 8) {
      drop_first();
      ++dropped;
    }
    std::memmove(bytes_, bytes_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    walked_number_ = 0;
  }
  const Entry entry{number, static_cast<std::uint32_t>(frame.size())};
  std::memcpy(bytes_ + end_, &entry, entry_bytes);
  std::memcpy(bytes_ + end_ + entry_bytes, frame.data(), frame.size());
  end_ += needed;
  return dropped;
}

void Outcomes::acknowledge(std::uint64_t through) noexcept {
  while (!empty() && entry_at(bytes_ + begin_).number <= through) drop_first();
}

std::string_view Outcomes::after(std::uint64_t number, std::uint64_t& found) const noexcept {
  std::size_t at = walked_number_ != 0 && walked_number_ <= number ? walked_at_ : begin_;
  while (at != end_) {
    const Entry entry = entry_at(bytes_ + at);
    if (entry.number > number) {
      found = entry.number;
      walked_number_ = entry.number;
      walked_at_ = at;
      return {bytes_ + at + entry_bytes, entry.size};
    }
    at += entry_bytes + entry.size;
  }
  return {};
}

}  // namespace watchbill::keeper
