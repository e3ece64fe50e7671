#include "metrics/tsdb/log_record.h"

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "base/bytes_code.h"

namespace watchbill::metrics::tsdb {
namespace {

constexpr std::uint8_t is_labels = 0x80;
constexpr std::uint8_t is_shared_labels = 0x81;
constexpr std::size_t sharing_labels = 32;  // two bits each
constexpr std::uint8_t is_next_number = 0x40;
constexpr std::uint8_t is_same_time = 0x20;
constexpr std::uint8_t is_histogram = 0x10;
constexpr std::uint8_t value_bytes_mask = 0x0F;

// Wraps around as unsigned numbers do.
void append_difference(std::string& out, std::uint64_t from, std::uint64_t to) { put_varint(out, zigzag(to - from)); }

}  // namespace

void LogEncoder::labels(std::uint64_t number, const PackedLabels& labels) {
  const std::uint64_t shared = shared_with_last(labels);
  if (shared == 0) {
    bytes_.push_back(static_cast<char>(is_labels));
    put_varint(bytes_, number);
    put_varint(bytes_, labels.size());
  } else {
    bytes_.push_back(static_cast<char>(is_shared_labels));
    append_difference(bytes_, labels_number_, number);
    put_varint(bytes_, labels.size());
    put_varint(bytes_, shared);
  }
  labels_number_ = number;
  last_labels_.resize(labels.size());
  std::size_t i = 0;
  for (const auto& [name, value] : labels) {
    const std::uint64_t bits = i < sharing_labels ? shared >> (2 * i) : 0;
    if ((bits & 1) == 0) text(name, last_labels_[i][0]);
    if ((bits & 2) == 0) text(value, last_labels_[i][1]);
    ++i;
  }
}

std::uint64_t LogEncoder::shared_with_last(const PackedLabels& labels) const noexcept {
  const auto is_at = [this](Piece piece, std::string_view text) {
    return std::string_view(bytes_).substr(piece.offset, piece.size) == text;
  };
  std::uint64_t shared = 0;
  std::size_t i = 0;
  for (const auto& [name, value] : labels) {
    if (i == last_labels_.size() || i == sharing_labels) break;
    if (is_at(last_labels_[i][0], name)) shared |= std::uint64_t{1} << (2 * i);
    if (is_at(last_labels_[i][1], value)) shared |= std::uint64_t{2} << (2 * i);
    ++i;
  }
  return shared;
}

void LogEncoder::text(std::string_view text, Piece& piece) {
  put_varint(bytes_, text.size());
  piece = {static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(text.size())};
  bytes_.append(text);
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
  put_varint(bytes_, encoded.size());
  bytes_.append(encoded);
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
  labels_number_ = 0;
  last_labels_.clear();
  return std::exchange(bytes_, {});
}

LogDecoder::Entry LogDecoder::next() {
  if (rest_.empty()) return Entry::end;
  const auto control = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  if ((control == is_labels || control == is_shared_labels) && read_labels(control == is_shared_labels)) return Entry::labels;
  if (control < is_labels && (control & is_histogram) != 0 && read_histogram(control)) return Entry::histogram;
  if (control < is_labels && (control & is_histogram) == 0 && read_sample(control)) return Entry::sample;
  rest_ = {};
  return Entry::malformed;
}

Labels LogDecoder::labels() const {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(labels_.size());
  for (const auto& [name, value] : labels_) pairs.emplace_back(name, value);
  return Labels(std::move(pairs));
}

bool LogDecoder::read_labels(bool may_share) {
  std::int64_t step = 0;
  std::uint64_t count = 0;
  std::uint64_t shared = 0;
  if (may_share ? !difference(step) : !take_varint(rest_, number_)) return false;
  if (may_share) number_ = labels_number_ + static_cast<std::uint64_t>(step);
  if (!take_varint(rest_, count) || (may_share && !take_varint(rest_, shared))) return false;
  if (count > rest_.size() / 2 + sharing_labels) return false;  // two lengths for each that shares nothing
  labels_number_ = number_;
  const std::size_t last_count = labels_.size();
  labels_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t bits = i < sharing_labels ? shared >> (2 * i) : 0;
    if ((bits & 3) != 0 && i >= last_count) return false;
    if ((bits & 1) == 0 && !text(labels_[i][0])) return false;
    if ((bits & 2) == 0 && !text(labels_[i][1])) return false;
  }
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

bool LogDecoder::text(std::string_view& out) noexcept {
  std::uint64_t size = 0;
  if (!take_varint(rest_, size) || size > rest_.size()) return false;
  out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

}  // namespace watchbill::metrics::tsdb
