#include <charconv>
#include <cstring>
#include <set>

#include "base/json.h"
#include "base/json_scan.h"

namespace watchbill {
namespace {

constexpr std::uint32_t canonical_depth_max = 32;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
}

// Four hex digits at the front of `text`, or -1.
std::int32_t code_unit(std::string_view text) noexcept {
  if (text.size() < 4) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// Decodes the escape whose backslash has been passed: `text[at]` is the letter. Moves `at` behind it. False when malformed.
bool append_escape(std::string& out, std::string_view text, std::size_t& at) {
  if (at >= text.size()) return false;
  const char letter = text[at++];
  switch (letter) {
    case '"': case '\\': case '/': out.push_back(letter); return true;
    case 'b': out.push_back('\b'); return true;
    case 't': out.push_back('\t'); return true;
    case 'n': out.push_back('\n'); return true;
    case 'f': out.push_back('\f'); return true;
    case 'r': out.push_back('\r'); return true;
    case 'u': break;
    default: return false;
  }
  const std::int32_t first = code_unit(text.substr(at));
  if (first < 0) return false;
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, static_cast<std::uint32_t>(first));
    return true;
  }
  if (first > 0xDBFF || text.substr(at, 2) != "\\u") return false;
  const std::int32_t second = code_unit(text.substr(at + 2));
  if (second < 0xDC00 || second > 0xDFFF) return false;
  at += 6;
  append_utf8(out, 0x10000U + (static_cast<std::uint32_t>(first - 0xD800) << 10) + static_cast<std::uint32_t>(second - 0xDC00));
  return true;
}

}  // namespace

bool CanonicalReader::fail() noexcept {
  failed_ = true;
  return false;
}

bool CanonicalReader::open(char bracket) noexcept {
  if (failed_ || peek() != bracket || depth_ == canonical_depth_max) return fail();
  ++at_;
  ++depth_;
  fresh_ = true;
  return true;
}

bool CanonicalReader::next_key(std::string_view& key) {
  if (failed_) return false;
  if (peek() == '}') {
    ++at_;
    --depth_;
    fresh_ = false;
    return false;
  }
  if (!fresh_) {
    if (peek() != ',') return fail();
    ++at_;
  }
  if (!string_view(key)) return false;
  if (peek() != ':') return fail();
  ++at_;
  return true;
}

bool CanonicalReader::next_element() noexcept {
  if (failed_) return false;
  if (peek() == ']') {
    ++at_;
    --depth_;
    fresh_ = false;
    return false;
  }
  if (!fresh_) {
    if (peek() != ',') return fail();
    ++at_;
  }
  fresh_ = false;
  return true;
}

bool CanonicalReader::string_view(std::string_view& out) {
  if (failed_ || peek() != '"') return fail();
  fresh_ = false;
  const std::size_t begin = at_ + 1;
  const std::size_t end = json::find_special<false>(text_, begin);
  if (end < text_.size() && text_[end] == '"') {
    out = text_.substr(begin, end - begin);
    at_ = end + 1;
    return true;
  }
  if (!escaped_string(begin)) return fail();
  out = buffer_;
  return true;
}

bool CanonicalReader::escaped_string(std::size_t begin) {
  buffer_.clear();
  for (std::size_t i = begin; i < text_.size();) {
    const unsigned char byte = static_cast<unsigned char>(text_[i]);
    if (byte < 0x20) return false;
    if (byte == '"') {
      at_ = i + 1;
      return true;
    }
    ++i;
    if (byte != '\\') buffer_.push_back(static_cast<char>(byte));
    else if (!append_escape(buffer_, text_, i)) return false;
  }
  return false;
}

bool CanonicalReader::string(std::string& out) {
  std::string_view view;
  if (!string_view(view)) return false;
  out.assign(view);
  return true;
}

bool CanonicalReader::integer(std::int64_t& out) noexcept {
  if (failed_) return false;
  fresh_ = false;
  const char* const begin = text_.data() + at_;
  const char* const end = text_.data() + text_.size();
  std::int64_t value = 0;
  const auto [after, failure] = std::from_chars(begin, end, value);
  if (failure != std::errc{} || value > json_integer_max || value < -json_integer_max) return fail();
  const bool has_leading_zero = after - begin > 1 && (*begin == '0' || (*begin == '-' && begin[1] == '0'));
  if (has_leading_zero) return fail();
  out = value;
  at_ += static_cast<std::size_t>(after - begin);
  return true;
}

bool CanonicalReader::raw(std::string_view& out) {
  const std::size_t begin = at_;
  std::size_t nesting = 0;
  do {
    const char next = peek();
    if (nesting > 0 && (next == ',' || next == ':')) {
      ++at_;
      continue;
    }
    if (next == '{' || next == '[') {
      if (++nesting > canonical_depth_max) return fail();
      ++at_;
    } else if (next == '}' || next == ']') {
      if (nesting == 0) return fail();
      --nesting;
      ++at_;
    } else if (next == '"') {
      std::string_view ignored;
      if (!string_view(ignored)) return false;
    } else {
      std::int64_t ignored = 0;
      if (!integer(ignored)) return false;
    }
  } while (nesting > 0);
  fresh_ = false;
  out = text_.substr(begin, at_ - begin);
  return !failed_;
}

const JsonValue* JsonValue::find(std::string_view key) const noexcept {
  const Object* object = as_object();
  if (object == nullptr) return nullptr;
  for (const auto& [name, member] : *object)
    if (name == key) return &member;
  return nullptr;
}

namespace {

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<JsonValue> run() {
    JsonValue root;
    if (text_.size() > limits_.bytes_max) expect("at most " + std::to_string(limits_.bytes_max) + " bytes");
    else if (const std::size_t wrong = find_invalid_utf8(text_); wrong != std::string_view::npos) {
      while (at_ < wrong) advance();
      expect("UTF-8");
    } else if (parse(root, 0)) {
      skip_space();
      if (at_ < text_.size()) expect("the end of the text");
    }
    if (!failure_.empty())
      return Error{ErrorKind::invalid, "read JSON",
                   "at line " + std::to_string(line_) + ", column " + std::to_string(column_), "expected " + failure_};
    return root;
  }

 private:
  bool expect(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
    return false;
  }
  void advance() {
    if (text_[at_] == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) {
      ++column_;  // columns count characters, not bytes
    }
    ++at_;
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && std::strchr(" \t\n\r", text_[at_]) != nullptr && text_[at_] != '\0') advance();
  }
  bool word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return expect("a value");
    for (std::size_t i = 0; i < expected.size(); ++i) advance();
    return true;
  }

  // Recursion is bounded by depth_max.
  bool parse(JsonValue& out, std::uint32_t depth) {
    skip_space();
    out.line = line_;
    out.column = column_;
    if (depth > limits_.depth_max) return expect("nesting of at most " + std::to_string(limits_.depth_max));
    if (++values_ > limits_.values_max) return expect("at most " + std::to_string(limits_.values_max) + " values");
    switch (peek()) {
      case '{': return object(out.value.emplace<JsonValue::Object>(), depth);
      case '[': return array(out.value.emplace<JsonValue::Array>(), depth);
      case '"': return string(out.value.emplace<std::string>());
      case 't': out.value = true; return word("true");
      case 'f': out.value = false; return word("false");
      case 'n': return word("null");
      default: return number(out);
    }
  }

  bool object(JsonValue::Object& members, std::uint32_t depth) {
    advance();
    skip_space();
    if (peek() == '}') return advance(), true;
    std::set<std::string> seen;  // a hostile object must not make the check for duplicates quadratic
    while (true) {
      skip_space();
      if (peek() != '"') return expect("a key in double quotes");
      std::string key;
      if (!string(key)) return false;
      if (!seen.insert(key).second) return expect("the key \"" + key + "\" once");
      skip_space();
      if (peek() != ':') return expect("':'");
      advance();
      members.emplace_back(std::move(key), JsonValue{});
      if (!parse(members.back().second, depth + 1)) return false;
      skip_space();
      if (peek() == '}') return advance(), true;
      if (peek() != ',') return expect("',' or '}'");
      advance();
    }
  }

  bool array(JsonValue::Array& elements, std::uint32_t depth) {
    advance();
    skip_space();
    if (peek() == ']') return advance(), true;
    while (true) {
      if (!parse(elements.emplace_back(), depth + 1)) return false;
      skip_space();
      if (peek() == ']') return advance(), true;
      if (peek() != ',') return expect("',' or ']'");
      advance();
    }
  }

  bool string(std::string& out) {
    advance();
    while (at_ < text_.size()) {
      const unsigned char byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x20) return expect("no control character in a string");
      if (byte == '"') return advance(), true;
      if (byte != '\\') {
        out.push_back(static_cast<char>(byte));
        advance();
        continue;
      }
      std::size_t after = at_ + 1;
      if (!append_escape(out, text_, after)) return expect("an escape that JSON knows, surrogates in pairs");
      while (at_ < after) advance();
    }
    return expect("'\"'");
  }

  bool number(JsonValue& out) {
    std::size_t end = at_;
    const auto digits = [&] {
      const std::size_t begin = end;
      while (end < text_.size() && text_[end] >= '0' && text_[end] <= '9') ++end;
      return end - begin;
    };
    if (end < text_.size() && text_[end] == '-') ++end;
    const std::size_t integer_begin = end;
    const std::size_t integer_digits = digits();
    if (integer_digits == 0) return expect("a value");
    if (integer_digits > 1 && text_[integer_begin] == '0') return expect("a number without leading zeros");
    bool is_integer = true;
    if (end < text_.size() && text_[end] == '.') {
      is_integer = false;
      ++end;
      if (digits() == 0) return expect("a digit after '.'");
    }
    if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
      is_integer = false;
      ++end;
      if (end < text_.size() && (text_[end] == '+' || text_[end] == '-')) ++end;
      if (digits() == 0) return expect("a digit in the exponent");
    }
    const char* const first = text_.data() + at_;
    const char* const last = text_.data() + end;
    std::int64_t integer = 0;
    double real = 0;
    if (is_integer && std::from_chars(first, last, integer).ec == std::errc{}) {
      out.value = integer;
    } else if (std::from_chars(first, last, real).ec == std::errc{}) {
      out.value = real;
    } else {
      return expect("a number that a double can hold");
    }
    while (at_ < end) advance();
    return true;
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_{0};
  std::size_t values_{0};
  std::uint32_t line_{1}, column_{1};
  std::string failure_;
};

}  // namespace

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) { return Parser(text, limits).run(); }

}  // namespace watchbill
