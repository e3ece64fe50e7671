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

struct Line {
  std::string_view name;
  std::string_view suffix;
  const Labels& labels;
  double value;
};

void append_line(std::string& out, const Line& line) {
  append_sample(out, std::string(line.name).append(line.suffix), line.labels.pairs(), line.value);
}

}  // namespace

void append_sample(std::string& out, std::string_view name, std::span<const Labels::Pair> labels, double value) {
  out.append(name);
  char separator = '{';
  for (const auto& [label, text] : labels) {
    out.push_back(separator);
    separator = ',';
    out.append(label).append("=\"");
    append_escaped(out, text, true);
    out.push_back('"');
  }
  if (separator == ',') out.push_back('}');
  out.push_back(' ');
  append_number(out, value);
  out.push_back('\n');
}

void Page::counter(const Family& family, const Labels& labels, double value) { add(family, FamilyType::counter, labels, value); }
void Page::gauge(const Family& family, const Labels& labels, double value) { add(family, FamilyType::gauge, labels, value); }
void Page::untyped(const Family& family, const Labels& labels, double value) { add(family, FamilyType::untyped, labels, value); }

void Page::add(const Family& family, FamilyType type, const Labels& labels, double value) {
  append_line(lines_of(family, type, labels), Line{family.name, "", labels, value});
}

void Page::histogram(const Family& family, const Labels& labels, const HistogramValue& value) {
  WB_ASSERT(value.counts.size() == value.bounds.size() + 1, "there is one bucket above the last bound");
  WB_ASSERT(std::is_sorted(value.bounds.begin(), value.bounds.end()), "bounds ascend");
  std::string& lines = lines_of(family, FamilyType::histogram, labels);
  std::uint64_t count = 0;
  std::vector<Labels::Pair> with_bound = labels.pairs();
  with_bound.emplace_back("le", "");  // the last one
  const std::string bucket = std::string(family.name) + "_bucket";
  for (std::size_t i = 0; i < value.counts.size(); ++i) {
    count += value.counts[i];
    std::string& bound = with_bound.back().second;
    bound.clear();
    if (i < value.bounds.size()) append_number(bound, value.bounds[i]);
    else bound = "+Inf";
    append_sample(lines, bucket, with_bound, static_cast<double>(count));
  }
  append_line(lines, Line{family.name, "_sum", labels, value.sum});
  append_line(lines, Line{family.name, "_count", labels, static_cast<double>(count)});
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
  if (at == families_.end()) at = families_.emplace(family.name, Contents{type, std::string(family.help), {}, {}}).first;
  WB_ASSERT(at->second.type == type, "one name has one type");
  const auto [line, is_new] = at->second.lines.try_emplace(labels);
  WB_ASSERT(is_new, "no series is added twice");
  return line->second;
}

void Page::add_lines(const Family& family, FamilyType type, const std::string& key, std::string lines) {
  WB_ASSERT(is_metric_name(family.name), "names were checked when they came");
  if (lines.empty()) return;
  auto at = families_.find(family.name);
  if (at == families_.end())
    at = families_.emplace(family.name, Contents{type, std::string(family.help), {}, {}}).first;
  if (at->second.type != type) return;
  if (at->second.help.empty()) at->second.help = family.help;
  at->second.more_lines.try_emplace(key, std::move(lines));
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
    for (const auto& [key, lines] : contents.more_lines) out.append(lines);
  }
  return out;
}

}  // namespace watchbill::metrics::exposition
