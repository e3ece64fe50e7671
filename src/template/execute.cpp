// Runs a parsed template over data. Recursion is bounded by RenderLimits::depth_max, work by steps_max.
#include <array>

#include <fmt/format.h>

#include "template/functions.h"
#include "template/html.h"
#include "template/syntax.h"

namespace watchbill::text_template {
namespace {

constexpr std::size_t bytes_per_step = 64;
constexpr std::uint64_t pattern_steps = 1000;  // to compile one that is not written out takes about so long

// What leaves a block early.
enum class Flow : std::uint8_t { normal, leaves_range, next_element };

enum class LateValues : std::uint8_t { allowed, refused };

class Executor {
 public:
  Executor(const Program& program, const Value& data, const RenderOptions& options, LateValues late_values)
      : program_(program),
        data_(data),
        options_(options),
        environment_(options.environment == nullptr ? nothing() : *options.environment),
        late_values_(late_values),
        text_(options.limits.bytes_max) {}

  Result<std::vector<Part>> run() {
    if (!definition(*program_.main, data_)) return std::move(error_);
    flush();
    return std::move(parts_);
  }

 private:
  static const Environment& nothing() {
    static const Environment empty;
    return empty;
  }

  struct Frame {
    const Definition* definition;
    std::vector<Value> slots;
  };

  // --- blocks

  bool definition(const Definition& what, const Value& dot) {
    steps_ += what.slots.size();
    Frame frame{&what, std::vector<Value>(what.slots.size())};
    frame.slots[0] = dot;
    if (what.has_rule_variables) {
      const MapData* map = dot.as_map();
      std::size_t slot = 0;
      for (const RuleVariable& variable : rule_variables)
        if (const Value* found = map == nullptr ? nullptr : map->find(variable.field); ++slot != 0 && found != nullptr)
          frame.slots[slot] = *found;
    }
    Frame* const caller = frame_;
    frame_ = &frame;
    const bool done = block(what.body, dot);
    frame_ = caller;
    return done;
  }

  bool block(const Block& body, const Value& dot) {
    if (depth_ >= options_.limits.depth_max) {
      const Position at = body.empty() ? Position{} : body.front().at;
      return exhausted(at, fmt::format("blocks and template calls are nested deeper than {}; does a template call itself?",
                                       options_.limits.depth_max));
    }
    ++depth_;
    bool done = true;
    for (const Node& node : body) {
      done = step(node.at) && std::visit([&](const auto& what) { return walk(what, node.at, dot); }, node.what);
      if (!done || flow_ != Flow::normal) break;
    }
    --depth_;
    return done;
  }

  bool walk(const std::string& text, Position at, const Value&) { return write(text, at); }
  bool walk(const Break&, Position, const Value&) {
    flow_ = Flow::leaves_range;
    return true;
  }
  bool walk(const Continue&, Position, const Value&) {
    flow_ = Flow::next_element;
    return true;
  }

  bool walk(const Action& action, Position, const Value& dot) {
    const Pipeline& what = action.pipeline;
    if (what.targets.empty() && what.commands.size() == 1 && what.commands[0].words.size() == 1) {
      // The usual action prints a field: no copy is made of it.
      const Operand& word = what.commands[0].words[0];
      if (const Value* found = locate(word, dot)) return print(*found, word.at);
    }
    Value value;
    if (!pipeline(what, dot, value)) return false;
    return !what.targets.empty() || print(value, what.at);
  }

  bool walk(const Choice& choice, Position, const Value& dot) {
    for (const Branch& branch : choice.branches) {
      Value value;
      bool holds = false;
      if (!pipeline(branch.pipeline, dot, value) || !truth(value, branch.pipeline.at, holds)) return false;
      if (holds) return block(branch.body, choice.sets_dot ? value : dot);
    }
    return block(choice.otherwise, dot);
  }

  bool walk(const Range& range, Position, const Value& dot) {
    Value over;
    if (!pipeline(range.pipeline, dot, over)) return false;
    const Position at = range.pipeline.at;
    bool is_empty = true;
    const auto element = [&](const Value& key, const Value& value) {
      is_empty = false;
      if (!step(at)) return false;
      const std::vector<std::uint32_t>& targets = range.pipeline.targets;
      if (!targets.empty()) frame_->slots[targets.back()] = value;
      if (targets.size() > 1) frame_->slots[targets.front()] = key;
      return block(range.body, value);
    };
    // True when the range goes on.
    const auto goes_on = [&](bool done) {
      const bool leaves = flow_ == Flow::leaves_range;
      flow_ = Flow::normal;
      failed_ = failed_ || !done;
      return done && !leaves;
    };
    if (const ListData* list = over.as_list()) {
      std::int64_t index = 0;
      for (const Value& value : list->elements)
        if (!goes_on(element(Value::integer(index++), value))) break;
    } else if (const MapData* map = over.as_map(); map != nullptr && map->kind != MapKind::record) {
      for (const auto& [key, value] : map->entries)
        if (!goes_on(element(Value::text(key), value))) break;
    } else if (const std::int64_t* count = over.as_integer()) {
      if (range.pipeline.targets.size() > 1) return fail(at, "a range over a whole number has one variable");
      for (std::int64_t index = 0; index < *count; ++index)
        if (!goes_on(element(Value::integer(index), Value::integer(index)))) break;
    } else if (!over.is_nil()) {
      return fail(at, over.as_late() != nullptr
                          ? late_complaint(*over.as_late())
                          : fmt::format("range goes over lists, maps and whole numbers, not over {}", over.type_name()));
    }
    if (failed_) return false;
    return !is_empty || block(range.otherwise, dot);
  }

  bool walk(const Call& call, Position at, const Value& dot) {
    const auto found = program_.definitions.find(call.name);
    if (found == program_.definitions.end())
      return fail(at, fmt::format("there is no template {}; define it or load the file that does", go_quoted(call.name)));
    Value value;
    if (call.pipeline && !pipeline(*call.pipeline, dot, value)) return false;
    return definition(*found->second, value);
  }

  // --- pipelines

  bool pipeline(const Pipeline& what, const Value& dot, Value& out) {
    const Value* piped = nullptr;
    Value before;
    for (const Command& next : what.commands) {
      Value value;
      if (!command(next, dot, piped, value)) return false;
      before = std::move(value);
      count_text(before);
      piped = &before;
    }
    for (const std::uint32_t slot : what.targets) frame_->slots[slot] = before;
    out = std::move(before);
    return true;
  }

  bool command(const Command& what, const Value& dot, const Value* piped, Value& out) {
    const Operand& head = what.words.front();
    if (!step(head.at)) return false;
    if (head.kind == Operand::Kind::function && head.fields.empty()) return call_function(what, dot, piped, out);
    if (what.words.size() == 1 && piped == nullptr) return operand(head, dot, out);
    // A method with arguments, or (a mistake) a field with some.
    Value self;
    if (!base(head, dot, self)) return false;
    for (std::size_t index = 0; index + 1 < head.fields.size(); ++index)
      if (!field(self, head.fields[index], {}, false, head.at)) return false;
    std::vector<Value> arguments;
    if (!evaluate_arguments(what, dot, piped, arguments)) return false;
    if (!field(self, head.fields.back(), arguments, true, head.at)) return false;
    out = std::move(self);
    return true;
  }

  bool evaluate_arguments(const Command& what, const Value& dot, const Value* piped, std::vector<Value>& out) {
    out.reserve(what.words.size());
    for (std::size_t index = 1; index < what.words.size(); ++index) {
      Value value;
      if (!operand(what.words[index], dot, value)) return false;
      out.push_back(std::move(value));
    }
    if (piped != nullptr) out.push_back(*piped);
    return true;
  }

  // --- operands

  // Where the value of a plain path of fields already is, or null when it must be computed or is missing.
  const Value* locate(const Operand& what, const Value& dot) const {
    const Value* at = what.kind == Operand::Kind::dot        ? &dot
                      : what.kind == Operand::Kind::variable ? &frame_->slots[what.slot]
                                                             : nullptr;
    for (const std::string& name : what.fields) {
      const MapData* map = at == nullptr ? nullptr : at->as_map();
      if (map == nullptr || map->members != nullptr) return nullptr;
      at = map->find(name);
    }
    return at == nullptr || at->as_function() != nullptr ? nullptr : at;
  }

  bool operand(const Operand& what, const Value& dot, Value& out) {
    if (!step(what.at)) return false;
    if (const Value* found = locate(what, dot)) {
      out = *found;
      count_text(out);
      return true;
    }
    if (!base(what, dot, out)) return false;
    count_text(out);
    for (const std::string& name : what.fields)
      if (!field(out, name, {}, false, what.at)) return false;
    return true;
  }

  // The value before its fields.
  bool base(const Operand& what, const Value& dot, Value& out) {
    switch (what.kind) {
      case Operand::Kind::dot: out = dot; return true;
      case Operand::Kind::variable: out = frame_->slots[what.slot]; return true;
      case Operand::Kind::literal: out = what.literal; return true;
      case Operand::Kind::nil: out = Value(); return true;
      case Operand::Kind::function: {
        return apply(*what.function, {}, nullptr, what.at, out);
      }
      case Operand::Kind::pipeline: {
        if (depth_ >= options_.limits.depth_max) return exhausted(what.at, "blocks and parentheses are nested too deep");
        ++depth_;
        const bool done = pipeline(*what.pipeline, dot, out);
        --depth_;
        return done;
      }
    }
    return false;
  }

  // Replaces `value` by its field or by what its method answers.
  bool field(Value& value, const std::string& name, std::span<const Value> arguments, bool has_arguments, Position at) {
    if (const Late* late = value.as_late()) {
      if (has_arguments) return fail(at, late_complaint(*late));
      value = Value::late(late->name + "." + name);
      return late->name.size() < options_.limits.bytes_max || exhausted(at, "the name of a late value is too long");
    }
    if (const Members* members = value.members())
      for (const Member& method : members->methods)
        if (method.name == name) return call_method(method, value, arguments, at);
    const MapData* map = value.as_map();
    if (map == nullptr && value.is_nil()) {
      if (options_.missing_key == MissingKey::error) return fail(at, fmt::format("there is no value to take .{} of", name));
      return true;
    }
    if (map == nullptr) return fail(at, fmt::format("{} has no field {}", value.type_name(), name));
    const Value* found = map->find(name);
    if (found != nullptr && map->kind == MapKind::record && found->as_function() != nullptr)
      return call_value(Value(*found), name, arguments, at, value);
    if (has_arguments) return fail(at, fmt::format(".{} is no method and takes no arguments", name));
    if (found != nullptr) {
      Value inner = *found;  // `value` owns it
      value = std::move(inner);
      return true;
    }
    return missing(value, *map, name, at);
  }

  bool missing(Value& value, const MapData& map, const std::string& name, Position at) {
    if (map.kind == MapKind::record || options_.missing_key == MissingKey::error) {
      std::vector<std::string_view> names;
      for (const auto& [key, element] : map.entries) names.emplace_back(key);
      if (const Members* members = value.members())
        for (const Member& method : members->methods) names.push_back(method.name);
      return fail(at, fmt::format("there is no {} here.{}", name, suggestion(name, names)));
    }
    value = map.kind == MapKind::text && options_.missing_key == MissingKey::zero ? Value::text("") : Value();
    return true;
  }

  // --- calls

  bool call_method(const Member& method, Value& value, std::span<const Value> arguments, Position at) {
    if (arguments.size() < method.argument_count_min || arguments.size() > method.argument_count_max)
      return fail(at, fmt::format(".{} takes {} argument{}, not {}", method.name, method.argument_count_min,
                                  method.argument_count_min == 1 ? "" : "s", arguments.size()));
    if (!none_late(arguments, at)) return false;
    Value out;
    if (!accept(method.call(value, arguments), method.name, at, out)) return false;
    value = std::move(out);
    return true;
  }

  bool call_value(const Value& function, std::string_view name, std::span<const Value> arguments, Position at, Value& out) {
    const FunctionData* data = function.as_function();
    if (data == nullptr) return fail(at, fmt::format("call takes a function first, not {}", function.type_name()));
    if (arguments.size() != data->argument_count)
      return fail(at, fmt::format("{} takes {} arguments, not {}", name, data->argument_count, arguments.size()));
    return none_late(arguments, at) && accept(data->call(arguments), name, at, out);
  }

  bool call_function(const Command& what, const Value& dot, const Value* piped, Value& out) {
    const Operand& head = what.words.front();
    const Function& function = *head.function;
    if (function.special == Special::logical_and || function.special == Special::logical_or)
      return logical(what, dot, piped, function.special, out);
    const std::size_t count = what.words.size() - 1 + (piped == nullptr ? 0 : 1);
    if (count <= few_arguments) {
      std::array<Value, few_arguments> arguments;
      for (std::size_t index = 1; index < what.words.size(); ++index)
        if (!operand(what.words[index], dot, arguments[index - 1])) return false;
      if (piped != nullptr) arguments[count - 1] = *piped;
      return apply(function, std::span<Value>(arguments.data(), count), what.pattern.get(), head.at, out);
    }
    std::vector<Value> arguments;
    return evaluate_arguments(what, dot, piped, arguments) && apply(function, arguments, what.pattern.get(), head.at, out);
  }

  // and, or: the first argument that decides, or the last; what follows is not evaluated.
  bool logical(const Command& what, const Value& dot, const Value* piped, Special special, Value& out) {
    for (std::size_t index = 1; index < what.words.size(); ++index) {
      bool holds = false;
      if (!operand(what.words[index], dot, out) || !truth(out, what.words[index].at, holds)) return false;
      if (holds == (special == Special::logical_or)) return true;
    }
    if (piped != nullptr) out = *piped;
    return true;
  }

  bool apply(const Function& function, std::span<Value> arguments, const Pattern* pattern, Position at, Value& out) {
    if (function.name == "index" && !arguments.empty() && arguments[0].as_late() != nullptr)
      return index_late(arguments, at, out);
    if (!none_late(arguments, at)) return false;
    if (arguments.size() < function.argument_count_min())
      return fail(at,
                  fmt::format("{} takes {} arguments, not {}", function.name, function.argument_count_min(), arguments.size()));
    for (std::size_t index = 0; index < arguments.size(); ++index)
      if (!check_argument(function, index, arguments[index], at)) return false;
    if (function.special == Special::call_value) return call_value(arguments[0], "the function", arguments.subspan(1), at, out);
    if (function.special == Special::call_template) return call_template(*arguments[0].as_text(), arguments[1], at, out);
    if (pattern == nullptr && (function.name == "match" || function.name == "reReplaceAll")) steps_ += pattern_steps;
    const Invocation invocation{arguments, environment_, data_, pattern, options_.limits.bytes_max};
    return accept(function.call(invocation), function.name, at, out);
  }

  bool check_argument(const Function& function, std::size_t index, Value& argument, Position at) {
    std::string_view wanted;
    switch (function.parameter(index)) {
      case 's': wanted = argument.as_text() == nullptr ? "text" : ""; break;
      case 'n': wanted = number_in(argument).is_number ? "" : "a number"; break;
      case 'r': wanted = argument.as_map() == nullptr ? "a sample" : ""; break;
      case 't': wanted = argument.as_time() == nullptr ? "a time" : ""; break;
      case 'v':
        if (argument.is_nil()) argument = Value::list({});
        wanted = argument.as_list() == nullptr ? "a list" : "";
        break;
      default: break;
    }
    if (wanted.empty()) return true;
    BoundedText shown(100);
    append_value(shown, argument);
    std::string what = argument.is_nil() ? "no value" : argument.type_name();
    if (argument.depth() == 0 && !argument.is_nil() && !shown.is_over())
      what += " " + (argument.as_text() != nullptr ? go_quoted(shown.text()) : shown.text());
    return fail(at, fmt::format("argument {} of {} is {}; it takes {}", index + 1, function.name, what, wanted));
  }

  // index .Captured "restart-web": the way to a late value whose name is no Go identifier.
  bool index_late(std::span<const Value> arguments, Position at, Value& out) {
    std::string name = arguments[0].as_late()->name;
    for (const Value& key : arguments.subspan(1)) {
      const std::string* text = key.as_text();
      if (text == nullptr || text->empty() || text->find('.') != std::string::npos)
        return fail(at, "a late value is named by text without a point");
      name += "." + *text;
    }
    if (name.size() > options_.limits.bytes_max) return exhausted(at, "the name of a late value is too long");
    out = Value::late(std::move(name));
    return true;
  }

  // tmpl: the text of a template whose name is computed.
  bool call_template(const std::string& name, const Value& data, Position at, Value& out) {
    const auto found = program_.definitions.find(name);
    if (found == program_.definitions.end()) return fail(at, fmt::format("there is no template {}", go_quoted(name)));
    std::vector<Part> outer_parts;
    std::swap(outer_parts, parts_);
    BoundedText outer(options_.limits.bytes_max);
    std::swap(outer, text_);
    const LateValues late_values = std::exchange(late_values_, LateValues::refused);
    if (!definition(*found->second, data)) return false;
    late_values_ = late_values;
    std::swap(outer, text_);
    std::swap(outer_parts, parts_);
    out = Value::html(outer.take());
    return true;
  }

  bool none_late(std::span<const Value> arguments, Position at) {
    for (const Value& argument : arguments)
      if (const Late* late = argument.as_late()) return fail(at, late_complaint(*late));
    return true;
  }

  // Takes an answer and counts the work it stands for.
  bool accept(Answer answer, std::string_view name, Position at, Value& out) {
    if (!answer) return fail(at, fmt::format("{}: {}", name, answer.error().what));
    out = std::move(*answer);
    if (const std::string* text = out.as_text()) {
      if (text->size() > options_.limits.bytes_max)
        return exhausted(at, fmt::format("{} gave more than {} bytes", name, options_.limits.bytes_max));
    }
    if (const ListData* list = out.as_list()) steps_ += list->elements.size();
    return step(at);
  }

  // --- output

  bool truth(const Value& value, Position at, bool& holds) {
    if (const Late* late = value.as_late()) return fail(at, late_complaint(*late));
    holds = value.truth();
    return true;
  }

  bool print(const Value& value, Position at) {
    if (const Late* late = value.as_late()) {
      if (late_values_ == LateValues::refused) return fail(at, late_complaint(*late));
      flush();
      parts_.push_back(Part{true, late->name});
      return write({}, at, late->name.size());
    }
    if (value.is_nil()) return write(options_.escape == Escape::html ? "" : "<no value>", at);  // as html/template
    if (value.as_function() != nullptr) return fail(at, "a function cannot be printed; call it");
    if (options_.escape == Escape::none) {
      if (const std::string* text = value.as_text()) return write(*text, at);
      append_value(text_, value);
      if (!text_.late().empty()) return fail(at, late_complaint(Late{text_.late()}));
      return write({}, at);
    }
    if (const SafeHtml* html = value.as_html()) return write(html->text, at);
    const Function* escape = find_function("html", program_.place);
    Value escaped;
    std::array<Value, 1> argument{value};
    if (begins_address(text_.text())) {
      BoundedText address(options_.limits.bytes_max);
      append_value(address, value);
      if (address.late().empty()) argument[0] = Value::text(safe_address(address.text()));
    }
    return apply(*escape, argument, nullptr, at, escaped) && write(with_plus_escaped(*escaped.as_text()), at);
  }

  bool write(std::string_view text, Position at, std::size_t elsewhere = 0) {
    text_.append(text);
    flushed_bytes_ += elsewhere;
    if (!text_.is_over() && flushed_bytes_ + text_.text().size() <= options_.limits.bytes_max) return true;
    return exhausted(at, fmt::format("the output would have more than {} bytes", options_.limits.bytes_max));
  }

  void flush() {
    if (text_.text().empty()) return;
    flushed_bytes_ += text_.text().size();
    parts_.push_back(Part{false, text_.take()});
    text_ = BoundedText(options_.limits.bytes_max);
  }

  // --- ends

  // Copying and reading a long text is work too.
  void count_text(const Value& value) {
    if (const std::string* text = value.as_text()) steps_ += text->size() / bytes_per_step;
    if (const Late* late = value.as_late()) steps_ += late->name.size() / bytes_per_step;
  }
  bool step(Position at) {
    if (++steps_ <= options_.limits.steps_max) return true;
    return exhausted(at, fmt::format("the template takes more than {} steps", options_.limits.steps_max));
  }
  static std::string late_complaint(const Late& late) {
    return fmt::format("{} is known only when the plan runs; it may be printed as it stands, not tested or passed on",
                       late.name);
  }
  bool exhausted(Position at, std::string what) { return fail(at, std::move(what), ErrorKind::exhausted); }
  bool fail(Position at, std::string what, ErrorKind kind = ErrorKind::invalid) {
    const std::string_view source =
        frame_ == nullptr ? std::string_view(program_.name) : std::string_view(frame_->definition->source_name);
    error_ = error_at("render template", source, at, std::move(what), kind);
    failed_ = true;
    return false;
  }

  static constexpr std::size_t few_arguments = 4;

  const Program& program_;
  const Value& data_;
  const RenderOptions& options_;
  const Environment& environment_;
  LateValues late_values_;
  BoundedText text_;
  std::vector<Part> parts_;
  std::size_t flushed_bytes_{0};
  Frame* frame_{nullptr};
  Flow flow_{Flow::normal};
  std::uint64_t steps_{0};
  std::uint32_t depth_{0};
  bool failed_{false};
  Error error_;
};

}  // namespace

Result<std::vector<Part>> render(const Template& text, const Value& data, const RenderOptions& options) {
  return Executor(text.program(), data, options, LateValues::allowed).run();
}

Result<std::string> render_text(const Template& text, const Value& data, const RenderOptions& options) {
  Result<std::vector<Part>> parts = Executor(text.program(), data, options, LateValues::refused).run();
  if (!parts) return std::move(parts.error());
  return parts->empty() ? std::string() : std::move(parts->front().text);
}

}  // namespace watchbill::text_template
