#include "metrics/tsdb/packed_labels.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace watchbill::metrics::tsdb {
namespace {

// Lengths below 255 take a byte; longer ones a 255 and four bytes.
constexpr std::uint8_t long_mark = 255;

void put(std::string& out, std::string_view text) {
  if (text.size() < long_mark) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    const auto size = static_cast<std::uint32_t>(text.size());
    char bytes[sizeof(size)];
    std::memcpy(bytes, &size, sizeof(size));
    out.push_back(static_cast<char>(long_mark));
    out.append(bytes, sizeof(size));
  }
  out.append(text);
}

std::string_view text_at(const char*& at) noexcept {
  std::uint32_t size = static_cast<std::uint8_t>(*at++);
  if (size == long_mark) {
    std::memcpy(&size, at, sizeof(size));
    at += sizeof(size);
  }
  const std::string_view text(at, size);
  at += size;
  return text;
}

// How many bytes at the beginning are the same.
std::size_t alike_bytes(const char* a, const char* b, std::size_t size) noexcept {
  std::size_t at = 0;
  for (std::uint64_t in_a = 0, in_b = 0; at + sizeof(in_a) <= size; at += sizeof(in_a)) {
    std::memcpy(&in_a, a + at, sizeof(in_a));
    std::memcpy(&in_b, b + at, sizeof(in_b));
    if (in_a != in_b) break;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

}  // namespace

PackedLabels::PackedLabels(const Labels& labels) : count_(static_cast<std::uint32_t>(labels.size())) {
  std::string bytes;
  for (const auto& [name, value] : labels) {
    put(bytes, name);
    put(bytes, value);
  }
  bytes_ = std::make_unique<char[]>(bytes.size());
  std::memcpy(bytes_.get(), bytes.data(), bytes.size());
  byte_count_ = static_cast<std::uint32_t>(bytes.size());
}

PackedLabels::Pair PackedLabels::Iterator::operator*() const noexcept {
  const char* at = at_;
  const std::string_view name = text_at(at);
  return Pair{name, text_at(at)};
}

PackedLabels::Iterator& PackedLabels::Iterator::operator++() noexcept {
  static_cast<void>(text_at(at_));
  static_cast<void>(text_at(at_));
  --left_;
  return *this;
}

PackedLabels::Pair PackedLabels::find(std::string_view name) const noexcept {
  for (const Pair pair : *this)
    if (pair.name == name) return pair;
  return {};
}

Labels PackedLabels::unpack() const {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(count_);
  for (const Pair pair : *this) pairs.emplace_back(pair.name, pair.value);
  return Labels(std::move(pairs));
}

// Up to the first byte that differs both have the same texts at the same places: only the two that it lies in, with their
// lengths, are compared.
std::strong_ordering operator<=>(const PackedLabels& a, const PackedLabels& b) noexcept {
  const char* const begin_a = a.bytes_.get();
  const char* const begin_b = b.bytes_.get();
  const std::size_t alike = alike_bytes(begin_a, begin_b, std::min(a.byte_count_, b.byte_count_));
  const char* at_a = begin_a;
  for (std::size_t left = 2 * std::size_t{std::min(a.count_, b.count_)}; left > 0; --left) {
    const char* at_b = begin_b + (at_a - begin_a);
    const std::string_view text_a = text_at(at_a);
    if (static_cast<std::size_t>(at_a - begin_a) > alike) return text_a <=> text_at(at_b);
  }
  return a.size() <=> b.size();
}

bool operator==(const PackedLabels& a, const Labels& b) noexcept {
  if (a.size() != b.size()) return false;
  auto at = a.begin();
  for (const auto& [name, value] : b) {
    const PackedLabels::Pair pair = *at;
    if (pair.name != name || pair.value != value) return false;
    ++at;
  }
  return true;
}

}  // namespace watchbill::metrics::tsdb
