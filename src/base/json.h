// JSON. Three things: the canonical writer (its bytes are hashed), the reader of canonical text (the journal's hot path), and a
// strict parser of any JSON into a tree for edges where the cost does not matter.
//
// Canonical form: RFC 8785 restricted to objects, arrays, strings and integers of at most 2^53 - 1 in magnitude. No white space,
// keys sorted, shortest escapes. Truth values are words; a field without meaning is absent, never null.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace watchbill {

inline constexpr std::int64_t json_integer_max = (std::int64_t{1} << 53) - 1;

// Appends JSON to a text that the caller owns; one pass, no allocation but that text's growth (1 GB/s class).
// The caller holds the grammar: values only where one may stand, each begin_ with its end_, keys in ascending byte order where
// the text must be canonical. Strings that are not UTF-8 get U+FFFD for each wrong byte, so the text is always valid JSON.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  // Asserts that the value is within ±json_integer_max.
  JsonWriter& integer(std::int64_t value);
  // Not canonical; for the compatible HTTP paths only.
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  // A value that is JSON already.
  JsonWriter& raw(std::string_view json);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_{false};
};

// Appends `text` as a JSON string with its quotes, escaped the shortest way.
void append_json_string(std::string& out, std::string_view text);

// Pulls values out of canonical text without copying it. Every call returns false on malformed input and from then on always;
// `offset()` is where it failed. Bounded: nesting deeper than 32 is malformed. Does not check the order of keys: the journal's
// digest does.
class CanonicalReader {
 public:
  explicit CanonicalReader(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] bool begin_object() noexcept { return open('{'); }
  [[nodiscard]] bool begin_array() noexcept { return open('['); }
  // The next key of the object just begun, or false at its end (which is consumed) and on malformed input.
  // The view lives until the next call that reads a string.
  [[nodiscard]] bool next_key(std::string_view& key);
  // True when another element follows; false at the end (consumed) and on malformed input.
  [[nodiscard]] bool next_element() noexcept;
  [[nodiscard]] bool string(std::string& out);
  // A string as a view into the text, or into a buffer that the next call reuses.
  [[nodiscard]] bool string_view(std::string_view& out);
  [[nodiscard]] bool integer(std::int64_t& out) noexcept;
  [[nodiscard]] bool skip() { std::string_view ignored; return raw(ignored); }
  // Any value, as the text it is.
  [[nodiscard]] bool raw(std::string_view& out);
  // The first byte of the next value, or 0 at the end.
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  // True when everything was read and nothing was malformed.
  [[nodiscard]] bool finished() const noexcept { return !failed_ && at_ == text_.size(); }
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  // The text from `begin`, an earlier offset(), to here.
  [[nodiscard]] std::string_view since(std::size_t begin) const noexcept { return text_.substr(begin, at_ - begin); }

 private:
  bool open(char bracket) noexcept;
  bool fail() noexcept;
  bool escaped_string(std::size_t begin);

  std::string_view text_;
  std::size_t at_{0};
  std::uint32_t depth_{0};
  bool failed_{false};
  bool fresh_{false};  // directly after an opening bracket: no comma expected
  std::string buffer_;
};

struct JsonLimits {
  std::size_t bytes_max{16U << 20};
  std::uint32_t depth_max{64};
  std::size_t values_max{1'000'000};
};

// One JSON value. Objects keep the order of their keys; duplicate keys were refused by the parser.
class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Object = std::vector<std::pair<std::string, JsonValue>>;
  // Integers that fit are integers; 1.0, 1e3 and everything too large are doubles.
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value{nullptr};
  std::uint32_t line{1}, column{1};  // where it began in the text, from 1

  [[nodiscard]] const std::string* as_string() const noexcept { return std::get_if<std::string>(&value); }
  [[nodiscard]] const std::int64_t* as_integer() const noexcept { return std::get_if<std::int64_t>(&value); }
  [[nodiscard]] const Array* as_array() const noexcept { return std::get_if<Array>(&value); }
  [[nodiscard]] const Object* as_object() const noexcept { return std::get_if<Object>(&value); }
  // The member of an object, or null when this is no object or has no such key.
  [[nodiscard]] const JsonValue* find(std::string_view key) const noexcept;
};

// Parses one JSON text (RFC 8259). Fails (invalid) with "line L, column C" and what was expected; duplicate keys, bad UTF-8,
// unpaired surrogates, trailing characters and everything beyond `limits` are failures too.
[[nodiscard]] Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

// Writes a tree in RFC 8785's order and escapes (keys sorted); doubles as the shortest text that reads back. Canonical only where
// the tree holds nothing but objects, arrays, strings and integers.
void append_json(std::string& out, const JsonValue& value);

// The offset of the first byte that is not valid UTF-8 (no overlong forms, surrogates or values beyond U+10FFFF), or npos.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace watchbill
