#include "metrics/sender/progress.h"

#include <charconv>

#include "base/sha256.h"

namespace watchbill::metrics::sender {
namespace {

constexpr std::string_view title = "watchbill remote write 1";
constexpr std::size_t check_digits = 16;

std::string numbers(const tsdb::LogPlace& place) {
  return std::to_string(place.position.run) + " " + std::to_string(place.position.segment) + " " +
         std::to_string(place.position.offset) + " " + std::to_string(place.sample);
}

// Takes lines and words off a text, as strictly as they were written.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool line(std::string_view key, std::string_view& out) {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(key)) return false;
    out = rest_.substr(key.size(), end - key.size());
    if (!out.empty()) {
      if (!out.starts_with(' ')) return false;
      out.remove_prefix(1);
    }
    rest_.remove_prefix(end + 1);
    return true;
  }
  template <class... Numbers>
  bool line_of(std::string_view key, Numbers&... out) {
    std::string_view words;
    const std::string_view before = rest_;
    if (line(key, words) && (number(words, out) && ...) && words.empty()) return true;
    rest_ = before;
    return false;
  }
  [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }

 private:
  template <class Number>
  static bool number(std::string_view& words, Number& out) {
    const auto [end, failure] = std::from_chars(words.data(), words.data() + words.size(), out);
    if (failure != std::errc{}) return false;
    words.remove_prefix(static_cast<std::size_t>(end - words.data()));
    if (words.starts_with(' ')) words.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::string text_of(const Progress& progress) {
  std::string out(title);
  out += "\nremote " + progress.identity + "\nterms " + progress.fingerprint + "\nnewest " + std::to_string(progress.newest_ms) +
         "\nshards " + std::to_string(progress.shard_count) + "\nat " + numbers(progress.at) + "\n";
  for (const Progress::NotedGroup& group : progress.groups)
    out += "until " + numbers(group.end) + " " + std::to_string(group.shard_count) + "\n";
  const std::string check = sha256(out).hex().substr(0, check_digits);
  return out + "check " + check + "\n";
}

std::optional<Progress> read_progress(std::string_view text) {
  const std::size_t check = text.rfind("check ");
  if (check == std::string_view::npos || text.size() != check + 6 + check_digits + 1 || text.back() != '\n') return std::nullopt;
  if (text.substr(check + 6, check_digits) != std::string_view(sha256(text.substr(0, check)).hex()).substr(0, check_digits))
    return std::nullopt;
  Reader reader(text.substr(0, check));
  Progress out;
  std::string_view words;
  if (!reader.line(title, words) || !words.empty() || !reader.line("remote", words)) return std::nullopt;
  out.identity = words;
  if (!reader.line("terms", words)) return std::nullopt;
  out.fingerprint = words;
  const auto position = [&reader](std::string_view key, tsdb::LogPlace& at, auto&... more) {
    return reader.line_of(key, at.position.run, at.position.segment, at.position.offset, at.sample, more...);
  };
  if (!reader.line_of("newest", out.newest_ms) || !reader.line_of("shards", out.shard_count) || !position("at", out.at))
    return std::nullopt;
  for (Progress::NotedGroup group; position("until", group.end, group.shard_count);) {
    if (group.shard_count == 0 || group.end < (out.groups.empty() ? out.at : out.groups.back().end)) return std::nullopt;
    out.groups.push_back(group);
  }
  if (!reader.is_at_end() || out.shard_count == 0) return std::nullopt;
  return out;
}

}  // namespace watchbill::metrics::sender
