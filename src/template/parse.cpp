#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "base/spelling.h"
#include "template/functions.h"
#include "template/runes.h"
#include "template/scan.h"
#include "template/syntax.h"

namespace watchbill::text_template {
namespace {

using Kind = Token::Kind;

constexpr std::array<std::string_view, 10> keywords{"block", "break", "continue", "define",   "else",
                                                    "end",   "if",    "range",    "template", "with"};

bool is_keyword(std::string_view word) noexcept {
  for (const std::string_view keyword : keywords)
    if (keyword == word) return true;
  return false;
}

// How a block ended.
enum class Ending : std::uint8_t { source, end, otherwise };

class Parser {
 public:
  Parser(const Source& source, Place place, const ParseLimits& limits, std::vector<Token> tokens)
      : source_(source), place_(place), limits_(limits), tokens_(std::move(tokens)) {}

  Result<std::shared_ptr<const Program>> run(const Template* library) {
    Definition main;
    main.name = std::string(source_.name);
    open_definition(main, place_ == Place::rule);
    Ending ending = Ending::source;
    if (block(main.body, ending) && ending != Ending::source)
      fail(ending_at_, "there is no block open here that this could end");
    close_definition();
    if (!failed_ && own_.count(main.name) != 0)
      fail(Position{}, fmt::format("{} is the name of the source itself and of a definition in it", go_quoted(main.name)));
    if (failed_) return std::move(error_);
    auto program = std::make_shared<Program>();
    program->name = main.name;
    program->place = place_;
    if (library != nullptr) program->definitions = library->program().definitions;
    for (auto& [name, definition] : own_) program->definitions[name] = definition;
    program->main = std::make_shared<const Definition>(std::move(main));
    program->definitions[program->name] = program->main;
    return std::shared_ptr<const Program>(std::move(program));
  }

 private:
  struct Scope {
    Definition* definition;
    std::vector<std::uint32_t> visible;  // slots, innermost last
    std::uint32_t range_depth{0};
  };

  // --- definitions

  void open_definition(Definition& definition, bool has_rule_variables) {
    definition.source_name = std::string(source_.name);
    definition.has_rule_variables = has_rule_variables;
    scopes_.push_back(Scope{&definition, {}, 0});
    declare("$");
    if (has_rule_variables)
      for (const RuleVariable& variable : rule_variables) declare(variable.name);
  }
  void close_definition() { scopes_.pop_back(); }

  std::uint32_t declare(std::string_view name) {
    Scope& scope = scopes_.back();
    scope.definition->slots.push_back(Slot{std::string(name), false});
    const auto slot = static_cast<std::uint32_t>(scope.definition->slots.size() - 1);
    scope.visible.push_back(slot);
    return slot;
  }

  bool add_definition(Definition definition, Position at) {
    const bool is_blank = is_blank_block(definition.body);
    auto& known = own_[definition.name];
    if (known != nullptr && is_blank) return true;
    if (known != nullptr && !is_blank_block(known->body))
      return fail(at, fmt::format("the template {} is defined twice in this source; give one of them another name",
                                  go_quoted(definition.name)));
    known = std::make_shared<const Definition>(std::move(definition));
    return true;
  }

  static bool is_blank_block(const Block& body) {
    for (const Node& node : body) {
      const auto* text = std::get_if<std::string>(&node.what);
      if (text == nullptr || text->find_first_not_of(" \t\r\n") != std::string::npos) return false;
    }
    return true;
  }

  // --- blocks

  // Reads nodes up to {{end}}, {{else}} (both taken up to the word) or the end of the source.
  bool block(Block& out, Ending& ending) {
    if (++nesting_ > limits_.nesting_max) return too_deep();
    const std::size_t visible = scopes_.back().visible.size();
    while (true) {
      const Token& token = next();
      ending_at_ = token.at;
      if (token.kind == Kind::end) {
        ending = Ending::source;
        break;
      }
      if (token.kind == Kind::text) {
        if (!count_node(token.at)) return false;
        out.push_back(Node{token.at, std::string(token.text)});
        continue;
      }
      if (is_word("end")) {
        next();
        ending = Ending::end;
        if (!close("end")) return false;
        break;
      }
      if (is_word("else")) {
        next();
        ending = Ending::otherwise;
        break;
      }
      if (!action(out, token.at)) return false;
    }
    scopes_.back().visible.resize(visible);
    --nesting_;
    return true;
  }

  bool action(Block& out, Position at) {
    if (!count_node(at)) return false;
    if (is_word("if")) return choice(out, at, "if");
    if (is_word("with")) return choice(out, at, "with");
    if (is_word("range")) return range(out, at);
    if (is_word("define")) return define(at);
    if (is_word("block")) return block_action(out, at);
    if (is_word("template")) return template_action(out, at);
    if (is_word("break") || is_word("continue")) return leave_range(out, at);
    Action node;
    if (!pipeline(node.pipeline, "an action", false) || !close("the action")) return false;
    out.push_back(Node{at, std::move(node)});
    return true;
  }

  bool choice(Block& out, Position at, std::string_view word) {
    const std::size_t visible = scopes_.back().visible.size();
    Choice node;
    node.sets_dot = word == "with";
    Ending ending = Ending::otherwise;
    while (true) {
      next();  // if or with
      node.branches.emplace_back();
      Branch& branch = node.branches.back();
      if (!pipeline(branch.pipeline, word, false) || !close(word) || !block(branch.body, ending)) return false;
      if (ending != Ending::otherwise || !is_word(word)) break;
    }
    if (ending == Ending::otherwise && !(close("else") && block(node.otherwise, ending))) return false;
    if (ending != Ending::end) return unclosed(at, word, ending);
    scopes_.back().visible.resize(visible);
    out.push_back(Node{at, std::move(node)});
    return true;
  }

  bool range(Block& out, Position at) {
    next();
    const std::size_t visible = scopes_.back().visible.size();
    Range node;
    Ending ending = Ending::end;
    if (!pipeline(node.pipeline, "range", true) || !close("range")) return false;
    ++scopes_.back().range_depth;
    if (!block(node.body, ending)) return false;
    --scopes_.back().range_depth;
    if (ending == Ending::otherwise && !(close("else") && block(node.otherwise, ending))) return false;
    if (ending != Ending::end) return unclosed(at, "range", ending);
    scopes_.back().visible.resize(visible);
    out.push_back(Node{at, std::move(node)});
    return true;
  }

  bool define(Position at) {
    next();
    if (scopes_.size() > 1 || nesting_ > 1) return fail(at, "define stands at the top of a source only, not within a block");
    Definition definition;
    if (!template_name(definition.name, "define") || !close("define")) return false;
    Ending ending = Ending::end;
    open_definition(definition, false);
    if (!block(definition.body, ending)) return false;
    close_definition();
    if (ending != Ending::end) return unclosed(at, "define", ending);
    return add_definition(std::move(definition), at);
  }

  bool block_action(Block& out, Position at) {
    next();
    Definition definition;
    Call call;
    call.pipeline.emplace();
    if (!template_name(definition.name, "block") || !pipeline(*call.pipeline, "block", false) || !close("block")) return false;
    call.name = definition.name;
    Ending ending = Ending::end;
    open_definition(definition, false);
    if (!block(definition.body, ending)) return false;
    close_definition();
    if (ending != Ending::end) return unclosed(at, "block", ending);
    out.push_back(Node{at, std::move(call)});
    return add_definition(std::move(definition), at);
  }

  bool template_action(Block& out, Position at) {
    next();
    Call call;
    if (!template_name(call.name, "template")) return false;
    if (peek().kind != Kind::close) {
      call.pipeline.emplace();
      if (!pipeline(*call.pipeline, "template", false)) return false;
    }
    out.push_back(Node{at, std::move(call)});
    return close("template");
  }

  bool leave_range(Block& out, Position at) {
    const std::string_view word = next().text;
    if (scopes_.back().range_depth == 0) return fail(at, fmt::format("{} stands only within a range", word));
    if (word == "break")
      out.push_back(Node{at, Break{}});
    else
      out.push_back(Node{at, Continue{}});
    return close(word);
  }

  bool template_name(std::string& out, std::string_view context) {
    const Token& token = next();
    Value literal;
    if (token.kind != Kind::string && token.kind != Kind::raw_string)
      return fail(token.at, fmt::format("{} takes a name in quotes, not {}", context, describe(token)));
    if (!unquote(token, literal)) return false;
    out = *literal.as_text();
    return true;
  }

  bool unclosed(Position at, std::string_view word, Ending ending) {
    if (ending == Ending::source) return fail(at, fmt::format("{{{{{}}}}} is not closed; add {{{{end}}}}", word));
    return fail(ending_at_, fmt::format("{{{{else}}}} does not belong to {{{{{}}}}} here; end that block first", word));
  }

  // --- pipelines

  bool pipeline(Pipeline& out, std::string_view context, bool is_range) {
    if (++nesting_ > limits_.nesting_max) return too_deep();
    out.at = peek().at;
    std::vector<Token> names;
    if (!targets(out, names, is_range)) return false;
    while (peek().kind != Kind::close && peek().kind != Kind::close_parenthesis && peek().kind != Kind::end) {
      if (!command(out)) return false;
    }
    if (out.commands.empty()) return fail(peek().at, fmt::format("a value is missing in {}", context));
    // A declared variable is not visible in its own pipeline; an assigned one is the one declared before.
    for (const Token& name : names) {
      std::uint32_t slot = 0;
      if (!out.is_assignment) {
        if (scopes_.back().definition->slots.size() >= limits_.variables_max)
          return fail(name.at, fmt::format("more than {} variables are declared; split the template", limits_.variables_max),
                      ErrorKind::exhausted);
        slot = declare(name.text);
      } else {
        if (!find_variable(name, slot)) return false;
        scopes_.back().definition->slots[slot].is_reassigned = true;
      }
      out.targets.push_back(slot);
    }
    --nesting_;
    return true;
  }

  // $x :=   $x =   $i, $x :=   (range only)
  bool targets(Pipeline& out, std::vector<Token>& names, bool is_range) {
    const auto kind_at = [&](std::size_t offset) {
      return at_ + offset < tokens_.size() ? tokens_[at_ + offset].kind : Kind::end;
    };
    if (kind_at(0) != Kind::variable) return true;
    const bool has_two = kind_at(1) == Kind::comma;
    if (has_two && kind_at(2) != Kind::variable)
      return fail(tokens_[at_ + 1].at, "after the comma a second variable is expected");
    const Kind sign = kind_at(has_two ? 3 : 1);
    if (sign != Kind::declare && sign != Kind::assign) {
      if (!has_two) return true;
      return fail(tokens_[at_ + 2].at, "after two variables := or = is expected");
    }
    if (has_two && !is_range) return fail(tokens_[at_ + 1].at, "two variables may be declared in a range only");
    names.push_back(next());
    if (has_two) {
      next();
      names.push_back(next());
    }
    out.is_assignment = next().kind == Kind::assign;
    return true;
  }

  bool command(Pipeline& out) {
    const bool is_first = out.commands.empty();
    Command node;
    while (true) {
      Operand word;
      if (!operand(word)) return false;
      node.words.push_back(std::move(word));
      const Token& token = peek();
      if (token.kind == Kind::close || token.kind == Kind::close_parenthesis) break;
      if (token.kind == Kind::pipe) {
        next();
        if (peek().kind == Kind::close || peek().kind == Kind::close_parenthesis || peek().kind == Kind::pipe)
          return fail(peek().at, "after | a command is expected");
        break;
      }
      if (!token.follows_blank)
        return fail(token.at, fmt::format("unexpected {}; put a blank between arguments", describe(token)));
    }
    if (!check_command(node, is_first)) return false;
    out.commands.push_back(std::move(node));
    return true;
  }

  bool check_command(Command& node, bool is_first) {
    const Operand& head = node.words.front();
    const bool is_value = head.kind != Operand::Kind::function && head.fields.empty();
    if (!is_first && is_value)
      return fail(head.at, fmt::format("{} takes no input from |; only functions and methods do", operand_text(head)));
    if (head.kind == Operand::Kind::nil) return fail(head.at, "nil is not a command; compare with it or pass it to a function");
    if (is_value && node.words.size() > 1)
      return fail(node.words[1].at, fmt::format("{} is no function and takes no arguments", operand_text(head)));
    if (head.kind != Operand::Kind::function || !head.fields.empty()) return true;
    const Function& function = *head.function;
    const std::size_t count = node.words.size() - 1 + (is_first ? 0 : 1);
    const std::size_t count_min = function.argument_count_min();
    if (count < count_min || (!function.is_variadic() && count > count_min))
      return fail(head.at, fmt::format("{} takes {}{} argument{}, not {}", function.name,
                                       function.is_variadic() ? "at least " : "", count_min, count_min == 1 ? "" : "s", count));
    return compile_literal_pattern(node);
  }

  // The usual pattern is written out: it is compiled once, and a wrong one is found before anything is rendered.
  bool compile_literal_pattern(Command& node) {
    const std::string_view name = node.words.front().function->name;
    if ((name != "match" && name != "reReplaceAll") || node.words.size() < 2) return true;
    const std::string* text = node.words[1].kind == Operand::Kind::literal ? node.words[1].literal.as_text() : nullptr;
    if (text == nullptr) return true;
    if (++pattern_count_ > limits_.patterns_max)
      return fail(node.words[1].at, fmt::format("the template has more than {} patterns; split it", limits_.patterns_max),
                  ErrorKind::exhausted);
    auto compiled = compile_pattern(*text);
    if (!compiled) return fail(node.words[1].at, compiled.error().what);
    node.pattern = std::move(*compiled);
    return true;
  }

  // --- operands

  bool operand(Operand& out) {
    const Token& token = next();
    if (!count_node(token.at)) return false;
    out.at = token.at;
    switch (token.kind) {
      case Kind::dot: out.kind = Operand::Kind::dot; break;
      case Kind::field:
        out.kind = Operand::Kind::dot;
        out.fields.emplace_back(token.text);
        break;
      case Kind::variable:
        out.kind = Operand::Kind::variable;
        if (!find_variable(token, out.slot)) return false;
        break;
      case Kind::word:
        if (!word(token, out)) return false;
        break;
      case Kind::string:
      case Kind::raw_string:
      case Kind::character:
      case Kind::number:
        out.kind = Operand::Kind::literal;
        if (!(token.kind == Kind::number ? number(token, out.literal) : unquote(token, out.literal))) return false;
        break;
      case Kind::open_parenthesis:
        out.kind = Operand::Kind::pipeline;
        out.pipeline = std::make_unique<Pipeline>();
        if (!pipeline(*out.pipeline, "parentheses", false)) return false;
        if (next().kind != Kind::close_parenthesis) return fail(token.at, "this parenthesis is not closed");
        break;
      case Kind::text:
      case Kind::open:
      case Kind::close:
      case Kind::pipe:
      case Kind::comma:
      case Kind::declare:
      case Kind::assign:
      case Kind::close_parenthesis:
      case Kind::end: return fail(token.at, fmt::format("a value is expected, not {}", describe(token)));
    }
    return fields(out);
  }

  bool fields(Operand& out) {
    const bool has_fields = out.kind != Operand::Kind::literal && out.kind != Operand::Kind::nil;
    while (peek().kind == Kind::field && !peek().follows_blank) {
      const Token& token = next();
      if (!has_fields) return fail(token.at, fmt::format("{} has no fields", operand_text(out)));
      if (!count_node(token.at)) return false;
      out.fields.emplace_back(token.text);
    }
    return true;
  }

  bool word(const Token& token, Operand& out) {
    if (token.text == "true" || token.text == "false") {
      out.kind = Operand::Kind::literal;
      out.literal = Value::boolean(token.text == "true");
      return true;
    }
    if (token.text == "nil") {
      out.kind = Operand::Kind::nil;
      return true;
    }
    if (is_keyword(token.text))
      return fail(token.at, fmt::format("{} is a keyword; it stands at the beginning of an action", token.text));
    out.kind = Operand::Kind::function;
    out.function = find_function(token.text, place_);
    if (out.function != nullptr) return true;
    std::string what = fmt::format("there is no function {} here", token.text);
    if (const std::string_view elsewhere = place_of(token.text); !elsewhere.empty())
      what += fmt::format("; it exists in {} only", elsewhere);
    else
      what += "." + suggestion(token.text, function_names(place_));
    return fail(token.at, what);
  }

  bool find_variable(const Token& token, std::uint32_t& slot) {
    const Scope& scope = scopes_.back();
    const auto& slots = scope.definition->slots;
    for (auto at = scope.visible.rbegin(); at != scope.visible.rend(); ++at) {
      if (slots[*at].name != token.text) continue;
      slot = *at;
      return true;
    }
    std::vector<std::string_view> names;
    for (const std::uint32_t visible : scope.visible)
      if (slots[visible].name != "$") names.emplace_back(slots[visible].name);
    return fail(token.at, fmt::format("the variable {} is not declared here.{}", token.text, suggestion(token.text, names)));
  }

  bool number(const Token& token, Value& out) {
    std::string digits;
    for (const char letter : token.text)
      if (letter != '_') digits += letter;
    if (digits.back() == 'i') return fail(token.at, "complex numbers are not supported");
    std::string_view rest = digits;
    const bool is_negative = rest.starts_with('-');
    if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
    int base = 10;
    const std::string_view prefix = rest.substr(0, 2);
    if (prefix == "0x" || prefix == "0X")
      base = 16;
    else if (prefix == "0b" || prefix == "0B")
      base = 2;
    else if (prefix == "0o" || prefix == "0O")
      base = 8;
    const bool has_prefix = base != 10;
    const std::string_view bare = rest.substr(has_prefix ? 2 : 0);
    const bool is_real = bare.find_first_of(base == 16 ? ".pP" : ".eE") != std::string_view::npos;
    if (!has_prefix && !is_real && rest.size() > 1 && rest[0] == '0') base = 8;  // Go: 017 is fifteen
    return is_real ? real(token, bare, base == 16, is_negative, out) : integer(token, bare, base, is_negative, out);
  }

  bool real(const Token& token, std::string_view digits, bool is_hexadecimal, bool is_negative, Value& out) {
    double value = 0;
    const auto format = is_hexadecimal ? std::chars_format::hex : std::chars_format::general;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, format);
    if (read.ec == std::errc::result_out_of_range)
      return fail(token.at, fmt::format("{} is out of range for a number", token.text));
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || digits.starts_with('-'))
      return fail(token.at, fmt::format("{} is not a number", token.text));
    out = Value::real(is_negative ? -value : value);
    return true;
  }

  bool integer(const Token& token, std::string_view digits, int base, bool is_negative, Value& out) {
    const std::string text = (is_negative ? "-" : "") + std::string(digits);
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (read.ec == std::errc::result_out_of_range)
      return fail(token.at, fmt::format("{} is out of range: whole numbers have 64 bits", token.text));
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
      return fail(token.at, fmt::format("{} is not a number", token.text));
    out = Value::integer(value);
    return true;
  }

  // Go's literals: "…" with escapes, `…` as it is (carriage returns dropped), '…' one character as its number.
  bool unquote(const Token& token, Value& out) {
    std::string_view rest = token.text.substr(1, token.text.size() - 2);
    std::string text;
    if (token.kind == Kind::raw_string) {
      for (const char letter : rest)
        if (letter != '\r') text += letter;
      out = Value::text(std::move(text));
      return true;
    }
    const char quote = token.text[0];
    char32_t last = 0;
    std::size_t count = 0;
    for (; !rest.empty(); ++count) {
      if (rest[0] == '\\') {
        if (!escape(rest, quote, text, last))
          return fail(token.at, fmt::format("{} holds an escape that Go does not know", token.text));
        continue;
      }
      const Rune rune = first_rune(rest);
      last = rune.value;
      text += rest.substr(0, rune.bytes);
      rest.remove_prefix(rune.bytes);
    }
    if (token.kind == Kind::string) {
      out = Value::text(std::move(text));
      return true;
    }
    if (count != 1) return fail(token.at, fmt::format("{} is not one character; write text in double quotes", token.text));
    out = Value::integer(static_cast<std::int64_t>(last));
    return true;
  }

  static bool escape(std::string_view& rest, char quote, std::string& text, char32_t& last) {
    constexpr std::string_view letters = "abfnrtv\\";
    constexpr std::string_view meanings = "\a\b\f\n\r\t\v\\";
    if (rest.size() < 2) return false;
    const char letter = rest[1];
    if (const std::size_t index = letters.find(letter); index != std::string_view::npos || letter == quote) {
      last = static_cast<unsigned char>(letter == quote ? quote : meanings[index]);
      text += static_cast<char>(last);
      rest.remove_prefix(2);
      return true;
    }
    const bool is_octal = letter >= '0' && letter <= '7';
    const std::size_t digits = is_octal ? 3 : letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    const std::size_t begin = is_octal ? 1 : 2;
    if (digits == 0 || rest.size() < begin + digits) return false;
    std::uint32_t code = 0;
    const char* const end = rest.data() + begin + digits;
    const auto read = std::from_chars(rest.data() + begin, end, code, is_octal ? 8 : 16);
    if (read.ec != std::errc{} || read.ptr != end) return false;
    if (digits <= 3) {
      if (code > 255) return false;
      text += static_cast<char>(static_cast<unsigned char>(code));
    } else {
      if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
      append_rune(text, code);
    }
    last = code;
    rest.remove_prefix(begin + digits);
    return true;
  }

  // --- tokens

  [[nodiscard]] const Token& peek() const { return tokens_[at_]; }
  const Token& next() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_[at_]; }
  [[nodiscard]] bool is_word(std::string_view word) const { return peek().kind == Kind::word && peek().text == word; }

  bool close(std::string_view context) {
    const Token& token = next();
    if (token.kind == Kind::close) return true;
    return fail(token.at, fmt::format("unexpected {} after {}; }}}} is expected", describe(token), context));
  }

  static std::string describe(const Token& token) {
    if (token.kind == Kind::end) return "the end of the source";
    if (token.kind == Kind::field) return fmt::format(".{}", token.text);
    return std::string(token.text.substr(0, 40));
  }

  bool count_node(Position at) {
    if (++node_count_ <= limits_.nodes_max) return true;
    return fail(at, fmt::format("the template has more than {} parts; split it", limits_.nodes_max), ErrorKind::exhausted);
  }
  bool too_deep() {
    return fail(peek().at,
                fmt::format("blocks and parentheses are nested deeper than {}; move some into a define", limits_.nesting_max),
                ErrorKind::exhausted);
  }
  bool fail(Position at, std::string what, ErrorKind kind = ErrorKind::invalid) {
    if (!failed_) error_ = error_at("read template", source_.name, at, std::move(what), kind);
    failed_ = true;
    return false;
  }

  const Source& source_;
  Place place_;
  const ParseLimits& limits_;
  std::vector<Token> tokens_;
  std::size_t at_{0};
  std::vector<Scope> scopes_;
  std::map<std::string, std::shared_ptr<const Definition>, std::less<>> own_;
  Position ending_at_;
  std::uint32_t nesting_{0};
  std::size_t node_count_{0};
  std::size_t pattern_count_{0};
  bool failed_{false};
  Error error_;
};

}  // namespace

Result<Template> parse(const Source& source, Place place, const Template* library, const ParseLimits& limits) {
  if (source.text.size() > limits.bytes_max)
    return error_at("read template", source.name, Position{},
                    fmt::format("the template has {} bytes; at most {} are read", source.text.size(), limits.bytes_max),
                    ErrorKind::exhausted);
  Result<std::vector<Token>> tokens = scan(source);
  if (!tokens) return std::move(tokens.error());
  auto program = Parser(source, place, limits, std::move(*tokens)).run(library);
  if (!program) return std::move(program.error());
  return Template(std::move(*program));
}

const std::string& Template::name() const noexcept { return program_->name; }
Place Template::place() const noexcept { return program_->place; }

std::vector<std::string> Template::defined_names() const {
  std::vector<std::string> out;
  for (const auto& [name, definition] : program_->definitions) out.push_back(name);
  return out;
}

bool Template::is_plain_text() const noexcept {
  for (const Node& node : program_->main->body)
    if (!std::holds_alternative<std::string>(node.what)) return false;
  return true;
}

std::string operand_text(const Operand& operand) {
  std::string out;
  switch (operand.kind) {
    case Operand::Kind::dot: out = operand.fields.empty() ? "." : ""; break;
    case Operand::Kind::variable: out = "the variable"; break;
    case Operand::Kind::literal: {
      const std::string* text = operand.literal.as_text();
      BoundedText printed(200);
      append_value(printed, operand.literal);
      out = text != nullptr ? go_quoted(*text) : printed.text();
      break;
    }
    case Operand::Kind::nil: out = "nil"; break;
    case Operand::Kind::function: out = std::string(operand.function->name); break;
    case Operand::Kind::pipeline: out = "(…)"; break;
  }
  for (const std::string& field : operand.fields) out += "." + field;
  return out;
}

Error error_at(std::string_view tried, std::string_view source_name, Position at, std::string detail, ErrorKind kind) {
  return Error{kind, std::string(tried), fmt::format("{}:{}:{}", source_name, at.line, at.column), std::move(detail)};
}

std::string suggestion(std::string_view wanted, const std::vector<std::string_view>& names) {
  // A data set may have a great many keys; the first are enough for a hint.
  constexpr std::size_t candidates_max = 256;
  const std::string_view nearest = nearest_spelling(wanted, std::span(names).first(std::min(names.size(), candidates_max)));
  return nearest.empty() ? "" : fmt::format(" Did you mean {}?", nearest);
}

}  // namespace watchbill::text_template
