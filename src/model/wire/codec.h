// The bytes of the keeper's protocol and of its memory file: fields in fixed order, little endian, no padding, no allocation.
//
// A struct lists its fields once, in a static member template `fields(self, visit)`, for writing and reading alike. What is read
// are views into the bytes that were read from. Every text is bounded by its 16-bit or 32-bit length and by what holds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/time.h"

namespace watchbill::model::wire {

// Texts without NUL, each followed by one, as execve wants them: argv, environment.
struct TextList {
  std::string_view packed;
  // Appends one text to `packed_bytes`; false, and nothing appended, when it holds a NUL.
  static bool append(std::string& packed_bytes, std::string_view text);
  [[nodiscard]] std::size_t count() const noexcept;
  [[nodiscard]] bool empty() const noexcept { return packed.empty(); }
  // Takes the first text off; only when not empty().
  std::string_view take_first() noexcept;
};

// At most N values, in place.
template <class T, std::size_t N>
struct BoundedList {
  std::array<T, N> values{};
  std::uint16_t size{0};
  [[nodiscard]] std::span<const T> all() const noexcept { return {values.data(), size}; }
  // False, and nothing added, when full.
  bool add(T value) noexcept {
    if (size == N) return false;
    values[size++] = value;
    return true;
  }
};

// An enum that is sent declares its last value, so that a reader refuses anything beyond it: `Kind last_value(Kind)`.
template <class T>
concept SentEnum = std::is_enum_v<T> && requires(T t) { last_value(t); };
template <class T>
concept SentStruct = requires { typename T::is_wire; };

class Writer {
 public:
  explicit Writer(std::span<char> out) noexcept : out_(out) {}
  // False once something did not fit; the bytes written so far are then of no use.
  [[nodiscard]] bool fits() const noexcept { return !overflowed_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  void bytes(std::string_view text) noexcept;
  template <class T>
    requires std::is_integral_v<T>
  void operator()(const T& value) noexcept { integer(static_cast<std::uint64_t>(value), sizeof(T)); }
  template <SentEnum T>
  void operator()(const T& value) noexcept { integer(static_cast<std::uint64_t>(value), 1); }
  void operator()(const Duration& value) noexcept { (*this)(value.ms); }
  void operator()(const Instant& value) noexcept { (*this)(value.ms); }
  void operator()(const std::string_view& text) noexcept;
  void operator()(const TextList& list) noexcept { (*this)(list.packed); }
  template <class T>
  void operator()(const std::optional<T>& value) noexcept {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <class T, std::size_t N>
  void operator()(const BoundedList<T, N>& list) noexcept {
    (*this)(list.size);
    for (const T& value : list.all()) (*this)(value);
  }
  template <SentStruct T>
  void operator()(const T& value) noexcept { T::fields(value, *this); }

 private:
  void integer(std::uint64_t value, std::size_t width) noexcept;
  std::span<char> out_;
  std::size_t size_{0};
  bool overflowed_{false};
};

class Reader {
 public:
  explicit Reader(std::string_view in) noexcept : in_(in) {}
  // True when everything was read and all of it was well formed.
  [[nodiscard]] bool finished() const noexcept { return !failed_ && in_.empty(); }
  [[nodiscard]] bool ok() const noexcept { return !failed_; }

  template <class T>
    requires std::is_integral_v<T>
  void operator()(T& value) noexcept {
    const std::uint64_t read = integer(sizeof(T));
    if constexpr (std::is_same_v<T, bool>) {
      if (read > 1) failed_ = true;
      value = read == 1;
    } else {
      value = static_cast<T>(read);
    }
  }
  template <SentEnum T>
  void operator()(T& value) noexcept {
    const std::uint64_t read = integer(1);
    if (read > static_cast<std::uint64_t>(last_value(T{}))) failed_ = true;
    value = failed_ ? T{} : static_cast<T>(read);
  }
  void operator()(Duration& value) noexcept { (*this)(value.ms); }
  void operator()(Instant& value) noexcept { (*this)(value.ms); }
  void operator()(std::string_view& text) noexcept;
  void operator()(TextList& list) noexcept;
  template <class T>
  void operator()(std::optional<T>& value) noexcept {
    bool has_value = false;
    (*this)(has_value);
    value.reset();
    if (has_value) (*this)(value.emplace());
  }
  template <class T, std::size_t N>
  void operator()(BoundedList<T, N>& list) noexcept {
    std::uint16_t size = 0;
    (*this)(size);
    if (size > N) failed_ = true;
    for (list.size = 0; !failed_ && list.size < size; ++list.size) (*this)(list.values[list.size]);
  }
  template <SentStruct T>
  void operator()(T& value) noexcept { T::fields(value, *this); }

 private:
  std::uint64_t integer(std::size_t width) noexcept;
  std::string_view in_;
  bool failed_{false};
};

}  // namespace watchbill::model::wire
