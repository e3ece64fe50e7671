// Numbered reports that wait for their acknowledgement: frames in a ring of fixed size, oldest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace watchbill::keeper {

class Outcomes {
 public:
  // Reserves address space only; pages are touched as they are used.
  explicit Outcomes(std::size_t bytes_max);
  ~Outcomes();
  Outcomes(const Outcomes&) = delete;
  Outcomes& operator=(const Outcomes&) = delete;

  // Keeps one frame. When there is no room the oldest go; gives how many went.
  std::uint32_t keep(std::uint64_t number, std::string_view frame) noexcept;
  // Forgets everything up to and with `through`.
  void acknowledge(std::uint64_t through) noexcept;

  // Walks: the first frame whose number is above `number`; empty when there is none. The view lives until the next keep().
  [[nodiscard]] std::string_view after(std::uint64_t number, std::uint64_t& found) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

 private:
  void drop_first() noexcept;

  char* bytes_{nullptr};
  std::size_t capacity_{0};
  std::size_t begin_{0};  // entries: u64 number, u32 size, frame
  std::size_t end_{0};
  // Where the last after() ended, so that a walk does not begin at the front each time.
  mutable std::uint64_t walked_number_{0};
  mutable std::size_t walked_at_{0};
};

}  // namespace watchbill::keeper
