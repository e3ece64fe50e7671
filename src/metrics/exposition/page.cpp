#include "metrics/exposition/page.h"

#include <algorithm>

#include "base/assert.h"
#include "metrics/exposition/number.h"

namespace watchbill::metrics::exposition {
namespace {

void append_escaped(std::string& out, std::string_view text, bool has_quotes) {
  for (const char c : text) {
    if (c == '\\') out.append("\\\\");
    else if (c == '\n') out.append("\\n");
    else if (c == '"' && has_quotes) out.append("\\\"");
    else out.push_back(c);
  }
}

// One label more than the set has, written last.
struct ExtraLabel {
  std::string_view name;
  std::string_view value;
};

struct Line {
  std::string_view name;
  std::string_view suffix;
  const Labels& labels;
  ExtraLabel extra;
  double value;
};

void append_line(std::string& out, const Line& line) {
  out.append(line.name).append(line.suffix);
  char separator = '{';
  const auto append_label = [&](std::string_view name, std::string_view value) {
    out.push_back(separator);
    separator = ',';
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out.push_back('"');
  };
  for (const auto& [name, value] : line.labels) append_label(name, value);
  if (!line.extra.name.empty()) append_label(line.extra.name, line.extra.value);
  if (separator == ',') out.push_back('}');
  out.push_back(' ');
  append_number(out, line.value);
  out.push_back('\n');
}

}  // namespace

void Page::counter(const Family& family, const Labels& labels, double value) { add(family, FamilyType::counter, labels, value); }
void Page::gauge(const Family& family, const Labels& labels, double value) { add(family, FamilyType::gauge, labels, value); }
void Page::untyped(const Family& family, const Labels& labels, double value) { add(family, FamilyType::untyped, labels, value); }

void Page::add(const Family& family, FamilyType type, const Labels& labels, double value) {
  append_line(lines_of(family, type, labels), Line{family.name, "", labels, {}, value});
}

void Page::histogram(const Family& family, const Labels& labels, const HistogramValue& value) {
  WB_ASSERT(value.counts.size() == value.bounds.size() + 1, "there is one bucket above the last bound");
  WB_ASSERT(std::is_sorted(value.bounds.begin(), value.bounds.end()), "bounds ascend");
  std::string& lines = lines_of(family, FamilyType::histogram, labels);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < value.counts.size(); ++i) {
    count += value.counts[i];
    std::string bound;
    if (i < value.bounds.size()) append_number(bound, value.bounds[i]);
    else bound = "+Inf";
    append_line(lines, Line{family.name, "_bucket", labels, ExtraLabel{"le", bound}, static_cast<double>(count)});
  }
  append_line(lines, Line{family.name, "_sum", labels, {}, value.sum});
  append_line(lines, Line{family.name, "_count", labels, {}, static_cast<double>(count)});
}

void Page::state_set(const Family& family, const Labels& labels, const StateSet& set) {
  WB_ASSERT(std::count(set.states.begin(), set.states.end(), set.current) == 1, "a state set has exactly one 1");
  for (const std::string_view state : set.states) {
    Labels with_state = labels;
    with_state.set(set.state_label, state);
    add(family, FamilyType::gauge, with_state, state == set.current ? 1 : 0);
  }
}

std::string& Page::lines_of(const Family& family, FamilyType type, const Labels& labels) {
  WB_ASSERT(is_metric_name(family.name), "we choose the names of families, or took them from a series");
  auto at = families_.find(family.name);
  if (at == families_.end()) at = families_.emplace(family.name, Contents{type, std::string(family.help), {}}).first;
  WB_ASSERT(at->second.type == type, "one name has one type");
  const auto [line, is_new] = at->second.lines.try_emplace(labels);
  WB_ASSERT(is_new, "no series is added twice");
  return line->second;
}

std::string Page::text() const {
  std::string out;
  for (const auto& [name, contents] : families_) {
    if (!contents.help.empty()) {
      out.append("# HELP ").append(name).append(" ");
      append_escaped(out, contents.help, false);
      out.push_back('\n');
    }
    out.append("# TYPE ").append(name).append(" ").append(word(contents.type)).append("\n");
    for (const auto& [labels, lines] : contents.lines) out.append(lines);
  }
  return out;
}

}  // namespace watchbill::metrics::exposition
