#include "config/finding.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"

namespace watchbill::config {

std::string_view word(Severity severity) noexcept {
  switch (severity) {
    case Severity::error:
    case Severity::mistake: return "error";
    case Severity::warning: return "warning";
  }
  return "error";
}

std::string Finding::line() const {
  return fmt::format("{}:{}:{}: {}: {}{}{} [{}]", place.file, place.at.line, place.at.column, word(severity), path,
                     path.empty() ? "" : ": ", text, code);
}

std::string Finding::json() const {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("code").string(code).key("column").integer(place.at.column);
  writer.key("file").string(place.file).key("line").integer(place.at.line).key("path").string(path);
  writer.key("severity").string(word(severity)).key("text").string(text).end_object();
  return out;
}

void Report::add(Finding finding) {
  if (finding.severity == Severity::error) ++error_count_;
  if (!is_full()) return findings_.push_back(std::move(finding));
  ++dropped_count_;
  if (finding.severity == Severity::warning) return;
  const auto warning = std::find_if(findings_.begin(), findings_.end(),
                                    [](const Finding& each) { return each.severity == Severity::warning; });
  if (warning != findings_.end()) *warning = std::move(finding);
}

std::vector<Finding> Report::take() {
  const auto order = [](const Finding& finding) { return std::tie(finding.place, finding.code, finding.path, finding.text); };
  std::sort(findings_.begin(), findings_.end(), [&](const Finding& a, const Finding& b) { return order(a) < order(b); });
  // An alias is read once for each use; its problems are one problem.
  const auto same = [](const Finding& a, const Finding& b) { return a.place == b.place && a.code == b.code && a.text == b.text; };
  findings_.erase(std::unique(findings_.begin(), findings_.end(), same), findings_.end());
  return std::exchange(findings_, {});
}

}  // namespace watchbill::config
