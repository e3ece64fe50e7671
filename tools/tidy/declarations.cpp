// Finds functions and types by their braces. It knows how a declaration begins, not what names mean, which is enough for the way
// this project is written; what it takes for an initializer is not measured.
#include <algorithm>
#include <array>

#include "tidy/source.h"

namespace watchbill::tidy {
namespace {

enum class Scope : unsigned char { namespace_, hidden_namespace, class_, function, other };

constexpr std::size_t none = static_cast<std::size_t>(-1);

class Scanner {
 public:
  explicit Scanner(const Source& source) : tokens_(source.tokens) { match_brackets(); }

  std::vector<Declaration> run() {
    scopes_.push_back(Scope::namespace_);
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string_view text = tokens_[i].text;
      if (text == "{") i = open_brace(i);
      else if (text == "}") close_brace(i);
      else if (text == "(" || text == "[") i = skip_brackets(i);
      else if (text == ";") end_of_statement(i);
      else if (text == ":" && is_access_label(i)) head_ = i + 1;
    }
    std::sort(declarations_.begin(), declarations_.end(),
              [](const Declaration& a, const Declaration& b) { return a.first_line < b.first_line; });
    return std::move(declarations_);
  }

 private:
  // For each opening bracket its closing one, where there is one.
  void match_brackets() {
    partner_.assign(tokens_.size(), none);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string_view text = tokens_[i].text;
      if (text == "(" || text == "[" || text == "{") open.push_back(i);
      if ((text == ")" || text == "]" || text == "}") && !open.empty()) {
        partner_[open.back()] = i;
        partner_[i] = open.back();
        open.pop_back();
      }
    }
  }

  [[nodiscard]] std::string_view text(std::size_t i) const noexcept { return i < tokens_.size() ? tokens_[i].text : ""; }
  [[nodiscard]] bool is_inside_function() const noexcept { return scopes_.back() == Scope::function; }
  [[nodiscard]] bool is_access_label(std::size_t i) const noexcept {
    const std::string_view before = i > 0 ? text(i - 1) : "";
    return before == "public" || before == "private" || before == "protected";
  }

  // Brackets in a declaration hold no declarations, only perhaps a lambda: at namespace level that is a function of its own.
  std::size_t skip_brackets(std::size_t i) {
    if (is_inside_function() || partner_[i] == none) return i;
    for (std::size_t k = i + 1; k < partner_[i]; ++k) {
      if (text(k) != "{" || partner_[k] == none) continue;
      if (is_lambda(k)) add_function(head_, k);
      k = partner_[k];
    }
    return partner_[i];
  }

  // `] {`, `] (…) {` and `] (…) specifiers -> Type {`, but not a [[attribute]].
  [[nodiscard]] bool is_lambda(std::size_t brace) const noexcept {
    for (std::size_t i = brace; i-- > head_;) {
      if (text(i) == "]") return partner_[i] != none && is_capture_list(partner_[i]);
      if (text(i) == ")" && partner_[i] != none) { i = partner_[i]; continue; }
      if (text(i) == "=" || text(i) == "," || text(i) == "(" || text(i) == "return") return false;
    }
    return false;
  }

  // An index or the size of an array stands behind a name, an attribute's inner bracket behind another bracket.
  [[nodiscard]] bool is_capture_list(std::size_t bracket) const noexcept {
    if (text(bracket + 1) == "[") return false;
    const std::string_view before = bracket > 0 ? text(bracket - 1) : "";
    return before == "return" || before.empty() || (before != "[" && before != "]" && before != ")" && !is_word(before));
  }
  [[nodiscard]] static bool is_word(std::string_view token) noexcept {
    const char c = token[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  std::size_t open_brace(std::size_t i) {
    if (is_inside_function()) {
      scopes_.push_back(Scope::function);
      return i;
    }
    const std::size_t begin = after_template(head_);
    if (is_member_initializer(begin, i)) return partner_[i] == none ? i : partner_[i];
    const Scope scope = kind_of(begin, i);
    if (scope == Scope::function) add_function(head_, i);
    if (scope == Scope::class_ && is_namespace_level()) add_type(begin, i);
    if (scope == Scope::other) {  // an initializer or an enumeration: nothing in it but perhaps a lambda
      const std::size_t end = partner_[i] == none ? i : partner_[i];
      for (std::size_t k = i + 1; k < end; ++k)
        if (text(k) == "{" && partner_[k] != none && is_lambda(k)) { add_function(k, k); k = partner_[k]; }
      return end;  // the statement goes on to its `;`
    }
    scopes_.push_back(scope);
    head_ = i + 1;
    return i;
  }

  void close_brace(std::size_t i) {
    if (scopes_.size() > 1) scopes_.pop_back();
    if (!is_inside_function()) head_ = i + 1;
  }

  void end_of_statement(std::size_t i) {
    if (!is_inside_function() && is_namespace_level()) add_declared_function(i);
    head_ = i + 1;
  }

  [[nodiscard]] bool is_namespace_level() const noexcept {
    return scopes_.back() == Scope::namespace_ &&
           std::find(scopes_.begin(), scopes_.end(), Scope::hidden_namespace) == scopes_.end();
  }

  // Behind `template <…>` (also two of them), a `requires (…)` and attributes.
  [[nodiscard]] std::size_t after_template(std::size_t i) const noexcept {
    for (;;) {
      if (text(i) == "template" && text(i + 1) == "<") {
        std::size_t depth = 0;
        for (++i; i < tokens_.size(); ++i) {
          if (text(i) == "<") ++depth;
          if (text(i) == ">" && --depth == 0) break;
        }
        ++i;
      } else if (text(i) == "requires" && text(i + 1) == "(" && partner_[i + 1] != none) {
        i = partner_[i + 1] + 1;
      } else if (text(i) == "[" && text(i + 1) == "[" && partner_[i] != none) {
        i = partner_[i] + 1;
      } else if (text(i) == "inline" || text(i) == "static" || text(i) == "constexpr" || text(i) == "typedef") {
        ++i;
      } else {
        return i;
      }
    }
  }

  // In `Name(…) : a_{1}, b_(2) {` the first brace belongs to a member: a name stands before it, and behind a ':'.
  [[nodiscard]] bool is_member_initializer(std::size_t begin, std::size_t brace) const noexcept {
    if (brace == 0 || text(brace - 1) == ")" || text(brace - 1) == "}") return false;
    const std::size_t parameters = first_parenthesis(begin, brace);
    if (parameters == none || text(begin) == "class" || text(begin) == "struct") return false;
    for (std::size_t i = partner_[parameters] + 1; i < brace; ++i) {
      if (text(i) == ":") return true;
      if ((text(i) == "(" || text(i) == "{") && partner_[i] != none) i = partner_[i];
    }
    return false;
  }

  // The first '(' of a declaration that opens parameters (or a macro's arguments), or none.
  [[nodiscard]] std::size_t first_parenthesis(std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t i = begin; i < end; ++i) {
      if (text(i) == "operator") return operator_parameters(i, end);
      if (text(i) == "=" || text(i) == "{") return none;
      if (text(i) == "[" && partner_[i] != none) i = partner_[i];
      else if ((text(i) == "alignas" || text(i) == "decltype" || text(i) == "noexcept" || text(i) == "explicit") &&
               text(i + 1) == "(" && partner_[i + 1] != none)
        i = partner_[i + 1];
      else if (text(i) == "(" && partner_[i] != none) return i;
    }
    return none;
  }
  [[nodiscard]] std::size_t operator_parameters(std::size_t i, std::size_t end) const noexcept {
    ++i;
    if (text(i) == "(" && partner_[i] != none) i = partner_[i] + 1;  // operator()
    while (i < end && text(i) != "(") ++i;
    return i < end && partner_[i] != none ? i : none;
  }

  [[nodiscard]] Scope kind_of(std::size_t begin, std::size_t brace) const noexcept {
    const std::string_view first = text(begin);
    if (first == "namespace") {
      const std::string_view name = text(brace - 1);
      return name == "namespace" || name == "detail" ? Scope::hidden_namespace : Scope::namespace_;
    }
    if (first == "extern" && begin + 2 == brace) return Scope::namespace_;
    if (first == "enum") return Scope::other;
    if (first == "class" || first == "struct" || first == "union") return Scope::class_;
    if (first_parenthesis(begin, brace) != none || is_lambda(brace)) return Scope::function;
    return Scope::other;
  }

  [[nodiscard]] std::string_view function_name(std::size_t begin, std::size_t end) const noexcept {
    const std::size_t parameters = first_parenthesis(begin, end);
    if (parameters == none || parameters == begin) return "(lambda)";
    return has("operator", begin, parameters) ? "operator" : text(parameters - 1);
  }
  [[nodiscard]] bool has(std::string_view word, std::size_t begin, std::size_t end) const noexcept {
    for (std::size_t i = begin; i < end; ++i)
      if (text(i) == word) return true;
    return false;
  }
  [[nodiscard]] bool is_specialisation(std::size_t head) const noexcept {
    return text(head) == "template" && text(head + 1) == "<" && text(head + 2) == ">";
  }

  void add_function(std::size_t head, std::size_t brace) {
    if (partner_[brace] == none) return;
    declarations_.push_back({Declaration::Kind::function, function_name(after_template(head), brace), tokens_[head].line,
                             tokens_[partner_[brace]].line, true, is_namespace_level(), is_specialisation(head),
                             has("operator", head, brace)});
  }

  void add_type(std::size_t begin, std::size_t brace) {
    if (partner_[brace] == none) return;
    // The name is the last word before a base clause, or before the brace; `final` is none.
    std::size_t i = begin + 1;
    std::string_view name;
    for (; i < brace && text(i) != ":"; ++i) {
      if ((text(i) == "(" || text(i) == "[") && partner_[i] != none) i = partner_[i];
      else if (text(i) == "<") break;
      else if (text(i) != "final" && text(i) != "alignas") name = text(i);
    }
    declarations_.push_back({Declaration::Kind::type, name, tokens_[head_].line, tokens_[partner_[brace]].line, true, true,
                             is_specialisation(head_), false, text(begin) == "struct" && declares_no_function(brace)});
  }
  // No `) ;`, `) const;`, `) noexcept;` and so on.
  [[nodiscard]] bool declares_no_function(std::size_t brace) const noexcept {
    for (std::size_t i = brace + 1; i < partner_[brace]; ++i) {
      if (text(i) == "{" && partner_[i] != none) i = partner_[i];
      if (text(i) != ";") continue;
      std::size_t before = i - 1;
      while (text(before) == "const" || text(before) == "noexcept" || text(before) == "override" || text(before) == "&") --before;
      if (text(before) == ")" || text(before) == "default" || text(before) == "delete") return false;
    }
    return true;
  }

  // `Type name(…) …;` at namespace level; no variable, alias, friend, assertion or forward declaration.
  void add_declared_function(std::size_t end) {
    const std::size_t begin = after_template(head_);
    if (begin >= end) return;
    constexpr std::array<std::string_view, 10> others{"using", "class", "struct", "enum", "union", "static_assert",
                                                      "namespace", "friend", "extern", "concept"};
    if (std::find(others.begin(), others.end(), text(begin)) != others.end()) return;
    const std::size_t parameters = first_parenthesis(begin, end);
    if (parameters == none || parameters == begin) return;
    // `name(…)` alone is a macro call.
    if (parameters == begin + 1) return;
    declarations_.push_back({Declaration::Kind::function, function_name(begin, end), tokens_[head_].line, tokens_[end].line,
                             false, true, is_specialisation(head_), has("operator", begin, parameters)});
  }

  const std::vector<Token>& tokens_;
  std::vector<std::size_t> partner_;
  std::vector<Scope> scopes_;
  std::vector<Declaration> declarations_;
  std::size_t head_{0};  // the first token of the statement that is being read
};

}  // namespace

std::vector<Declaration> declarations_of(const Source& source) {
  return Scanner(source).run();
}

}  // namespace watchbill::tidy
