// depends: wb_metrics_relabel wb_base wb_model
// Any text as relabelling rules and labels: KEY=VALUE lines, a rule ends at an empty line, labels follow `labels:`. Whatever a
// rule says, a checked one can be applied, labels stay a set, and applying it is deterministic.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "metrics/relabel/rules.h"

namespace {

using namespace watchbill;

void read_member(std::string_view line, RelabelConfiguration& rule) {
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return;
  const std::string_view key = line.substr(0, equals);
  const std::string value(line.substr(equals + 1));
  if (key == "a") rule.action = static_cast<RelabelAction>((value.empty() ? 0U : static_cast<unsigned char>(value[0])) % 11U);
  if (key == "l") rule.source_labels.push_back(value);
  if (key == "m") rule.modulus = value.size();
  if (key == "p") rule.replacement = value;
  if (key == "r") rule.regex = value;
  if (key == "s") rule.separator = value;
  if (key == "t") rule.target_label = value;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<RelabelConfiguration> rules(1);
  std::vector<Labels::Pair> pairs;
  bool is_labels = false;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t equals = line.find('=');
    if (line == "labels:") is_labels = true;
    else if (is_labels && equals != std::string_view::npos) pairs.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    else if (line.empty() && rules.size() < 16) rules.emplace_back();
    else read_member(line, rules.back());
  }
  const Labels before(std::move(pairs));
  const auto compiled = metrics::relabel::Rules::compile(rules);
  if (!compiled) {
    WB_ASSERT(!compiled.error().detail.empty(), "a refusal says why");
    return 0;
  }
  Labels first = before;
  Labels second = before;
  WB_ASSERT(compiled->apply(first) == compiled->apply(second) && first == second, "the same rules do the same");
  for (const auto& [name, value] : first) WB_ASSERT(!value.empty() && first.get(name) == value, "labels are a set");
  return 0;
}
