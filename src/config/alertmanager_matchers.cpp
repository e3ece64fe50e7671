#include "config/alertmanager_matchers.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "config/values.h"
#include "model/labels.h"
#include "model/matcher/matcher.h"

namespace watchbill::config {
namespace {

// NAME: VALUE, the older spelling of `=` and `=~`.
void read_matcher_map(const Cursor& at, MatcherKind kind, WrittenMatchers& out) {
  out.is_whole = out.is_whole && at.node().kind == NodeKind::mapping;
  if (!is_object(at, "label names and their values")) return;
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    const Cursor value = at.member(name, children[i + 1]);
    LabelMatcher matcher{kind, name, ""};
    // As there, a value that is not there is the empty one; of a pattern it is none.
    if (kind != MatcherKind::equal || !is_null(value.node())) read(value, matcher.value);
    const bool is_named = is_label_name(name);
    const std::optional<MatcherError> fault = find_fault(matcher);
    out.is_whole = out.is_whole && is_named && !fault && value.node().kind == NodeKind::scalar;
    if (!is_named)
      at.complain_at_key(children[i], "bad_matcher",
                         fmt::format("\"{}\" is no label name: expected letters, digits and _, no digit first; other names stand "
                                     "in quotes in `matchers`",
                                     name));
    if (fault) value.complain("bad_matcher", fault->text);
    // Alertmanager keeps it so, and group keys name the route by it.
    if (kind == MatcherKind::regex) matcher.value = "^(?:" + matcher.value + ")$";
    out.all.push_back(std::move(matcher));
  }
}

}  // namespace

// Each text may hold several. An empty text is none, as there.
void read_matcher_texts(const Cursor& at, WrittenMatchers& out) {
  out.is_whole = out.is_whole && at.node().kind == NodeKind::sequence;
  if (!is_list(at, "matchers such as [severity=\"page\", team=~\"web|db\"]")) return;
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    if (is_null(element.node())) continue;
    std::string text;
    read(element, text);
    Result<std::vector<LabelMatcher>, MatcherError> matchers = read_matchers(text);
    out.is_whole = out.is_whole && matchers && element.node().kind == NodeKind::scalar;
    if (!matchers)
      element.complain_in(matchers.error().offset, "bad_matcher", matchers.error().text);
    else
      std::move(matchers->begin(), matchers->end(), std::back_inserter(out.all));
  }
}

void read_match(const Cursor& at, WrittenMatchers& out) { read_matcher_map(at, MatcherKind::equal, out); }
void read_match_re(const Cursor& at, WrittenMatchers& out) { read_matcher_map(at, MatcherKind::regex, out); }

}  // namespace watchbill::config
