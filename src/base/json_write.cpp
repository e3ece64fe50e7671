#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/assert.h"
#include "base/json.h"
#include "base/json_scan.h"

namespace watchbill {
namespace {

void append_escape(std::string& out, unsigned char byte) {
  switch (byte) {
    case '"': out.append("\\\""); return;
    case '\\': out.append("\\\\"); return;
    case '\b': out.append("\\b"); return;
    case '\t': out.append("\\t"); return;
    case '\n': out.append("\\n"); return;
    case '\f': out.append("\\f"); return;
    case '\r': out.append("\\r"); return;
    default: break;
  }
  constexpr char digits[] = "0123456789abcdef";
  out.append("\\u00");
  out.push_back(digits[byte >> 4]);
  out.push_back(digits[byte & 15]);
}

// The length of the valid UTF-8 sequence that begins `text`, or 0.
std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
    if (lead == 0xED && byte(1) > 0x9F) return 0;  // surrogates
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    if (lead == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

void append_number(std::string& out, double number) {
  if (!std::isfinite(number)) {  // JSON has no word for it; the compatible paths carry such values as strings
    out.append("null");
    return;
  }
  if (number == 0) number = 0;  // RFC 8785: minus zero is written as zero
  std::array<char, 32> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  WB_ASSERT(failure == std::errc{}, "32 characters hold every double");
  out.append(digits.data(), end);
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  for (std::size_t i = json::skip_ascii(text, 0); i < text.size(); i = json::skip_ascii(text, i)) {
    const std::size_t length = utf8_sequence(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

void append_json_string(std::string& out, std::string_view text) {
  std::size_t i = json::find_special<true>(text, 0);
  if (i == text.size()) {  // nearly all texts, and all keys
    const std::size_t begin = out.size();
    out.resize(begin + text.size() + 2, '"');
    text.copy(out.data() + begin + 1, text.size());
    return;
  }
  out.push_back('"');
  std::size_t copied = 0;
  for (; i < text.size(); i = json::find_special<true>(text, i)) {
    const unsigned char byte = static_cast<unsigned char>(text[i]);
    const std::size_t wide = byte < 0x80 ? 0 : utf8_sequence(text.substr(i));
    if (wide != 0) {
      i += wide;
      continue;
    }
    out.append(text.substr(copied, i - copied));
    if (byte < 0x80) append_escape(out, byte);
    else out.append("\xEF\xBF\xBD");
    copied = ++i;
  }
  out.append(text.substr(copied));
  out.push_back('"');
}

void JsonWriter::separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  WB_ASSERT(value <= json_integer_max && value >= -json_integer_max, "canonical JSON holds integers of at most 53 bits");
  separate();
  std::array<char, 24> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  WB_ASSERT(failure == std::errc{}, "24 characters hold every 64-bit integer");
  out_.append(digits.data(), end);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) { return raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

void append_json(std::string& out, const JsonValue& root) {
  struct Visitor {
    std::string& out;
    void operator()(std::nullptr_t) const { out.append("null"); }
    void operator()(bool value) const { out.append(value ? "true" : "false"); }
    void operator()(std::int64_t value) const { out.append(std::to_string(value)); }
    void operator()(double value) const { append_number(out, value); }
    void operator()(const std::string& value) const { append_json_string(out, value); }
    // Recursion is bounded by JsonLimits::depth_max: no deeper tree can be built by the parser.
    void operator()(const JsonValue::Array& array) const {
      out.push_back('[');
      for (std::size_t i = 0; i < array.size(); ++i) {
        if (i != 0) out.push_back(',');
        append_json(out, array[i]);
      }
      out.push_back(']');
    }
    void operator()(const JsonValue::Object& object) const {
      std::vector<const JsonValue::Object::value_type*> members;
      for (const auto& member : object) members.push_back(&member);
      std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
      out.push_back('{');
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i != 0) out.push_back(',');
        append_json_string(out, members[i]->first);
        out.push_back(':');
        append_json(out, members[i]->second);
      }
      out.push_back('}');
    }
  };
  std::visit(Visitor{out}, root.value);
}

}  // namespace watchbill
