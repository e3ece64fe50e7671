// The labels of a series in one piece of memory: a quarter of what Labels take.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "model/labels.h"

namespace watchbill::metrics::tsdb {

// Immutable. Views into it stay valid as long as it lives. Any thread.
class PackedLabels {
 public:
  struct Pair {
    std::string_view name;
    std::string_view value;
  };
  // Walks the labels in their order.
  class Iterator {
   public:
    Iterator(const char* at, std::size_t left) noexcept : at_(at), left_(left) {}
    [[nodiscard]] Pair operator*() const noexcept;
    Iterator& operator++() noexcept;
    [[nodiscard]] bool operator==(const Iterator& other) const noexcept { return left_ == other.left_; }

   private:
    const char* at_;
    std::size_t left_;
  };

  explicit PackedLabels(const Labels& labels);

  [[nodiscard]] Iterator begin() const noexcept { return {bytes_.get(), count_}; }
  [[nodiscard]] Iterator end() const noexcept { return {nullptr, 0}; }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  // The label of this name, and "" for its value where there is none. O(n).
  [[nodiscard]] Pair find(std::string_view name) const noexcept;
  [[nodiscard]] Labels unpack() const;
  // Beyond the object itself.
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return byte_count_; }

  // The order of Labels.
  friend std::strong_ordering operator<=>(const PackedLabels& a, const PackedLabels& b) noexcept;
  friend bool operator==(const PackedLabels& a, const PackedLabels& b) noexcept { return a <=> b == 0; }
  friend bool operator==(const PackedLabels& a, const Labels& b) noexcept;

 private:
  std::unique_ptr<char[]> bytes_;  // for each label the length and bytes of its name, then of its value
  std::uint32_t byte_count_{0};
  std::uint32_t count_{0};
};

}  // namespace watchbill::metrics::tsdb
