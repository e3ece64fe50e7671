#include "api/page.h"

#include <charconv>
#include <vector>

#include "base/bytes.h"

namespace watchbill::api {
namespace {

constexpr std::size_t cursor_bytes_max = 2048;  // names are shorter; what is longer was not made here

// A cursor is "SEQUENCE KEY" in hex: nobody should build one, and it needs no escapes in a URL.
std::string cursor_of(Sequence sequence, std::string_view key) {
  const std::string text = std::to_string(sequence) + " " + std::string(key);
  return to_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::optional<std::string> key_of(const std::string& cursor) {
  if (cursor.empty() || cursor.size() > cursor_bytes_max || cursor.size() % 2 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes(cursor.size() / 2);
  if (!from_hex(cursor, bytes)) return std::nullopt;
  const std::string text(bytes.begin(), bytes.end());
  const std::size_t blank = text.find(' ');
  Sequence sequence = 0;
  const auto [after, failure] = std::from_chars(text.data(), text.data() + std::min(blank, text.size()), sequence);
  if (failure != std::errc{} || blank == std::string::npos || after != text.data() + blank) return std::nullopt;
  return text.substr(blank + 1);
}

}  // namespace

Result<PageRequest, Refused> page_of(const Call& call) {
  PageRequest page;
  const Result<std::uint64_t, Refused> limit = call.number("limit", page_limit_default);
  if (!limit) return limit.error();
  if (*limit > page_limit_max)
    return Refused{Refusal::bad_argument, "limit: expected 1 to " + std::to_string(page_limit_max)};
  page.limit = *limit;
  if (const std::string* cursor = call.query("cursor")) {
    std::optional<std::string> key = key_of(*cursor);
    if (!key) return Refused{Refusal::bad_argument, "cursor: expected `next` of the page before"};
    page.after = std::move(*key);
  }
  return page;
}

std::optional<EventReference> parse_event_reference(std::string_view text) {
  EventReference reference;
  const char* const end = text.data() + text.size();
  const auto [dot, failure] = std::from_chars(text.data(), end, reference.sequence);
  if (failure != std::errc{} || dot == end || *dot != '.') return std::nullopt;
  const auto [after, second_failure] = std::from_chars(dot + 1, end, reference.index);
  const bool is_whole = second_failure == std::errc{} && after == end;
  if (!is_whole || reference.sequence > static_cast<Sequence>(json_integer_max)) return std::nullopt;
  return reference;
}

Page::Page() : text_("{\"items\":[") {}

void Page::add(std::string_view json) {
  if (size_ > 0) text_.push_back(',');
  text_.append(json);
  ++size_;
}

std::string Page::finish(Sequence sequence, std::string_view last_key) {
  text_.append("],\"next\":");
  if (last_key.empty()) text_.append("null");
  else append_json_string(text_, cursor_of(sequence, last_key));
  text_.append(",\"sequence\":").append(std::to_string(sequence)).append("}\n");
  return std::move(text_);
}

}  // namespace watchbill::api
