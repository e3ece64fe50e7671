// The parsed form of a template. Internal to the folder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/pattern/pattern.h"
#include "base/result.h"
#include "template/template.h"
#include "template/value.h"

namespace watchbill::text_template {

struct Function;
struct Pipeline;

// From 1; the column counts bytes.
struct Position {
  std::uint32_t line{1};
  std::uint32_t column{1};
};

// One word of a command, with the fields that follow it: .a.b, $x.a, "text", (… | …).a, now
struct Operand {
  enum class Kind : std::uint8_t { dot, variable, literal, nil, function, pipeline };
  Kind kind{Kind::dot};
  Position at;
  std::vector<std::string> fields;
  std::uint32_t slot{0};  // of a variable
  Value literal;
  const Function* function{nullptr};
  std::unique_ptr<Pipeline> pipeline;  // in parentheses
};

// What messages call an operand: ".Labels.job", "$x", "(…)".
[[nodiscard]] std::string operand_text(const Operand& operand);

struct Command {
  std::vector<Operand> words;              // a function, method or value, then arguments
  std::shared_ptr<const Pattern> pattern;  // the first argument, where it is the literal pattern of match or reReplaceAll
};

struct Pipeline {
  Position at;
  std::vector<Command> commands;
  std::vector<std::uint32_t> targets;  // slots that are declared or assigned
  bool is_assignment{false};
};

struct Node;
using Block = std::vector<Node>;

struct Action {
  Pipeline pipeline;
};
struct Branch {
  Pipeline pipeline;
  Block body;
};
// if and with; `else if` and `else with` are further branches.
struct Choice {
  bool sets_dot{false};
  std::vector<Branch> branches;
  Block otherwise;
};
struct Range {
  Pipeline pipeline;
  Block body;
  Block otherwise;
};
struct Call {
  std::string name;
  std::optional<Pipeline> pipeline;
};
struct Break {};
struct Continue {};

struct Node {
  Position at;
  std::variant<std::string, Action, Choice, Range, Call, Break, Continue> what;
};

struct Slot {
  std::string name;           // "$x"
  bool is_reassigned{false};  // by `=` anywhere: the analysis then knows nothing about it
};

// `$` is slot 0; in Place::rule the main template's next four are $labels, $externalLabels, $externalURL, $value.
struct Definition {
  std::string name;
  std::string source_name;
  Block body;
  std::vector<Slot> slots;  // one for each declaration, never shared
  bool has_rule_variables{false};
};

struct RuleVariable {
  std::string_view name;
  std::string_view field;
};
inline constexpr RuleVariable rule_variables[] = {
    {"$labels", "Labels"}, {"$externalLabels", "ExternalLabels"}, {"$externalURL", "ExternalURL"}, {"$value", "Value"}};

struct Program {
  std::string name;
  Place place{Place::plan};
  std::map<std::string, std::shared_ptr<const Definition>, std::less<>> definitions;
  std::shared_ptr<const Definition> main;
};

// The Error of a place in a source.
[[nodiscard]] Error error_at(std::string_view tried, std::string_view source_name, Position at, std::string detail,
                             ErrorKind kind = ErrorKind::invalid);

// " Did you mean NAME?" or "".
[[nodiscard]] std::string suggestion(std::string_view wanted, const std::vector<std::string_view>& names);

}  // namespace watchbill::text_template
