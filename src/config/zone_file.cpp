#include "config/zone_file.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "model/calendar/zone.h"

namespace watchbill::config {
namespace {

constexpr std::int32_t hour_seconds = 3600;
// Of a change: hours to 167, which zic writes for rules such as "the day before the last Sunday".
constexpr std::int32_t change_hours_max = 167;
constexpr std::int32_t offset_hours_max = 24;
// RFC 8536 §3.2: more than -25 and less than 26 hours.
constexpr std::int64_t offset_min = -25 * hour_seconds + 1;
constexpr std::int64_t offset_max = 26 * hour_seconds - 1;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Reads a rule from its beginning; the first thing that is wrong is kept, and nothing is read behind it.
class FooterReader {
 public:
  explicit FooterReader(std::string_view text) : text_(text) {}
  Result<ZoneFooter, ZoneFileError> read();

 private:
  [[nodiscard]] char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (error_ || next() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(fmt::format("expected {}", c));
  }
  void fail(std::string text) {
    if (!error_) error_ = ZoneFileError{at_, std::move(text)};
  }
  void skip_name();
  std::int32_t number(std::int32_t min, std::int32_t max);
  std::int32_t seconds(std::int32_t hours_max);
  ZoneChange change();

  std::string_view text_;
  std::size_t at_{0};
  std::optional<ZoneFileError> error_;
};

void FooterReader::skip_name() {
  const bool is_quoted = take('<');
  const std::size_t begin = at_;
  while (is_letter(next()) || (is_quoted && (is_digit(next()) || next() == '+' || next() == '-'))) ++at_;
  if (at_ - begin < 3) fail("expected the short name of a time, of three letters at least");
  if (is_quoted) expect('>');
}

std::int32_t FooterReader::number(std::int32_t min, std::int32_t max) {
  const std::size_t begin = at_;
  std::int32_t out = 0;
  while (!error_ && is_digit(next()) && at_ - begin < 4) out = out * 10 + (text_[at_++] - '0');
  if (at_ != begin && out >= min && out <= max) return out;
  at_ = begin;
  fail(fmt::format("expected a number from {} to {}", min, max));
  return min;
}

// [+-]HH[:MM[:SS]]
std::int32_t FooterReader::seconds(std::int32_t hours_max) {
  const bool is_negative = take('-');
  if (!is_negative) take('+');
  std::int32_t out = number(0, hours_max) * hour_seconds;
  if (take(':')) {
    out += number(0, 59) * 60;
    if (take(':')) out += number(0, 59);
  }
  return is_negative ? -out : out;
}

ZoneChange FooterReader::change() {
  ZoneChange out;
  expect(',');
  if (take('M')) {
    out.month = number(1, 12);
    expect('.');
    out.week = number(1, 5);
    expect('.');
    out.day = number(0, 6);
  } else if (take('J')) {
    out.kind = ZoneDayKind::day_without_leap;
    out.day = number(1, 365);
  } else {
    out.kind = ZoneDayKind::day_of_year;
    out.day = number(0, 365);
  }
  out.second = take('/') ? seconds(change_hours_max) : 2 * hour_seconds;
  return out;
}

Result<ZoneFooter, ZoneFileError> FooterReader::read() {
  ZoneFooter out;
  skip_name();
  out.standard_offset = -seconds(offset_hours_max);  // written as what is added to get UTC
  if (!error_ && at_ < text_.size()) {
    ZoneRule& rule = out.rule.emplace();
    rule.standard_offset = out.standard_offset;
    skip_name();
    rule.daylight_offset = next() == ',' ? rule.standard_offset + hour_seconds : -seconds(offset_hours_max);
    rule.begin = change();
    rule.end = change();
    if (at_ < text_.size()) fail("expected nothing behind the rule");
  }
  if (error_) return *error_;
  return out;
}

// The numbers of a header; all are counts.
struct Header {
  std::uint64_t is_utc{0};
  std::uint64_t is_standard{0};
  std::uint64_t leaps{0};
  std::uint64_t times{0};
  std::uint64_t types{0};
  std::uint64_t characters{0};
};
constexpr std::size_t header_bytes = 44;
constexpr std::size_t type_bytes = 6;

// Bytes of the data behind a header whose times have so many bytes each; at most 2^40.
std::uint64_t data_bytes(const Header& header, std::uint64_t time_bytes) {
  return header.times * (time_bytes + 1) + header.types * type_bytes + header.characters + header.leaps * (time_bytes + 4) +
         header.is_standard + header.is_utc;
}

class ZoneReader {
 public:
  ZoneReader(std::string_view bytes, std::string_view name) : bytes_(bytes) { zone_.name = name; }
  Result<ZoneConfiguration, ZoneFileError> read();

 private:
  bool fail(std::size_t offset, std::string text) {
    error_ = {offset, std::move(text)};
    return false;
  }
  // Holds: the bytes are there.
  [[nodiscard]] std::uint64_t unsigned_at(std::size_t offset, std::size_t count) const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < count; ++i) out = out << 8 | static_cast<unsigned char>(bytes_[offset + i]);
    return out;
  }
  bool read_header(std::size_t offset, std::uint64_t time_bytes, Header& out);
  bool read_offset(std::size_t type, std::int32_t& out);
  bool read_data();
  bool read_footer(std::size_t begin);
  void take_footer(const ZoneFooter& footer);

  std::string_view bytes_;
  ZoneConfiguration zone_;
  Header header_;          // of the second data
  std::size_t begin_{0};   // of them
  ZoneFileError error_;
};

// Complains unless the header and the data behind it are in the file.
bool ZoneReader::read_header(std::size_t offset, std::uint64_t time_bytes, Header& out) {
  if (bytes_.size() - offset < header_bytes || bytes_.substr(offset, 4) != "TZif")
    return fail(offset, "expected TZif: this is no time zone file");
  if (bytes_[offset + 4] < '2' || bytes_[offset + 4] > '9')
    return fail(offset + 4, "expected version 2 or later: files of version 1 end in 2037");
  std::uint64_t* const counts[] = {&out.is_utc, &out.is_standard, &out.leaps, &out.times, &out.types, &out.characters};
  std::size_t at = offset + 20;
  for (std::uint64_t* const each : counts) {
    *each = unsigned_at(at, 4);
    at += 4;
  }
  if (data_bytes(out, time_bytes) <= bytes_.size() - at) return true;
  return fail(offset + 20, fmt::format("expected {} bytes of data, found {}", data_bytes(out, time_bytes), bytes_.size() - at));
}

bool ZoneReader::read_offset(std::size_t type, std::int32_t& out) {
  const std::size_t at = begin_ + header_.times * 9 + type * type_bytes;
  const auto value = static_cast<std::int32_t>(static_cast<std::uint32_t>(unsigned_at(at, 4)));
  if (value < offset_min || value > offset_max)
    return fail(at, fmt::format("expected an offset of less than a day and an hour, found {} s", value));
  out = value;
  return true;
}

bool ZoneReader::read_data() {
  if (header_.types == 0) return fail(begin_, "expected at least one kind of time");
  if (header_.leaps != 0) return fail(begin_, "expected no leap seconds: zones of right/ count other seconds than clocks do");
  if (!read_offset(0, zone_.first_offset)) return false;
  std::int64_t before = 0;
  for (std::size_t i = 0; i < header_.times; ++i) {
    const std::size_t at = begin_ + i * 8;
    const auto second = static_cast<std::int64_t>(unsigned_at(at, 8));
    if (i > 0 && second <= before) return fail(at, "expected transitions in the order of time");
    before = second;
    const std::size_t type = unsigned_at(begin_ + header_.times * 8 + i, 1);
    if (type >= header_.types) return fail(begin_ + header_.times * 8 + i, fmt::format("there is no kind of time {}", type));
    std::int32_t offset = 0;
    if (!read_offset(type, offset)) return false;
    constexpr std::int64_t seconds_max = 253'402'300'800;  // to the year 10000
    if (second <= zone_history_begin.ms / 1000) zone_.first_offset = offset;
    else if (second < seconds_max) zone_.transitions.push_back({Instant{0} + Duration::seconds(second), offset});
  }
  return true;
}

// The rule takes the place of transitions at the end that are its own.
void drop_what_the_rule_says(ZoneConfiguration& zone) {
  ZoneConfiguration alone;
  alone.rule = zone.rule;
  while (!zone.transitions.empty()) {
    const ZoneTransition last = zone.transitions.back();
    const ZoneTransition before = zone.transitions.size() > 1 ? zone.transitions[zone.transitions.size() - 2]
                                                              : ZoneTransition{zone_history_begin, zone.first_offset};
    const ZoneSpan span = span_at(alone, before.at);
    if (span.offset != Duration::seconds(before.offset) || span.end != last.at ||
        span_at(alone, last.at).offset != Duration::seconds(last.offset))
      return;
    zone.transitions.pop_back();
  }
}

void ZoneReader::take_footer(const ZoneFooter& footer) {
  zone_.rule = footer.rule;
  if (footer.rule) {
    drop_what_the_rule_says(zone_);
    if (zone_.transitions.empty()) zone_.first_offset = 0;
  } else if (zone_.transitions.empty()) {
    zone_.first_offset = footer.standard_offset;
  } else {
    zone_.transitions.back().offset = footer.standard_offset;
  }
}

bool ZoneReader::read_footer(std::size_t begin) {
  if (begin >= bytes_.size() || bytes_[begin] != '\n') return fail(begin, "expected the rule between two ends of lines");
  const std::size_t end = bytes_.find('\n', begin + 1);
  if (end == std::string_view::npos) return fail(bytes_.size(), "expected an end of line behind the rule");
  const std::string_view text = bytes_.substr(begin + 1, end - begin - 1);
  if (text.empty()) return true;  // nobody knows what comes: the last offset goes on
  const Result<ZoneFooter, ZoneFileError> footer = parse_zone_footer(text);
  if (!footer) return fail(begin + 1 + footer.error().offset, footer.error().text);
  take_footer(*footer);
  return true;
}

Result<ZoneConfiguration, ZoneFileError> ZoneReader::read() {
  if (bytes_.size() > zone_file_bytes_max)
    return ZoneFileError{zone_file_bytes_max, fmt::format("expected at most {} bytes", zone_file_bytes_max)};
  Header old;
  if (!read_header(0, 4, old)) return error_;
  const std::size_t second = header_bytes + data_bytes(old, 4);
  if (!read_header(second, 8, header_)) return error_;
  begin_ = second + header_bytes;
  if (!read_data() || !read_footer(begin_ + data_bytes(header_, 8))) return error_;
  return std::move(zone_);
}

}  // namespace

Result<ZoneFooter, ZoneFileError> parse_zone_footer(std::string_view text) { return FooterReader(text).read(); }

Result<ZoneConfiguration, ZoneFileError> parse_zone_file(std::string_view bytes, std::string_view name) {
  return ZoneReader(bytes, name).read();
}

}  // namespace watchbill::config
