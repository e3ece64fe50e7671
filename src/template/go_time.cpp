#include "template/go_time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include <fmt/format.h>

namespace watchbill::text_template {
namespace {

constexpr std::array<std::string_view, 12> months{"January", "February", "March",     "April",   "May",      "June",
                                                  "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

struct Civil {
  std::int64_t year;
  unsigned month, day, weekday, day_of_year, hour, minute, second, millisecond;
};

Civil civil(Instant instant) {
  constexpr std::int64_t day_ms = 86'400'000;
  std::int64_t days = instant.ms / day_ms;
  std::int64_t rest = instant.ms % day_ms;
  if (rest < 0) {
    rest += day_ms;
    --days;
  }
  // std::chrono's years end at ±32767; far instants (Go's zero time is near) are clamped there rather than wrapped.
  constexpr std::int64_t far_days = 11'000'000;
  days = days > far_days ? far_days : days < -far_days ? -far_days : days;
  const std::chrono::sys_days date{std::chrono::days{days}};
  const std::chrono::year_month_day parts{date};
  const auto unsigned_rest = static_cast<unsigned>(rest);
  const std::chrono::sys_days first_of_year{parts.year() / std::chrono::January / 1};
  return Civil{static_cast<int>(parts.year()),
               static_cast<unsigned>(parts.month()),
               static_cast<unsigned>(parts.day()),
               std::chrono::weekday{date}.c_encoding(),
               static_cast<unsigned>((date - first_of_year).count()) + 1,
               unsigned_rest / 3'600'000,
               unsigned_rest / 60'000 % 60,
               unsigned_rest / 1000 % 60,
               unsigned_rest % 1000};
}

// One element of a layout; the longest that fits comes first.
enum class Element : std::uint8_t {
  month_long,
  month_short,
  month_two,
  month_one,
  weekday_long,
  weekday_short,
  day_two,
  day_blank,
  day_one,
  year_day_three,
  hour_24,
  hour_12_two,
  hour_12_one,
  minute_two,
  minute_one,
  second_two,
  second_one,
  year_four,
  year_two,
  half_upper,
  half_lower,
  zone_name,
  zone_z,
  zone_number,
  zone_number_colon,
  zone_number_short,
};
struct LayoutElement {
  std::string_view text;
  Element element;
};
constexpr std::array<LayoutElement, 31> patterns{{{"January", Element::month_long},
                                            {"Jan", Element::month_short},
                                            {"Monday", Element::weekday_long},
                                            {"Mon", Element::weekday_short},
                                            {"MST", Element::zone_name},
                                            {"002", Element::year_day_three},
                                            {"01", Element::month_two},
                                            {"02", Element::day_two},
                                            {"03", Element::hour_12_two},
                                            {"04", Element::minute_two},
                                            {"05", Element::second_two},
                                            {"06", Element::year_two},
                                            {"15", Element::hour_24},
                                            {"1", Element::month_one},
                                            {"2006", Element::year_four},
                                            {"2", Element::day_one},
                                            {"_2", Element::day_blank},
                                            {"3", Element::hour_12_one},
                                            {"4", Element::minute_one},
                                            {"5", Element::second_one},
                                            {"PM", Element::half_upper},
                                            {"pm", Element::half_lower},
                                            {"-07:00:00", Element::zone_number_colon},
                                            {"-07:00", Element::zone_number_colon},
                                            {"-070000", Element::zone_number},
                                            {"-0700", Element::zone_number},
                                            {"-07", Element::zone_number_short},
                                            {"Z07:00:00", Element::zone_z},
                                            {"Z07:00", Element::zone_z},
                                            {"Z0700", Element::zone_z},
                                            {"Z07", Element::zone_z}}};

void append_element(std::string& out, Element element, const Civil& at) {
  const unsigned hour_12 = at.hour % 12 == 0 ? 12 : at.hour % 12;
  switch (element) {
    case Element::month_long: out += months[at.month - 1]; return;
    case Element::month_short: out += months[at.month - 1].substr(0, 3); return;
    case Element::month_two: out += fmt::format("{:02}", at.month); return;
    case Element::month_one: out += fmt::format("{}", at.month); return;
    case Element::weekday_long: out += weekdays[at.weekday]; return;
    case Element::weekday_short: out += weekdays[at.weekday].substr(0, 3); return;
    case Element::day_two: out += fmt::format("{:02}", at.day); return;
    case Element::day_blank: out += fmt::format("{:2}", at.day); return;
    case Element::day_one: out += fmt::format("{}", at.day); return;
    case Element::year_day_three: out += fmt::format("{:03}", at.day_of_year); return;
    case Element::hour_24: out += fmt::format("{:02}", at.hour); return;
    case Element::hour_12_two: out += fmt::format("{:02}", hour_12); return;
    case Element::hour_12_one: out += fmt::format("{}", hour_12); return;
    case Element::minute_two: out += fmt::format("{:02}", at.minute); return;
    case Element::minute_one: out += fmt::format("{}", at.minute); return;
    case Element::second_two: out += fmt::format("{:02}", at.second); return;
    case Element::second_one: out += fmt::format("{}", at.second); return;
    case Element::year_four: out += at.year < 0 ? fmt::format("-{:04}", -at.year) : fmt::format("{:04}", at.year); return;
    case Element::year_two: out += fmt::format("{:02}", std::abs(at.year) % 100); return;
    case Element::half_upper: out += at.hour < 12 ? "AM" : "PM"; return;
    case Element::half_lower: out += at.hour < 12 ? "am" : "pm"; return;
    case Element::zone_name: out += "UTC"; return;
    case Element::zone_z: out += "Z"; return;
    case Element::zone_number: out += "+0000"; return;
    case Element::zone_number_colon: out += "+00:00"; return;
    case Element::zone_number_short: out += "+00"; return;
  }
}

// ".000" or ".999" (also with a comma) not followed by a digit: how many characters it has, or 0.
std::size_t fraction_size(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || (rest[1] != '0' && rest[1] != '9')) return 0;
  std::size_t size = 1;
  while (size < rest.size() && rest[size] == rest[1]) ++size;
  return size < rest.size() && rest[size] >= '0' && rest[size] <= '9' ? 0 : size;
}

void append_fraction(std::string& out, std::string_view pattern, unsigned millisecond) {
  std::string digits = fmt::format("{:03}000000", millisecond);
  digits.resize(std::min<std::size_t>(pattern.size() - 1, 9));
  if (pattern[1] == '9') {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return;
  }
  out += pattern[0];
  out += digits;
}

Complaint not_a(std::string_view wanted, const Value& value) {
  return Complaint{fmt::format("takes a {}, not a {}", wanted, value.type_name())};
}

Answer text_of_layout(const Value& self, std::span<const Value> arguments) {
  const std::string* layout = arguments[0].as_text();
  if (layout == nullptr) return not_a("layout as text, such as \"2006-01-02 15:04\"", arguments[0]);
  return Value::text(format_time(*self.as_time(), *layout));
}

template <bool (*Compare)(Instant, Instant)>
Answer compared(const Value& self, std::span<const Value> arguments) {
  const Instant* other = arguments[0].as_time();
  if (other == nullptr) return not_a("time", arguments[0]);
  return Value::boolean(Compare(*self.as_time(), *other));
}
bool is_before(Instant left, Instant right) { return left < right; }
bool is_after(Instant left, Instant right) { return left > right; }
bool is_equal(Instant left, Instant right) { return left == right; }

Answer difference(const Value& self, std::span<const Value> arguments) {
  const Instant* other = arguments[0].as_time();
  if (other == nullptr) return not_a("time", arguments[0]);
  std::int64_t ms = 0;
  if (__builtin_sub_overflow(self.as_time()->ms, other->ms, &ms)) return Complaint{"the two times are too far apart"};
  return Value::duration(Duration{ms});
}

Answer sum(const Value& self, std::span<const Value> arguments) {
  const Duration* span = arguments[0].as_duration();
  if (span == nullptr) return not_a("duration", arguments[0]);
  std::int64_t ms = 0;
  if (__builtin_add_overflow(self.as_time()->ms, span->ms, &ms)) return Complaint{"the time is out of range"};
  return Value::time(Instant{ms});
}

template <auto Field>
Answer civil_field(const Value& self, std::span<const Value>) {
  return Value::integer(static_cast<std::int64_t>(civil(*self.as_time()).*Field));
}
template <std::int64_t UnitMs>
Answer in_units(const Value& self, std::span<const Value>) {
  return Value::real(static_cast<double>(self.as_duration()->ms) / static_cast<double>(UnitMs));
}

}  // namespace

std::string time_text(Instant instant) { return format_time(instant, "2006-01-02 15:04:05.999999999 -0700 MST"); }

std::string duration_text(Duration duration) {
  if (duration.ms == 0) return "0s";
  std::string out = duration.ms < 0 ? "-" : "";
  const std::uint64_t size =
      duration.ms < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(duration.ms) : static_cast<std::uint64_t>(duration.ms);
  if (size < 1000) return out + fmt::format("{}ms", size);
  const std::uint64_t seconds = size / 1000;
  if (seconds >= 3600) out += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) out += fmt::format("{}m", seconds / 60 % 60);
  out += fmt::format("{}", seconds % 60);
  if (size % 1000 != 0) append_fraction(out, ".999", static_cast<unsigned>(size % 1000));
  return out + "s";
}

std::string format_time(Instant instant, std::string_view layout) {
  const Civil at = civil(instant);
  std::string out;
  while (!layout.empty()) {
    if (const std::size_t size = fraction_size(layout); size != 0) {
      append_fraction(out, layout.substr(0, size), at.millisecond);
      layout.remove_prefix(size);
      continue;
    }
    const LayoutElement* found = nullptr;
    for (const LayoutElement& pattern : patterns) {
      if (!layout.starts_with(pattern.text)) continue;
      // Go reads "Jan" in "January" whole, but "Jano" and "Mond" as plain words that begin so.
      if (pattern.text == "Jan" || pattern.text == "Mon")
        if (layout.size() > 3 && layout[3] >= 'a' && layout[3] <= 'z') continue;
      found = &pattern;
      break;
    }
    if (found == nullptr) {
      out += layout.front();
      layout.remove_prefix(1);
      continue;
    }
    append_element(out, found->element, at);
    layout.remove_prefix(found->text.size());
  }
  return out;
}

const Members& time_members() {
  static constexpr std::array<Member, 18> methods{{
      {"Format", 1, 1, text_of_layout},
      {"String", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer { return Value::text(time_text(*self.as_time())); }},
      {"UTC", 0, 0, [](const Value& self, std::span<const Value>) -> Answer { return self; }},
      {"Unix", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer {
         const std::int64_t ms = self.as_time()->ms;
         return Value::integer(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
       }},
      {"UnixMilli", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer { return Value::integer(self.as_time()->ms); }},
      // Go's zero time is the first second of year 1; a record without an end carries it.
      {"IsZero", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer {
         return Value::boolean(self.as_time()->ms == -62'135'596'800'000);
       }},
      {"Before", 1, 1, compared<is_before>},
      {"After", 1, 1, compared<is_after>},
      {"Equal", 1, 1, compared<is_equal>},
      {"Sub", 1, 1, difference},
      {"Add", 1, 1, sum},
      {"Year", 0, 0, civil_field<&Civil::year>},
      {"Day", 0, 0, civil_field<&Civil::day>},
      {"YearDay", 0, 0, civil_field<&Civil::day_of_year>},
      {"Hour", 0, 0, civil_field<&Civil::hour>},
      {"Minute", 0, 0, civil_field<&Civil::minute>},
      {"Second", 0, 0, civil_field<&Civil::second>},
      {"Weekday", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer {
         return Value::text(std::string(weekdays[civil(*self.as_time()).weekday]));
       }},
  }};
  static constexpr Members members{"time.Time", methods};
  return members;
}

const Members& duration_members() {
  static constexpr std::array<Member, 5> methods{{
      {"Hours", 0, 0, in_units<3'600'000>},
      {"Minutes", 0, 0, in_units<60'000>},
      {"Seconds", 0, 0, in_units<1000>},
      {"Milliseconds", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer { return Value::integer(self.as_duration()->ms); }},
      {"String", 0, 0,
       [](const Value& self, std::span<const Value>) -> Answer { return Value::text(duration_text(*self.as_duration())); }},
  }};
  static constexpr Members members{"time.Duration", methods};
  return members;
}

}  // namespace watchbill::text_template
