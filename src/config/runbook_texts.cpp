// The texts of a runbook: one walk over its tree, so that no argument of no action is forgotten.
#include <set>

#include <fmt/core.h>

#include "config/expressions.h"
#include "config/runbooks.h"
#include "config/secrets.h"

namespace watchbill::config {
namespace {

using text_template::Shape;

constexpr std::string_view capture_prefix = ".Captured.";

class Texts {
 public:
  explicit Texts(const ConfiguredRunbook& runbook) {
    for (const auto& [name, parameter] : runbook.parameters) parameters_.emplace_back(name, Shape::leaf());
  }

  void add_capture(const std::string& step) { captures_.insert(step); }

  // Recursion is bounded by the depth of trees.
  void check(const Cursor& at) const {
    const Node& node = at.node();
    if (node.kind == NodeKind::scalar) return check_text(at);
    if (node.kind == NodeKind::sequence) {
      for (std::size_t i = 0; i < node.children.size(); ++i) check(at.element(i));
      return;
    }
    for (std::size_t i = 0; i < node.children.size(); i += 2)
      check(at.member(at.at(node.children[i]).text, node.children[i + 1]));
  }

 private:
  void check_text(const Cursor& at) const {
    check_secret(at);
    if (at.node().text.find("{{") == std::string::npos) return;
    const Shape names = Shape::record({{"Captured", Shape::keys(Shape())},
                                       {"Dir", Shape::leaf()},
                                       {"Env", Shape::leaf()},
                                       {"Host", Shape::leaf()},
                                       {"Hosts", Shape::list(Shape::leaf())},
                                       {"Params", Shape::record(parameters_)}});
    const std::optional<text_template::Template> parsed = check_template(at, text_template::Place::plan, names);
    if (!parsed) return;
    const text_template::Analysis analysis = text_template::analyse(*parsed, names);
    for (const text_template::Read& read : analysis.reads) check_capture(at, read);
    if (at.name() == "shell" && text_template::reads(analysis, ".Params"))
      at.complain("parameter_in_shell", "a shell text may not read a parameter: use exec, where it stays one argument");
  }

  void check_capture(const Cursor& at, const text_template::Read& read) const {
    if (!read.path.starts_with(capture_prefix)) return;
    const std::string rest = read.path.substr(capture_prefix.size());
    const std::string name = rest.substr(0, rest.find('.'));
    if (name == "*" || captures_.count(name) != 0) return;
    at.complain("unknown_capture", fmt::format("no earlier read step of this runbook is named {}", name));
  }

  Shape::Names parameters_;
  std::set<std::string> captures_;
};

}  // namespace

void check_runbook_texts(const Cursor& at, const ConfiguredRunbook& runbook) {
  Texts texts(runbook);
  const Tree& tree = at.file().tree;
  if (const NodeIndex target = tree.find(at.index(), "target"); target != no_node) texts.check(at.member("target", target));
  const NodeIndex steps = tree.find(at.index(), "steps");
  if (steps == no_node || tree.at(steps).kind != NodeKind::sequence) return;
  const Cursor list = at.member("steps", steps);
  for (std::size_t i = 0; i < list.node().children.size(); ++i) {
    texts.check(list.element(i));
    if (i < runbook.steps.size() && runbook.steps[i].verb == StepVerb::read) texts.add_capture(runbook.steps[i].name);
  }
}

}  // namespace watchbill::config
