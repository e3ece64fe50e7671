#include "template/analysis.h"

#include <set>
#include <tuple>

#include <fmt/format.h>

#include "template/functions.h"
#include "template/go_time.h"
#include "template/syntax.h"

namespace watchbill::text_template {
namespace {

constexpr std::size_t parts_max = 10'000;
constexpr std::size_t call_depth_max = 32;
constexpr std::size_t depth_max = 200;  // blocks and calls within each other: the analysis recurses so deep
constexpr std::size_t path_bytes_max = 1024;

// What is known of a value: its shape, and where in the data it lies ("" when nowhere).
struct Known {
  Shape shape;
  std::string path;
};

// What becomes of an operand: a bare dot or variable that is passed on is not read by that; what `index` walks through is read
// where it arrives.
enum class Use : std::uint8_t { reads, passes_on, walks_on };

class Analyser {
 public:
  explicit Analyser(const Program& program) : program_(program) {}

  Analysis run(const Shape& data) {
    definition(*program_.main, Known{data, "."});
    return std::move(out_);
  }

 private:
  struct Frame {
    const Definition* definition;
    std::vector<Known> slots;
  };

  void definition(const Definition& what, const Known& dot) {
    Frame frame{&what, std::vector<Known>(what.slots.size())};
    frame.slots[0] = dot;
    if (what.has_rule_variables) {
      std::size_t slot = 0;
      for (const RuleVariable& variable : rule_variables) {
        const Shape* found = dot.shape.find(variable.field);
        frame.slots[++slot] = Known{found == nullptr ? Shape() : *found, below(dot.path, variable.field)};
      }
    }
    Frame* const caller = frame_;
    frame_ = &frame;
    block(what.body, dot);
    frame_ = caller;
  }

  void block(const Block& body, const Known& dot) {
    if (depth_ >= depth_max) return;  // only templates that call themselves come here
    ++depth_;
    for (const Node& node : body) std::visit([&](const auto& what) { walk(what, node.at, dot); }, node.what);
    --depth_;
  }

  void walk(const std::string&, Position, const Known&) {}
  void walk(const Break&, Position, const Known&) {}
  void walk(const Continue&, Position, const Known&) {}
  void walk(const Action& action, Position, const Known& dot) {
    pipeline(action.pipeline, dot, action.pipeline.targets.empty() ? Use::reads : Use::passes_on);
  }

  void walk(const Choice& choice, Position, const Known& dot) {
    for (const Branch& branch : choice.branches) {
      const Known value = pipeline(branch.pipeline, dot, Use::passes_on);
      block(branch.body, choice.sets_dot ? value : dot);
    }
    block(choice.otherwise, dot);
  }

  void walk(const Range& range, Position, const Known& dot) {
    const Known over = pipeline(range.pipeline, dot, Use::reads);
    const Shape* element = over.shape.element();
    const Known value{element == nullptr ? Shape() : *element, below(over.path, "*")};
    const std::vector<std::uint32_t>& targets = range.pipeline.targets;
    if (targets.size() > 1) assign(targets.front(), Known{Shape::leaf(), ""});
    if (!targets.empty()) assign(targets.back(), value);
    block(range.body, value);
    block(range.otherwise, dot);
  }

  void walk(const Call& call, Position at, const Known& dot) {
    if (!count(at)) return;
    const Known value = call.pipeline ? pipeline(*call.pipeline, dot, Use::passes_on) : Known{};
    const auto found = program_.definitions.find(call.name);
    if (found == program_.definitions.end()) {
      std::vector<std::string_view> names;
      for (const auto& [name, definition] : program_.definitions) names.emplace_back(name);
      return find(at, fmt::format("there is no template {}; define it or load the file that does.{}", go_quoted(call.name),
                                  suggestion(call.name, names)));
    }
    // A template that calls itself is looked at once for each place in the data.
    if (calls_.size() >= call_depth_max || !calls_.emplace(found->second.get(), value.path).second) return;
    definition(*found->second, value);
    calls_.erase({found->second.get(), value.path});
  }

  Known pipeline(const Pipeline& what, const Known& dot, Use use) {
    Known value;
    bool is_first = true;
    for (const Command& next : what.commands) {
      const bool is_last = &next == &what.commands.back();
      value = command(next, dot, is_first ? nullptr : &value, is_last && is_first ? use : Use::reads);
      is_first = false;
    }
    for (const std::uint32_t slot : what.targets) assign(slot, value);
    return value;
  }

  void assign(std::uint32_t slot, const Known& value) {
    const bool is_reassigned = frame_->definition->slots[slot].is_reassigned;
    frame_->slots[slot] = is_reassigned ? Known{} : value;
    // Its later uses cannot be followed, so all of it counts as read here.
    if (is_reassigned && !value.path.empty()) read(value.path, here_);
  }

  Known command(const Command& what, const Known& dot, const Known* piped, Use use) {
    const Operand& head = what.words.front();
    if (!count(head.at)) return {};
    const bool is_function = head.kind == Operand::Kind::function && head.fields.empty();
    std::vector<Known> arguments;
    const bool is_index = is_function && head.function->name == "index";
    for (std::size_t index = 1; index < what.words.size(); ++index)
      arguments.push_back(operand(what.words[index], dot, is_index && index == 1 ? Use::walks_on : Use::reads));
    if (!is_function) return operand(head, dot, use);
    if (is_index && piped == nullptr) return indexed(what, arguments);
    if (head.function->special == Special::call_template) return called(what, arguments);
    if (head.function->name == "sortByLabel") return piped != nullptr ? *piped : arguments.back();
    switch (head.function->gives) {
      case Gives::leaf: return {Shape::leaf(), ""};
      case Gives::samples: return {Shape::list(sample_shape()), ""};
      case Gives::sample: return {sample_shape(), ""};
      case Gives::anything: break;
    }
    return {};
  }

  // index X "key": the same as X.key, and the only way to keys that are no Go names.
  Known indexed(const Command& what, const std::vector<Known>& arguments) {
    Known at = arguments[0];
    for (std::size_t index = 1; index < arguments.size(); ++index) {
      const Operand& word = what.words[index + 1];
      const std::string* key = word.kind == Operand::Kind::literal ? word.literal.as_text() : nullptr;
      if (key != nullptr && at.shape.kind() != Shape::Kind::list) {
        at = field(at, *key, word.at);
      } else {
        const Shape* element = at.shape.element();
        at = Known{element == nullptr ? Shape() : *element, below(at.path, "*")};
      }
    }
    read(at.path, what.words.front().at);
    return at;
  }

  Known called(const Command& what, const std::vector<Known>& arguments) {
    const std::string* name = what.words.size() > 2 ? what.words[1].literal.as_text() : nullptr;
    if (name != nullptr && what.words[1].kind == Operand::Kind::literal && arguments.size() > 1 &&
        program_.definitions.count(*name) == 0)
      find(what.words.front().at, fmt::format("there is no template {}", go_quoted(*name)));
    return {Shape::leaf(), ""};
  }

  Known operand(const Operand& what, const Known& dot, Use use) {
    here_ = what.at;
    if (!count(what.at)) return {};
    Known at;
    switch (what.kind) {
      case Operand::Kind::dot: at = dot; break;
      case Operand::Kind::variable: at = frame_->slots[what.slot]; break;
      case Operand::Kind::literal:
      case Operand::Kind::nil: return {Shape::leaf(), ""};
      case Operand::Kind::function: break;
      case Operand::Kind::pipeline: at = pipeline(*what.pipeline, dot, what.fields.empty() ? use : Use::passes_on); break;
    }
    for (const std::string& name : what.fields) at = field(at, name, what.at);
    const bool is_path = what.kind == Operand::Kind::dot || what.kind == Operand::Kind::variable || !what.fields.empty();
    const bool is_bare = what.fields.empty() && use == Use::passes_on;
    if (is_path && !is_bare && use != Use::walks_on) read(at.path, what.at);
    return at;
  }

  Known field(const Known& value, const std::string& name, Position at) {
    const Shape* found = value.shape.find(name);
    if (found != nullptr) return {*found, below(value.path, name)};
    switch (value.shape.kind()) {
      case Shape::Kind::anything: break;
      case Shape::Kind::keys: return {*value.shape.element(), below(value.path, name)};
      case Shape::Kind::record:
      case Shape::Kind::list:
        find(at, fmt::format("there is no {}{} here.{}", value.path == "." || value.path.empty() ? "." : value.path + ".", name,
                             suggestion(name, value.shape.names())));
        break;
      case Shape::Kind::leaf:
        find(at, fmt::format("{} is text or a number and has no .{}", value.path.empty() ? "this value" : value.path, name));
        break;
    }
    return {Shape(), below(value.path, name)};
  }

  static std::string below(const std::string& path, std::string_view name) {
    if (path.empty() || path.size() > path_bytes_max) return path;
    return (path == "." ? path : path + ".") + std::string(name);
  }

  static Shape sample_shape() { return Shape::record({{"Labels", Shape::keys(Shape::leaf())}, {"Value", Shape::leaf()}}); }

  void read(const std::string& path, Position at) {
    if (path.empty()) return;
    if (known_reads_.emplace(path, at.line, at.column).second) out_.reads.push_back(Read{path, at.line, at.column});
  }

  void find(Position at, std::string what) {
    if (!known_findings_.emplace(frame_->definition, at.line, at.column).second) return;
    out_.findings.push_back(
        Finding{at.line, at.column, error_at("check template", frame_->definition->source_name, at, std::move(what))});
  }

  bool count(Position at) {
    if (part_count_ > parts_max) return false;
    if (++part_count_ <= parts_max) return true;
    find(at, fmt::format("the template and those that it calls have more than {} parts; call fewer", parts_max));
    return false;
  }

  const Program& program_;
  Analysis out_;
  Frame* frame_{nullptr};
  Position here_;
  std::set<std::pair<const Definition*, std::string>> calls_;  // that are open
  std::set<std::tuple<std::string, std::uint32_t, std::uint32_t>> known_reads_;
  std::set<std::tuple<const Definition*, std::uint32_t, std::uint32_t>> known_findings_;
  std::size_t part_count_{0};
  std::size_t depth_{0};
};

// Times answer methods that no shape lists.
bool is_time_method(std::string_view name) {
  for (const Members* members : {&time_members(), &duration_members()})
    for (const Member& method : members->methods)
      if (method.name == name) return true;
  return false;
}

}  // namespace

Shape Shape::record(Names names) {
  Shape out(Kind::record);
  out.names_ = std::make_shared<const Names>(std::move(names));
  return out;
}

Shape Shape::keys(Shape element) {
  Shape out(Kind::keys);
  out.element_ = std::make_shared<const Shape>(std::move(element));
  return out;
}

Shape Shape::list(Shape element) {
  Shape out(Kind::list);
  out.element_ = std::make_shared<const Shape>(std::move(element));
  return out;
}

Shape Shape::with_methods(Names methods) const {
  Shape out = *this;
  out.names_ = std::make_shared<const Names>(std::move(methods));
  return out;
}

const Shape* Shape::find(std::string_view name) const noexcept {
  static const Shape anything;
  if (kind_ == Kind::anything) return &anything;
  if (names_ != nullptr)
    for (const auto& [known, shape] : *names_)
      if (known == name) return &shape;
  if (kind_ == Kind::keys) return element_.get();
  return kind_ == Kind::leaf && is_time_method(name) ? &anything : nullptr;
}

std::vector<std::string_view> Shape::names() const {
  std::vector<std::string_view> out;
  if (names_ != nullptr)
    for (const auto& [name, shape] : *names_) out.emplace_back(name);
  return out;
}

Analysis analyse(const Template& text, const Shape& data) { return Analyser(text.program()).run(data); }

Status check(const Template& text, const Shape& data) {
  Analysis analysis = analyse(text, data);
  if (analysis.findings.empty()) return {};
  return std::move(analysis.findings.front().error);
}

bool reads(const Analysis& analysis, std::string_view path) {
  const auto lies_below = [](std::string_view inner, std::string_view outer) {
    return outer == "." || (inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '.'));
  };
  for (const Read& read : analysis.reads)
    if (lies_below(read.path, path) || lies_below(path, read.path)) return true;
  return false;
}

}  // namespace watchbill::text_template
