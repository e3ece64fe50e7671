#include "ruletest/junit.h"

#include <algorithm>

#include <fmt/core.h>

namespace watchbill::ruletest {
namespace {

// The bytes of the character at the front of `text`: 0 when it is no UTF-8, or nothing that XML 1.0 may hold.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return 0;
  std::uint32_t code = first & (count == 2 ? 0x1FU : count == 3 ? 0x0FU : 0x07U);
  for (std::size_t i = 1; i < count; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_whole = code >= least[count] && code <= 0x10FFFF;
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return is_whole && !is_surrogate && code != 0xFFFE && code != 0xFFFF ? count : 0;
}

// Line breaks and tabs are written as references: a reader makes blanks of them in attributes, and drops \r everywhere.
std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t count = character_bytes(text);
    const char c = text.front();
    if (count == 0) out += "\xEF\xBF\xBD";
    else if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&#34;";
    else if (c == '\'') out += "&#39;";
    else if (c == '\n') out += "&#xA;";
    else if (c == '\r') out += "&#xD;";
    else if (c == '\t') out += "&#x9;";
    else out += text.substr(0, count);
    text.remove_prefix(std::max<std::size_t>(count, 1));
  }
  return out;
}

std::size_t count_of(const FileReport& file, Outcome outcome) {
  return static_cast<std::size_t>(std::count_if(file.verdicts.begin(), file.verdicts.end(),
                                                [&](const Verdict& verdict) { return verdict.outcome == outcome; }));
}

void add_case(const Verdict& verdict, std::string& out) {
  out += fmt::format("    <testcase name=\"{}\"", escaped(verdict.name));
  if (verdict.outcome == Outcome::passed) {
    out += "/>\n";
    return;
  }
  const char* const element = verdict.outcome == Outcome::failed ? "failure" : "error";
  std::string text;
  for (const Difference& difference : verdict.differences)
    for (const std::string& line : lines_of(difference, verdict.name)) text += line + "\n";
  const std::string& first = verdict.differences.front().what;
  const std::size_t more = verdict.differences.size() - 1;
  out += fmt::format(">\n      <{0} message=\"{1}\">{2}</{0}>\n    </testcase>\n", element,
                     escaped(more == 0 ? first : fmt::format("{}, and {} more", first, more)), escaped(text));
}

void add_unreadable(const FileReport& file, std::string& out) {
  std::string text;
  for (const config::Finding& finding : file.findings) text += finding.line() + "\n";
  out +=
      fmt::format("    <testcase name=\"{}\">\n      <error message=\"the file cannot be taken\">{}</error>\n    </testcase>\n",
                  escaped(file.path), escaped(text));
}

}  // namespace

std::string junit_document(const std::vector<FileReport>& files, Instant at) {
  const std::string timestamp = format_rfc3339(at).substr(0, 19);  // the format's: no zone
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const FileReport& file : files) {
    const std::size_t errors = file.is_read ? count_of(file, Outcome::refused) : 1;
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" timestamp=\"{}\">\n",
        escaped(file.path), file.is_read ? file.verdicts.size() : 1, count_of(file, Outcome::failed), errors, timestamp);
    if (!file.is_read) add_unreadable(file, out);
    for (const Verdict& verdict : file.verdicts) add_case(verdict, out);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

std::vector<std::string> lines_of(const Difference& difference, std::string_view test) {
  std::vector<std::string> out{fmt::format("{}:{}:{}: test {}: {}", difference.place.file, difference.place.at.line,
                                           difference.place.at.column, quoted(test), difference.what)};
  for (const std::string& line : difference.lines) out.push_back("  " + line);
  return out;
}

}  // namespace watchbill::ruletest
