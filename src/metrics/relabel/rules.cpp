// MD5 is what the rule hashmod is defined by; nothing rests on its strength.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "metrics/relabel/rules.h"

#include <openssl/md5.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "template/runes.h"

namespace watchbill::metrics::relabel {
namespace {

using text_template::append_rune;
using text_template::first_rune;

constexpr std::string_view default_regex = "(.*)";
constexpr std::string_view default_replacement = "$1";
constexpr std::string_view default_separator = ";";
constexpr std::size_t regex_bytes_max = 16U << 10;  // alternations of every host of a site
constexpr std::int64_t program_bytes_max = 8 << 20;

std::string_view word(RelabelAction action) { return Words<RelabelAction>::table[static_cast<std::size_t>(action)]; }

bool is_any_of(RelabelAction action, std::initializer_list<RelabelAction> actions) {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A label name in which $NAME and ${NAME} may stand for parts of it; no digit first.
bool is_label_template(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      if (!is_word(text[i]) || (i == 0 && text[i] >= '0' && text[i] <= '9')) return false;
      ++i;
      continue;
    }
    const bool is_braced = text.substr(i + 1).starts_with('{');
    const std::size_t begin = i + (is_braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == begin || (is_braced && (end == text.size() || text[end] != '}'))) return false;
    i = end + (is_braced ? 1 : 0);
  }
  return !text.empty();
}

std::string with_case(std::string_view text, char32_t (*change)(char32_t)) {
  std::string out;
  while (!text.empty()) {
    const auto rune = first_rune(text);
    append_rune(out, change(rune.value));
    text.remove_prefix(rune.bytes);
  }
  return out;
}

// The last eight bytes, the greatest first.
std::uint64_t hash_of(std::string_view text) {
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest{};
  MD5(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i < digest.size(); ++i) hash = hash << 8U | digest[i];
  return hash;
}

std::optional<RuleProblem> check_target(const RelabelConfiguration& rule) {
  using A = RelabelAction;
  const bool needs_target =
      is_any_of(rule.action, {A::replace, A::hashmod, A::lowercase, A::uppercase, A::keepequal, A::dropequal});
  if (!needs_target) return std::nullopt;
  const std::string action(word(rule.action));
  if (rule.target_label.empty()) return RuleProblem{"", "the action " + action + " needs the key target_label"};
  if (rule.action == A::replace ? is_label_template(rule.target_label) : is_label_name(rule.target_label)) return std::nullopt;
  return RuleProblem{"target_label", quoted(rule.target_label) + " is no label name" +
                                         (rule.action == A::replace ? ", not even with $1 or ${NAME} in it" : "")};
}

std::optional<RuleProblem> check(const RelabelConfiguration& rule) {
  using A = RelabelAction;
  const std::string action(word(rule.action));
  if (rule.action == A::hashmod && rule.modulus == 0)
    return RuleProblem{"", "the action hashmod needs the key modulus, of at least 1"};
  if (auto problem = check_target(rule)) return problem;
  const bool has_replacement = rule.replacement && *rule.replacement != default_replacement;
  if (is_any_of(rule.action, {A::lowercase, A::uppercase, A::keepequal, A::dropequal}) && has_replacement)
    return RuleProblem{"replacement", "the action " + action + " has no replacement"};
  if (rule.action == A::labelmap && !is_label_template(rule.replacement.value_or(std::string(default_replacement))))
    return RuleProblem{"replacement", quoted(*rule.replacement) + " is no label name, not even with $1 or ${NAME} in it"};
  const bool has_separator = rule.separator && *rule.separator != default_separator;
  if (is_any_of(rule.action, {A::keepequal, A::dropequal}) &&
      ((rule.regex && *rule.regex != default_regex) || rule.modulus != 0 || has_separator))
    return RuleProblem{"", "the action " + action + " takes only source_labels and target_label"};
  if (is_any_of(rule.action, {A::labeldrop, A::labelkeep}) &&
      (!rule.source_labels.empty() || !rule.target_label.empty() || rule.modulus != 0 || has_separator || has_replacement))
    return RuleProblem{"", "the action " + action + " takes only regex"};
  return std::nullopt;
}

}  // namespace

Rule::Rule(const RelabelConfiguration& written, Pattern pattern)
    : action_(written.action),
      modulus_(written.modulus),
      source_labels_(written.source_labels),
      separator_(written.separator.value_or(std::string(default_separator))),
      replacement_(written.replacement.value_or(std::string(default_replacement))),
      target_label_(written.target_label),
      pattern_(std::move(pattern)) {}

Result<Rule, RuleProblem> Rule::compile(const RelabelConfiguration& written) {
  if (auto problem = check(written)) return *problem;
  const std::string regex = written.regex.value_or(std::string(default_regex));
  if (regex.size() > regex_bytes_max)
    return RuleProblem{"regex", "the pattern has " + std::to_string(regex.size()) + " bytes; at most " +
                                    std::to_string(regex_bytes_max) + " are read"};
  Result<Pattern> pattern = Pattern::compile(regex, {program_bytes_max, false, true});
  if (!pattern) return RuleProblem{"regex", quoted(regex) + " is no pattern: " + pattern.error().detail};
  return Rule(written, std::move(*pattern));
}

std::string Rule::source_of(const Labels& labels) const {
  std::string source;
  for (std::size_t i = 0; i < source_labels_.size(); ++i) {
    if (i > 0) source += separator_;
    source += labels.get(source_labels_[i]);
  }
  return source;
}

bool Rule::apply(Labels& labels) const {
  const std::string source = source_of(labels);
  switch (action_) {
    case RelabelAction::replace: replace(labels, source); return true;
    case RelabelAction::keep: return pattern_.matches_whole(source);
    case RelabelAction::drop: return !pattern_.matches_whole(source);
    case RelabelAction::hashmod: labels.set(target_label_, std::to_string(hash_of(source) % modulus_)); return true;
    case RelabelAction::labelmap: map_names(labels); return true;
    case RelabelAction::labeldrop: keep_names(labels, false); return true;
    case RelabelAction::labelkeep: keep_names(labels, true); return true;
    case RelabelAction::lowercase: labels.set(target_label_, with_case(source, text_template::lower)); return true;
    case RelabelAction::uppercase: labels.set(target_label_, with_case(source, text_template::upper)); return true;
    case RelabelAction::keepequal: return labels.get(target_label_) == source;
    case RelabelAction::dropequal: return labels.get(target_label_) != source;
  }
  return true;
}

// Where the target is no label name, or the replacement is empty, the label that is literally named as the target goes: only a
// target without $ names one.
void Rule::replace(Labels& labels, std::string_view source) const {
  Pattern::Groups groups;
  if (!pattern_.match_whole(source, groups)) return;
  std::string target;
  std::string value;
  pattern_.expand(target_label_, groups, [&target](std::string_view piece) { target += piece; });
  pattern_.expand(replacement_, groups, [&value](std::string_view piece) { value += piece; });
  if (value.empty() || !is_label_name(target)) labels.remove(target_label_);
  else labels.set(target, value);
}

// Copies values to the names that the replacement makes of theirs. All names are those from before the rule.
void Rule::map_names(Labels& labels) const {
  Pattern::Groups groups;
  const Labels before = labels;
  for (const auto& [name, value] : before) {
    if (!pattern_.match_whole(name, groups)) continue;
    std::string target;
    pattern_.expand(replacement_, groups, [&target](std::string_view piece) { target += piece; });
    labels.set(target, value);
  }
}

void Rule::keep_names(Labels& labels, bool kept_where_matching) const {
  std::vector<Labels::Pair> kept;
  for (const auto& [name, value] : labels)
    if (pattern_.matches_whole(name) == kept_where_matching) kept.emplace_back(name, value);
  if (kept.size() != labels.size()) labels = Labels(std::move(kept));
}

Result<Rules> Rules::compile(std::span<const RelabelConfiguration> written) {
  Rules out;
  for (std::size_t i = 0; i < written.size(); ++i) {
    Result<Rule, RuleProblem> rule = Rule::compile(written[i]);
    if (!rule) return Error{ErrorKind::invalid, "compile the relabelling rule", std::to_string(i), rule.error().text};
    out.rules_.push_back(std::move(*rule));
  }
  return out;
}

bool Rules::apply(Labels& labels) const {
  return std::all_of(rules_.begin(), rules_.end(), [&labels](const Rule& rule) { return rule.apply(labels); });
}

}  // namespace watchbill::metrics::relabel
