#include "metrics/tsdb/log_record.h"

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "base/bytes_code.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::uint8_t is_labels = 0x80;
constexpr std::uint8_t is_next_number = 0x40;
constexpr std::uint8_t is_same_time = 0x20;
constexpr std::uint8_t is_histogram = 0x10;
constexpr std::uint8_t value_bytes_mask = 0x0F;

// Wraps around as unsigned numbers do.
void append_difference(std::string& out, std::uint64_t from, std::uint64_t to) { put_varint(out, zigzag(to - from)); }

void append_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

}  // namespace

void LogEncoder::labels(std::uint64_t number, const PackedLabels& labels) {
  bytes_.push_back(static_cast<char>(is_labels));
  put_varint(bytes_, number);
  put_varint(bytes_, labels.size());
  for (const auto& [name, value] : labels) {
    append_text(bytes_, name);
    append_text(bytes_, value);
  }
}

void LogEncoder::sample(std::uint64_t number, Sample sample) {
  const auto bits = std::bit_cast<std::uint64_t>(sample.v);
  const auto value_bytes = static_cast<unsigned>(bits == 0 ? 0 : 8 - std::countr_zero(bits) / 8);
  std::array<char, 9> entry;  // NOLINT(cppcoreguidelines-pro-type-member-init): written in the next lines
  for (unsigned i = 0; i < 8; ++i) entry[1 + i] = static_cast<char>(bits >> (56 - 8 * i));
  if (number == number_ + 1 && sample.t_ms == t_ms_) {  // nearly all: control byte and value in one piece
    entry[0] = static_cast<char>(is_next_number | is_same_time | value_bytes);
    bytes_.append(entry.data(), 1 + value_bytes);
    number_ = number;
    return;
  }
  place(static_cast<std::uint8_t>(value_bytes), number, sample.t_ms);
  bytes_.append(entry.data() + 1, value_bytes);
}

void LogEncoder::histogram(std::uint64_t number, std::int64_t t_ms, std::string_view encoded) {
  place(is_histogram, number, t_ms);
  append_text(bytes_, encoded);
}

void LogEncoder::place(std::uint8_t control, std::uint64_t number, std::int64_t t_ms) {
  if (number == number_ + 1) control |= is_next_number;
  if (t_ms == t_ms_) control |= is_same_time;
  bytes_.push_back(static_cast<char>(control));
  if (number != number_ + 1) append_difference(bytes_, number_, number);
  if (t_ms != t_ms_) append_difference(bytes_, static_cast<std::uint64_t>(t_ms_), static_cast<std::uint64_t>(t_ms));
  number_ = number;
  t_ms_ = t_ms;
}

std::string LogEncoder::take() {
  number_ = 0;
  t_ms_ = 0;
  return std::exchange(bytes_, {});
}

LogDecoder::Entry LogDecoder::next() {
  if (rest_.empty()) return Entry::end;
  const auto control = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  if (control == is_labels && read_labels()) return Entry::labels;
  if (control < is_labels && (control & is_histogram) != 0 && read_histogram(control)) return Entry::histogram;
  if (control < is_labels && (control & is_histogram) == 0 && read_sample(control)) return Entry::sample;
  rest_ = {};
  return Entry::malformed;
}

bool LogDecoder::read_labels() {
  std::uint64_t count = 0;
  if (!take_varint(rest_, number_) || !take_varint(rest_, count)) return false;
  if (count > rest_.size() / 2) return false;  // two lengths for each label
  std::vector<Labels::Pair> pairs(count);
  for (Labels::Pair& pair : pairs)
    if (!text(pair.first) || !text(pair.second)) return false;
  labels_ = Labels(std::move(pairs));
  return true;
}

bool LogDecoder::read_place(std::uint8_t control) noexcept {
  std::int64_t step = 1;
  if ((control & is_next_number) == 0 && !difference(step)) return false;
  sample_number_ += static_cast<std::uint64_t>(step);
  number_ = sample_number_;
  std::int64_t later = 0;
  if ((control & is_same_time) == 0 && !difference(later)) return false;
  sample_.t_ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(sample_.t_ms) + static_cast<std::uint64_t>(later));
  return true;
}

bool LogDecoder::read_histogram(std::uint8_t control) noexcept {
  std::uint64_t size = 0;
  if ((control & value_bytes_mask) != 0 || !read_place(control) || !take_varint(rest_, size) || size == 0 || size > rest_.size())
    return false;
  encoded_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

bool LogDecoder::read_sample(std::uint8_t control) noexcept {
  if (!read_place(control)) return false;
  const unsigned value_bytes = control & value_bytes_mask;
  if (value_bytes > 8 || rest_.size() < value_bytes) return false;
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < value_bytes; ++i) bits |= std::uint64_t{static_cast<std::uint8_t>(rest_[i])} << (56 - 8 * i);
  rest_.remove_prefix(value_bytes);
  sample_.v = std::bit_cast<double>(bits);
  return true;
}

bool LogDecoder::difference(std::int64_t& out) noexcept {
  std::uint64_t raw = 0;
  if (!take_varint(rest_, raw)) return false;
  out = static_cast<std::int64_t>(unzigzag(raw));
  return true;
}

bool LogDecoder::text(std::string& out) {
  std::uint64_t size = 0;
  if (!take_varint(rest_, size) || size > rest_.size()) return false;
  out.assign(rest_.substr(0, size));
  rest_.remove_prefix(size);
  return true;
}

}  // namespace watchbill::metrics::tsdb
