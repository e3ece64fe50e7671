// Go's text/template for annotations, notifications and parameters: parsed once, rendered often, bounded and deterministic.
//
// Language: text, actions, comments, trim markers, pipelines, variables, if/else if, with/else with, range (lists, maps by key,
// whole numbers) with break and continue, define/template/block, literals, Go's builtins, and the functions of the place.
// Refused by name: complex numbers, other delimiters, range over functions and channels. Source: Go 1.23 text/template;
// Prometheus 2.42 and Alertmanager for their functions. Everything here is pure and may be called on any thread; a Template is
// immutable and may be shared.
//
// Every Error has `on` = "NAME:LINE:COLUMN" (from 1, columns in bytes) and a `detail` that says what is wrong and how to mend
// it. Kind: invalid, or exhausted where a limit was met.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "template/value.h"

namespace watchbill::text_template {

// Where a template is written; decides which functions exist.
enum class Place : std::uint8_t {
  rule,          // labels and annotations of rules: Prometheus' functions; $labels, $externalLabels, $externalURL, $value
  notification,  // receivers and template files: Alertmanager's functions
  plan,          // commands, plans, workloads: Go's builtins and the functions on text alone
};

struct ParseLimits {
  std::size_t bytes_max{256U << 10};  // of one source; the largest public template file has 40 kB
  std::uint32_t nesting_max{48};      // blocks and parentheses within each other: the executor recurses so deep
  std::size_t variables_max{1000};    // declarations in one template: each call makes room for all
  std::size_t patterns_max{100};      // literal patterns: a compiled one may take 1 MiB
  std::size_t nodes_max{50'000};      // operands and nodes of one source: memory is about 200 bytes each
};

struct Source {
  std::string_view name;  // "rules/web.yml: alert WebDown: annotation summary"; how errors and {{template}} call it
  std::string_view text;
};

struct Program;

class Template {
 public:
  explicit Template(std::shared_ptr<const Program> program) noexcept : program_(std::move(program)) {}
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] Place place() const noexcept;
  // The names that {{template}} may call, sorted; the template's own among them.
  [[nodiscard]] std::vector<std::string> defined_names() const;
  // True when rendering gives the source itself: no action in it.
  [[nodiscard]] bool is_plain_text() const noexcept;
  [[nodiscard]] const Program& program() const noexcept { return *program_; }

 private:
  std::shared_ptr<const Program> program_;
};

// Reads one source. With `library` its definitions may be called and are replaced where `source` defines them again (Go:
// parsing into one set); so a set of files is read by passing each result on to the next. Fails on syntax, unknown functions
// and variables, a wrong number of arguments, bad literal patterns and everything beyond `limits`.
[[nodiscard]] Result<Template> parse(const Source& source, Place place, const Template* library = nullptr,
                                     const ParseLimits& limits = {});

// What a map answers for a key that it has not.
enum class MissingKey : std::uint8_t {
  no_value,  // Go's default: printed "<no value>"
  zero,      // Prometheus and Alertmanager: "" of maps of text, else "<no value>"
  error,     // rendering fails and names the key
};

enum class Escape : std::uint8_t {
  none,
  // What actions print is escaped for HTML text and quoted attributes, unless it went through safeHtml or safeUrl. What begins an
  // address (href="…) becomes a harmless one.
  html,
};

struct RenderLimits {
  std::uint64_t steps_max{200'000};  // operands, nodes, list elements, variables; one for 64 bytes of text handled
  std::size_t bytes_max{1U << 20};   // of the output and of every text on the way
  std::uint32_t depth_max{200};      // blocks, parentheses and template calls within each other at run time
};

// What the place gives beyond the data. All values; the callback must be pure for one rendering.
struct Environment {
  Instant now{};             // of `now` and `since`
  std::string external_url;  // of `externalURL` and `pathPrefix`
  // Answers `query` with a list of sample(); empty: a call is refused by name, with its position.
  std::function<Answer(std::string_view expression)> query{};
};

struct RenderOptions {
  MissingKey missing_key{MissingKey::no_value};
  Escape escape{Escape::none};
  RenderLimits limits{};
  const Environment* environment{nullptr};  // null: an empty one
};

// A piece of rendered text: either the text, or the name of a late value that stands there.
struct Part {
  bool is_late{false};
  std::string text;
  friend bool operator==(const Part&, const Part&) = default;
};

// Renders `data` as dot. Gives at least no part; neighbouring text is one part. A late value may only be printed as it stands:
// testing, ranging or passing it to a function fails. Fails also as Go's Execute does, and with `exhausted` beyond limits.
[[nodiscard]] Result<std::vector<Part>> render(const Template& text, const Value& data, const RenderOptions& options = {});

// The same where nothing may be late: a late value is an error.
[[nodiscard]] Result<std::string> render_text(const Template& text, const Value& data, const RenderOptions& options = {});

}  // namespace watchbill::text_template
