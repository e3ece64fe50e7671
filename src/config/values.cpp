#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/core.h>

#include "base/spelling.h"
#include "config/paths.h"

namespace watchbill::config {
namespace {

// The text of a scalar that is there, or null after a complaint.
const std::string* scalar(const Cursor& at, std::string_view what) {
  const Node& node = at.node();
  if (node.kind == NodeKind::scalar && !is_null(node)) return &node.text;
  at.expected(what);
  return nullptr;
}

std::optional<Duration> duration(const Cursor& at) {
  constexpr std::string_view what = "a duration such as 250ms, 30s or 1h30m";
  const std::string* text = scalar(at, what);
  if (text == nullptr) return std::nullopt;
  const Result<Duration> value = parse_duration(*text);
  if (value) return *value;
  at.expected(what);
  return std::nullopt;
}

// Decimal digits only, at most six behind a point; millionths. False when it is no such number or too large to hold.
bool parse_millionths(std::string_view text, std::int64_t& out) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (whole.empty() || part.size() > 6 || (point != std::string_view::npos && part.empty())) return false;
  std::int64_t units = 0;
  const auto [after, failure] = std::from_chars(whole.data(), whole.data() + whole.size(), units);
  if (failure != std::errc{} || after != whole.data() + whole.size() || units < 0) return false;
  std::int64_t rest = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const char digit = i < part.size() ? part[i] : '0';
    if (digit < '0' || digit > '9') return false;
    rest = rest * 10 + (digit - '0');
  }
  std::int64_t scaled = 0;
  if (__builtin_mul_overflow(units, std::int64_t{1'000'000}, &scaled)) return false;
  return !__builtin_add_overflow(scaled, rest, &out);
}

std::string millionths_text(std::int64_t value) {
  std::string text = fmt::format("{}.{:06}", value / 1'000'000, value % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

struct Word {
  std::string_view name;
  std::int64_t value;
};
constexpr std::array<Word, 8> byte_units{{{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
                                         {"KB", 1000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}}};
// Numbers of Linux; signals that end or steer a program.
constexpr std::array<Word, 17> signals{{{"HUP", 1}, {"INT", 2}, {"QUIT", 3}, {"ABRT", 6}, {"KILL", 9}, {"USR1", 10},
                                        {"SEGV", 11}, {"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15}, {"CHLD", 17},
                                        {"CONT", 18}, {"STOP", 19}, {"TSTP", 20}, {"WINCH", 28}, {"PWR", 30}}};

}  // namespace

void read(const Cursor& at, std::string& out) {
  if (const std::string* text = scalar(at, "text")) out = *text;
}

void read_filled(const Cursor& at, std::string& out) {
  const std::string* text = scalar(at, "text");
  if (text == nullptr) return;
  if (text->empty()) return at.complain("out_of_range", "the text is empty");
  out = *text;
}

void read(const Cursor& at, bool& out) {
  const Node& node = at.node();
  const auto is_one_of = [&](std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), node.text) != words.end();
  };
  if (node.kind == NodeKind::scalar && node.style == ScalarStyle::plain) {
    const bool is_loose = at.file().dialect == Dialect::prometheus;
    const bool is_true = is_one_of({"true", "True", "TRUE"}) ||
                         (is_loose && is_one_of({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}));
    const bool is_false = is_one_of({"false", "False", "FALSE"}) ||
                          (is_loose && is_one_of({"n", "N", "no", "No", "NO", "off", "Off", "OFF"}));
    if (is_true || is_false) {
      out = is_true;
      return;
    }
  }
  at.expected("true or false");
}

void read(const Cursor& at, Duration& out) {
  if (const std::optional<Duration> value = duration(at)) out = *value;
}

void read_positive(const Cursor& at, Duration& out) {
  const std::optional<Duration> value = duration(at);
  if (!value) return;
  if (value->ms == 0) return at.complain("out_of_range", "expected a duration of more than 0");
  out = *value;
}

void read(const Cursor& at, Labels& out) {
  std::map<std::string, std::string> map;
  read(at, map);
  if (at.node().kind != NodeKind::mapping) return;
  for (std::size_t i = 0; i < at.node().children.size(); i += 2)
    if (const NodeIndex key = at.node().children[i]; !is_label_name(at.at(key).text))
      at.complain_at_key(key, "out_of_range", "this is no label name: expected letters, digits and _, no digit first");
  out = Labels(std::vector<Labels::Pair>(map.begin(), map.end()));
}

std::optional<std::int64_t> read_integer(const Cursor& at, Bounds bounds) {
  const std::string* text = scalar(at, "a whole number");
  if (text == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const auto [after, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool is_quoted = at.node().style != ScalarStyle::plain;
  if (failure == std::errc::result_out_of_range && after == text->data() + text->size()) {
    value = text->front() == '-' ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
  } else if (failure != std::errc{} || after != text->data() + text->size() || is_quoted) {
    at.expected("a whole number");
    return std::nullopt;
  }
  if (value >= bounds.min && value <= bounds.max) return value;
  const std::string range = bounds.max >= std::numeric_limits<std::int32_t>::max()
                                ? fmt::format("of at least {}", bounds.min)
                                : fmt::format("from {} to {}", bounds.min, bounds.max);
  at.complain("out_of_range", fmt::format("expected a whole number {}, found {}", range, *text));
  return std::nullopt;
}

std::optional<std::int64_t> read_millionths(const Cursor& at, Bounds bounds, bool is_share) {
  const std::string_view what = is_share ? "a share from 0 to 1, or a percentage such as 25%" : "a number such as 2 or 1.5";
  const std::string* text = scalar(at, what);
  if (text == nullptr) return std::nullopt;
  std::string_view digits = *text;
  const bool is_percentage = is_share && digits.ends_with('%');
  if (is_percentage) digits.remove_suffix(1);
  std::int64_t value = 0;
  if (!parse_millionths(digits, value)) {
    at.expected(what);
    return std::nullopt;
  }
  if (is_percentage) value /= 100;
  if (value >= bounds.min && value <= bounds.max) return value;
  const std::string range = bounds.max == std::numeric_limits<std::int64_t>::max()
                                ? fmt::format("of at least {}", millionths_text(bounds.min))
                                : fmt::format("from {} to {}", millionths_text(bounds.min), millionths_text(bounds.max));
  at.complain("out_of_range", fmt::format("expected a number {}, found {}", range, *text));
  return std::nullopt;
}

std::optional<Rate> read_rate(const Cursor& at, Bounds count_bounds) {
  constexpr std::string_view what = "a limit such as 5 per 10m";
  const std::string* text = scalar(at, what);
  if (text == nullptr) return std::nullopt;
  constexpr std::string_view middle = " per ";
  const std::size_t split = text->find(middle);
  std::int64_t count = 0;
  const char* const end = text->data() + std::min(split, text->size());
  const auto [after, failure] = std::from_chars(text->data(), end, count);
  const Result<Duration> window = split == std::string::npos
                                      ? Result<Duration>(Error{})
                                      : parse_duration(std::string_view(*text).substr(split + middle.size()));
  if (failure != std::errc{} || after != end || !window) {
    at.expected(what);
    return std::nullopt;
  }
  if (window->ms <= 0) {
    at.complain("out_of_range", fmt::format("expected a time of more than 0 behind per, found {}", *text));
    return std::nullopt;
  }
  if (count >= count_bounds.min && count <= count_bounds.max) return Rate{count, *window};
  at.complain("out_of_range",
              fmt::format("expected a count from {} to {}, found {}", count_bounds.min, count_bounds.max, count));
  return std::nullopt;
}

std::optional<std::int64_t> parse_bytes(std::string_view text) noexcept {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [after, failure] = std::from_chars(text.data(), end, count);
  const std::string_view unit_name(after, static_cast<std::size_t>(end - after));
  const auto unit = std::find_if(byte_units.begin(), byte_units.end(), [&](const Word& each) { return each.name == unit_name; });
  std::int64_t bytes = 0;
  if (failure != std::errc{} || unit == byte_units.end() || __builtin_mul_overflow(count, unit->value, &bytes))
    return std::nullopt;
  return bytes;
}

std::optional<std::int64_t> read_bytes(const Cursor& at, Bounds bounds) {
  constexpr std::string_view what = "a size such as 16MiB";
  const std::string* text = scalar(at, what);
  if (text == nullptr) return std::nullopt;
  const std::optional<std::int64_t> bytes = parse_bytes(*text);
  if (!bytes) {
    at.expected(what);
    return std::nullopt;
  }
  if (*bytes >= bounds.min && *bytes <= bounds.max) return bytes;
  at.complain("out_of_range", fmt::format("expected a size from {} to {} bytes, found {}", bounds.min, bounds.max, *text));
  return std::nullopt;
}

std::optional<std::uint32_t> read_signal(const Cursor& at) {
  const std::string* text = scalar(at, "the name of a signal");
  if (text == nullptr) return std::nullopt;
  const std::string_view name = text->starts_with("SIG") ? std::string_view(*text).substr(3) : std::string_view(*text);
  std::array<std::string_view, signals.size()> names;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    if (signals[i].name == name) return static_cast<std::uint32_t>(signals[i].value);
    names[i] = signals[i].name;
  }
  const std::string_view nearest = nearest_spelling(name, names);
  at.complain("wrong_type", nearest.empty() ? fmt::format("expected the name of a signal such as TERM, found \"{}\"", *text)
                                            : fmt::format("there is no signal {}; did you mean {}?", *text, nearest));
  return std::nullopt;
}

void read_path(const Cursor& at, std::string& out) {
  std::string text;
  read_filled(at, text);
  if (!text.empty()) out = absolute_path(at.file().folder, text);
}

namespace {
void read_later_path(const Cursor& at, std::string_view without, std::string& out) {
  read_path(at, out);
  if (!out.empty()) at.report().note({at.place(), at.path(), out, without});
}
}  // namespace

void read_path_for_calls(const Cursor& at, std::string& out) { read_later_path(at, "calls fail until it can be read", out); }
void read_path_for_start(const Cursor& at, std::string& out) { read_later_path(at, "serve does not start without it", out); }

std::optional<std::size_t> read_word(const Cursor& at, std::span<const std::string_view> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i)
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  const std::string* text = scalar(at, list);
  if (text == nullptr) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string_view nearest = nearest_spelling(*text, words);
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  at.complain("wrong_type", fmt::format("expected {}, found \"{}\"{}", list, *text, hint));
  return std::nullopt;
}

bool is_list(const Cursor& at, std::string_view of_what) {
  if (at.node().kind == NodeKind::sequence) return true;
  at.expected(of_what.empty() ? "a list" : fmt::format("a list of {}", of_what));
  return false;
}

bool is_object(const Cursor& at, std::string_view of_what) {
  if (at.node().kind == NodeKind::mapping) return true;
  at.expected(of_what.empty() ? "an object with keys" : fmt::format("an object of {}", of_what));
  return false;
}

}  // namespace watchbill::config
