#include "model/wire/codec.h"

namespace watchbill::model::wire {

bool TextList::append(std::string& packed_bytes, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  packed_bytes.append(text).push_back('\0');
  return true;
}

std::size_t TextList::count() const noexcept {
  std::size_t count = 0;
  for (const char byte : packed) count += byte == '\0' ? 1U : 0U;
  return count;
}

std::string_view TextList::take_first() noexcept {
  const std::size_t end = packed.find('\0');
  const std::string_view text = packed.substr(0, end);
  packed.remove_prefix(end == std::string_view::npos ? packed.size() : end + 1);
  return text;
}

void Writer::integer(std::uint64_t value, std::size_t width) noexcept {
  if (overflowed_ || out_.size() - size_ < width) {
    overflowed_ = true;
    return;
  }
  for (std::size_t i = 0; i < width; ++i) out_[size_++] = static_cast<char>((value >> (8 * i)) & 0xff);
}

void Writer::bytes(std::string_view text) noexcept {
  if (overflowed_ || out_.size() - size_ < text.size()) {
    overflowed_ = true;
    return;
  }
  if (!text.empty()) std::memcpy(out_.data() + size_, text.data(), text.size());
  size_ += text.size();
}

void Writer::operator()(const std::string_view& text) noexcept {
  integer(text.size(), 4);
  bytes(text);
}

std::uint64_t Reader::integer(std::size_t width) noexcept {
  if (failed_ || in_.size() < width) {
    failed_ = true;
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in_[i])) << (8 * i);
  in_.remove_prefix(width);
  return value;
}

void Reader::operator()(std::string_view& text) noexcept {
  const std::uint64_t size = integer(4);
  text = {};
  if (failed_ || size > in_.size()) {
    failed_ = true;
    return;
  }
  text = in_.substr(0, size);
  in_.remove_prefix(size);
}

void Reader::operator()(TextList& list) noexcept {
  (*this)(list.packed);
  if (list.packed.empty() || list.packed.back() == '\0') return;
  list.packed = {};
  failed_ = true;
}

}  // namespace watchbill::model::wire
