#include "template/printf.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "template/go_time.h"
#include "template/runes.h"

namespace watchbill::text_template {
namespace {

bool is_one_of(char32_t verb, std::u32string_view verbs) { return verbs.find(verb) != std::u32string_view::npos; }

// Fills up to the width, which counts characters.
void append_padded(BoundedText& out, std::string_view text, const Directive& directive, bool zeros_allowed) {
  const std::size_t width = directive.width ? static_cast<std::size_t>(*directive.width) : 0;
  const std::size_t count = width == 0 ? 0 : rune_count(text);
  const std::size_t missing = width > count ? width - count : 0;
  const bool has_zeros = directive.zero && zeros_allowed && !directive.minus;
  if (missing > 0 && !directive.minus) out.append(std::string(missing, has_zeros ? '0' : ' '));
  out.append(text);
  if (missing > 0 && directive.minus) out.append(std::string(missing, ' '));
}

void append_wrong_verb(BoundedText& out, const Value& value, char32_t verb) {
  std::string head = "%!";
  append_rune(head, verb);
  out.append(head);
  if (value.is_nil()) return out.append("(<nil>)");
  out.append("(");
  out.append(value.type_name());
  out.append("=");
  append_formatted(out, value, Directive{});
  out.append(")");
}

void append_text(BoundedText& out, std::string_view text, const Directive& directive) {
  std::string cut;
  if (directive.precision && !is_one_of(directive.verb, U"xX")) {
    std::string_view rest = text;
    for (int count = 0; count < *directive.precision && !rest.empty(); ++count) rest.remove_prefix(first_rune(rest).bytes);
    text = text.substr(0, text.size() - rest.size());
  }
  switch (directive.verb) {
    case 'v':
      if (directive.sharp) return append_padded(out, go_quoted(text), directive, true);
      return append_padded(out, text, directive, true);
    case 's': return append_padded(out, text, directive, true);
    case 'q': {
      const bool is_raw = directive.sharp && text.find_first_of("`\r\n") == std::string_view::npos;
      return append_padded(out, is_raw ? "`" + std::string(text) + "`" : go_quoted(text, directive.plus), directive, true);
    }
    case 'x':
    case 'X': {
      if (directive.precision) text = text.substr(0, static_cast<std::size_t>(*directive.precision));
      if (text.size() > out.bytes_max()) text = text.substr(0, out.bytes_max());  // two digits a byte cannot fit then
      const std::string_view prefix = !directive.sharp ? "" : directive.verb == 'x' ? "0x" : "0X";
      for (std::size_t index = 0; index < text.size(); ++index) {
        if (index == 0 || directive.space) cut += index > 0 ? " " + std::string(prefix) : std::string(prefix);
        const auto byte = static_cast<unsigned char>(text[index]);
        cut += directive.verb == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
      }
      return append_padded(out, cut, directive, true);
    }
    default: return append_wrong_verb(out, Value::text(std::string(text)), directive.verb);
  }
}

std::string in_base(std::uint64_t number, int base, bool is_upper) {
  std::array<char, 64> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, base);
  std::string out(buffer.data(), written.ptr);
  if (is_upper)
    for (char& letter : out)
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 32);
  return out;
}

void append_integer_in(BoundedText& out, std::int64_t value, int base, const Directive& directive) {
  const bool is_negative = value < 0;
  const std::uint64_t size =
      is_negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  std::string digits = in_base(size, base, directive.verb == 'X');
  std::size_t digit_count_min = directive.precision ? static_cast<std::size_t>(*directive.precision) : 0;
  if (directive.precision && *directive.precision == 0 && value == 0) {
    Directive blank;
    blank.width = directive.width;
    return append_padded(out, "", blank, false);
  }
  if (!directive.precision && directive.zero && !directive.minus && directive.width) {
    digit_count_min = static_cast<std::size_t>(*directive.width);
    if ((is_negative || directive.plus || directive.space) && digit_count_min > 0) --digit_count_min;
  }
  if (digits.size() < digit_count_min) digits.insert(0, digit_count_min - digits.size(), '0');
  if (directive.verb == 'O') digits.insert(0, "0o");
  if (directive.sharp) {
    if (base == 2) digits.insert(0, "0b");
    if (base == 8 && digits[0] != '0') digits.insert(0, "0");
    if (base == 16) digits.insert(0, directive.verb == 'x' ? "0x" : "0X");
  }
  if (is_negative)
    digits.insert(0, "-");
  else if (directive.plus)
    digits.insert(0, "+");
  else if (directive.space)
    digits.insert(0, " ");
  append_padded(out, digits, directive, false);
}

void append_integer(BoundedText& out, std::int64_t value, const Directive& directive) {
  const auto rune = value < 0 || value > 0x10FFFF ? replacement_rune : static_cast<char32_t>(value);
  switch (directive.verb) {
    case 'v':
    case 'd': return append_integer_in(out, value, 10, directive);
    case 'b': return append_integer_in(out, value, 2, directive);
    case 'o':
    case 'O': return append_integer_in(out, value, 8, directive);
    case 'x':
    case 'X': return append_integer_in(out, value, 16, directive);
    case 'c': {
      std::string text;
      append_rune(text, rune);
      return append_padded(out, text, directive, true);
    }
    case 'q': {
      std::string text = "'";
      append_escaped(text, rune, '\'', directive.plus);
      return append_padded(out, text + "'", directive, true);
    }
    case 'U': {
      std::string text = fmt::format("U+{:04X}", static_cast<std::uint64_t>(value));
      if (directive.sharp && value >= 0 && value <= 0x10FFFF && is_printable(rune)) {
        text += " '";
        append_rune(text, rune);
        text += "'";
      }
      return append_padded(out, text, directive, false);
    }
    default: return append_wrong_verb(out, Value::integer(value), directive.verb);
  }
}

void append_real(BoundedText& out, double value, const Directive& directive) {
  if (!is_one_of(directive.verb, U"veEfFgGxX")) return append_wrong_verb(out, Value::real(value), directive.verb);
  int precision = directive.precision.value_or(is_one_of(directive.verb, U"eEfF") ? 6 : -1);
  const char verb = directive.verb == 'v' ? 'g' : static_cast<char>(directive.verb);
  std::string text = real_text(value, verb, precision);
  const bool is_number = text != "NaN" && text != "+Inf" && text != "-Inf";
  if (directive.sharp && is_number && is_one_of(directive.verb, U"eEfFgG") && text.find('.') == std::string::npos) {
    const std::size_t exponent = text.find_first_of("eE");
    text.insert(exponent == std::string::npos ? text.size() : exponent, ".");
  }
  if (text[0] != '-' && text[0] != '+') {
    if (directive.plus)
      text.insert(0, "+");
    else if (directive.space)
      text.insert(0, " ");
  } else if (text[0] == '+' && directive.space && !directive.plus) {
    text[0] = ' ';
  }
  if (is_number && directive.zero && !directive.minus && directive.width) {
    const bool has_sign = text[0] == '-' || text[0] == '+' || text[0] == ' ';
    const auto width = static_cast<std::size_t>(*directive.width);
    if (text.size() < width) text.insert(has_sign ? 1 : 0, width - text.size(), '0');
  }
  append_padded(out, text, directive, false);
}

void append_list(BoundedText& out, const ListData& list, const Directive& directive) {
  const bool is_go_syntax = directive.sharp && directive.verb == 'v';
  out.append(is_go_syntax ? "[]" + list.element_type + "{" : "[");
  for (std::size_t index = 0; index < list.elements.size() && !out.is_over(); ++index) {
    if (index > 0) out.append(is_go_syntax ? ", " : " ");
    append_formatted(out, list.elements[index], directive);
  }
  out.append(is_go_syntax ? "}" : "]");
}

void append_map(BoundedText& out, const Value& value, const MapData& map, const Directive& directive) {
  const bool is_go_syntax = directive.sharp && directive.verb == 'v';
  const bool is_record = map.kind == MapKind::record;
  const bool has_keys = !is_record || is_go_syntax || (directive.plus && directive.verb == 'v');
  if (is_go_syntax)
    out.append(value.type_name() + "{");
  else
    out.append(is_record ? "{" : "map[");
  bool is_first = true;
  for (const auto& [key, element] : map.entries) {
    if (out.is_over()) return;
    if (element.as_function() != nullptr) continue;  // a method, not a field
    if (!is_first) out.append(is_go_syntax ? ", " : " ");
    is_first = false;
    if (has_keys) {
      if (is_record)
        out.append(key);
      else
        append_text(out, key, directive);
      out.append(":");
    }
    append_formatted(out, element, directive);
  }
  out.append(is_record || is_go_syntax ? "}" : "]");
}

// Reads flags, argument indices, width and precision of one directive, and applies it.
class Printer {
 public:
  Printer(BoundedText& out, std::string_view format, std::span<const Value> values)
      : out_(out), format_(format), values_(values) {}

  void run() {
    while (at_ < format_.size() && !out_.is_over()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      out_.append(format_.substr(at_, percent - at_));
      at_ = percent;
      if (at_ < format_.size()) directive();
    }
    if (!is_reordered_ && next_ < values_.size()) append_extra();
  }

 private:
  void directive() {
    ++at_;
    Directive spec;
    flags(spec);
    is_index_good_ = true;
    bool has_index = argument_index();
    if (take('*')) {
      spec.width = size_argument("%!(BADWIDTH)");
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
        spec.zero = false;
      }
      has_index = false;
    } else {
      spec.width = number();
      if (has_index && spec.width) is_index_good_ = false;  // "%[3]2d"
    }
    if (take('.')) {
      if (has_index) is_index_good_ = false;  // "%[3].2d"
      has_index = argument_index();
      if (take('*')) {
        spec.precision = size_argument("%!(BADPREC)");
        if (spec.precision && *spec.precision < 0) {
          spec.precision.reset();
          out_.append("%!(BADPREC)");
        }
        has_index = false;
      } else {
        spec.precision = number();
        if (!spec.precision) spec.precision = 0;
      }
    }
    if (!has_index) argument_index();
    if (at_ >= format_.size()) return out_.append("%!(NOVERB)");
    const Rune verb = first_rune(format_.substr(at_));
    at_ += verb.bytes;
    spec.verb = verb.value;
    apply(spec);
  }

  void apply(Directive& spec) {
    if (spec.verb == '%') return out_.append("%");
    std::string wrong = "%!";
    append_rune(wrong, spec.verb);
    if (!is_index_good_) return out_.append(wrong + "(BADINDEX)");
    if (next_ >= values_.size()) return out_.append(wrong + "(MISSING)");
    const Value& value = values_[next_++];
    if (spec.verb == 'T') {
      spec.verb = 's';
      return append_text(out_, value.type_name(), spec);
    }
    append_formatted(out_, value, spec);
  }

  void flags(Directive& spec) {
    for (;; ++at_) {
      const char flag = at_ < format_.size() ? format_[at_] : '\0';
      if (flag == '#')
        spec.sharp = true;
      else if (flag == '0')
        spec.zero = true;
      else if (flag == '+')
        spec.plus = true;
      else if (flag == '-')
        spec.minus = true;
      else if (flag == ' ')
        spec.space = true;
      else
        return;
    }
  }

  // "[n]": the next argument is the n-th, from 1.
  bool argument_index() {
    if (at_ >= format_.size() || format_[at_] != '[') return false;
    is_reordered_ = true;
    const std::size_t close = format_.find(']', at_);
    std::size_t index = 0;
    const char* const first = format_.data() + at_ + 1;
    const char* const last = close == std::string_view::npos ? first : format_.data() + close;
    const auto read = std::from_chars(first, last, index);
    at_ = close == std::string_view::npos ? at_ + 1 : close + 1;
    if (read.ec != std::errc{} || read.ptr != last || index < 1 || index > values_.size()) {
      is_index_good_ = false;
      return true;
    }
    next_ = index - 1;
    return true;
  }

  std::optional<int> size_argument(std::string_view complaint) {
    const Value* value = next_ < values_.size() ? &values_[next_++] : nullptr;
    const std::int64_t* size = value == nullptr ? nullptr : value->as_integer();
    if (size != nullptr && *size >= -directive_size_max && *size <= directive_size_max) return static_cast<int>(*size);
    out_.append(complaint);
    return std::nullopt;
  }

  std::optional<int> number() {
    int out = 0;
    const char* const first = format_.data() + at_;
    if (at_ >= format_.size() || *first < '0' || *first > '9') return std::nullopt;
    const auto read = std::from_chars(first, format_.data() + format_.size(), out);
    at_ += static_cast<std::size_t>(read.ptr - first);
    if (read.ec == std::errc{} && out <= directive_size_max) return out;
    out_.append("%!(BADWIDTH)");
    return std::nullopt;
  }

  bool take(char wanted) {
    if (at_ >= format_.size() || format_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void append_extra() {
    out_.append("%!(EXTRA ");
    for (std::size_t index = next_; index < values_.size(); ++index) {
      if (index > next_) out_.append(", ");
      if (values_[index].is_nil()) {
        out_.append("<nil>");
        continue;
      }
      out_.append(values_[index].type_name() + "=");
      append_formatted(out_, values_[index], Directive{});
    }
    out_.append(")");
  }

  BoundedText& out_;
  std::string_view format_;
  std::span<const Value> values_;
  std::size_t at_{0};
  std::size_t next_{0};
  bool is_reordered_{false};
  bool is_index_good_{true};
};

}  // namespace

void append_printf(BoundedText& out, std::string_view format, std::span<const Value> values) {
  Printer(out, format, values).run();
}

void append_formatted(BoundedText& out, const Value& value, const Directive& directive) {
  if (const std::string* text = value.as_text()) return append_text(out, *text, directive);
  if (const Members* members = value.members();
      members != nullptr && members->text != nullptr && is_one_of(directive.verb, U"vsqxX"))
    return append_text(out, members->text(value), directive);
  if (const std::int64_t* integer = value.as_integer()) return append_integer(out, *integer, directive);
  if (const double* real = value.as_real()) return append_real(out, *real, directive);
  if (const bool* boolean = value.as_boolean()) {
    if (!is_one_of(directive.verb, U"tv")) return append_wrong_verb(out, value, directive.verb);
    return append_padded(out, *boolean ? "true" : "false", directive, true);
  }
  if (const ListData* list = value.as_list()) return append_list(out, *list, directive);
  if (const MapData* map = value.as_map()) return append_map(out, value, *map, directive);
  if (const Instant* instant = value.as_time()) {
    if (!is_one_of(directive.verb, U"vsq")) return append_wrong_verb(out, value, directive.verb);
    return append_text(out, time_text(*instant), directive);
  }
  if (const Duration* duration = value.as_duration()) {
    if (is_one_of(directive.verb, U"vsq")) return append_text(out, duration_text(*duration), directive);
    std::int64_t nanoseconds = 0;
    if (!is_one_of(directive.verb, U"dboOxXcU") || __builtin_mul_overflow(duration->ms, 1'000'000, &nanoseconds))
      return append_wrong_verb(out, value, directive.verb);
    return append_integer(out, nanoseconds, directive);
  }
  if (const Late* late = value.as_late()) return out.meet_late(*late);
  if (value.as_function() != nullptr) return out.append("func");
  if (directive.verb == 'v') return append_padded(out, "<nil>", directive, false);
  append_wrong_verb(out, value, directive.verb);
}

void append_escaped(std::string& out, char32_t rune, char quote, bool ascii_only) {
  if (rune == static_cast<char32_t>(quote) || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
    return;
  }
  if (is_printable(rune) && (rune < 0x80 || !ascii_only)) return append_rune(out, rune);
  switch (rune) {
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\v': out += "\\v"; return;
    default: break;
  }
  const auto code = static_cast<std::uint32_t>(rune);
  if (rune < ' ' || rune == 0x7F)
    out += fmt::format("\\x{:02x}", code);
  else if (rune < 0x10000)
    out += fmt::format("\\u{:04x}", code);
  else
    out += fmt::format("\\U{:08x}", code);
}

}  // namespace watchbill::text_template
