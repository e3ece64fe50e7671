// /api/v1/format_query, parse_query and query_exemplars: what is asked about an expression without evaluating it. The first and
// the last as Prometheus 2.42 answers them (promql/parser/prettier.go); parse_query came with Prometheus 3
// (web/api/v1/translate_ast.go).
#include <algorithm>

#include "api/prometheus.h"
#include "api/routes.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/tsdb/exemplar_store.h"

namespace watchbill::api {
namespace {

namespace promql = metrics::promql;
namespace tsdb = metrics::tsdb;

constexpr std::size_t columns_max = 100;  // of a part that stays on one line

// --- over several lines ---

// Breaks what is longer than a line where Prometheus does. Recursion is bounded by the parser's depth limit; a part is printed
// once for each level above it.
class Prettifier {
 public:
  explicit Prettifier(const promql::Expression& expression) : expression_(expression) {}

  [[nodiscard]] std::string pretty(promql::NodeIndex index, std::size_t level) const {
    return std::visit([&](const auto& part) { return lines_of(part, {promql::print(expression_, index), level}); },
                      expression_.at(index).of);
  }

 private:
  struct Part {
    std::string line;  // all of it on one
    std::size_t level;
    [[nodiscard]] bool fits() const { return line.size() <= columns_max; }
    [[nodiscard]] std::string indent() const { return std::string(2 * level, ' '); }
  };

  [[nodiscard]] std::string printed(promql::NodeIndex index) const { return promql::print(expression_, index); }
  // Selectors and literals are never broken.
  template <class Leaf>
  [[nodiscard]] std::string lines_of(const Leaf&, const Part& part) const {
    return part.indent() + part.line;
  }
  [[nodiscard]] std::string lines_of(const promql::Paren& paren, const Part& part) const {
    if (part.fits()) return part.indent() + part.line;
    return part.indent() + "(\n" + pretty(paren.inner, part.level + 1) + "\n" + part.indent() + ")";
  }
  [[nodiscard]] std::string lines_of(const promql::Unary& unary, const Part& part) const {
    const std::string inner = pretty(unary.inner, part.level);
    return part.indent() + part.line.substr(0, 1) + inner.substr(std::min(inner.find_first_not_of(' '), inner.size()));
  }
  // The operator with its modifiers is what stands between the two sides.
  [[nodiscard]] std::string lines_of(const promql::Binary& binary, const Part& part) const {
    if (part.fits()) return part.indent() + part.line;
    const std::string left = printed(binary.left);
    // An infinity before `^` is printed without its sign.
    const std::size_t begin = left.size() + (part.line.starts_with(left) ? 1 : 0);
    const std::size_t end = part.line.size() - printed(binary.right).size() - 1;
    const std::string sign = begin < end ? part.line.substr(begin, end - begin) : std::string();
    return pretty(binary.left, part.level + 1) + "\n" + part.indent() + sign + "\n" + pretty(binary.right, part.level + 1);
  }
  [[nodiscard]] std::string lines_of(const promql::Aggregate& aggregate, const Part& part) const {
    if (part.fits()) return part.indent() + part.line;
    std::size_t arguments = printed(aggregate.inner).size() + 2;
    if (aggregate.parameter != promql::no_node) arguments += printed(aggregate.parameter).size() + 2;
    std::string out = part.indent() + part.line.substr(0, part.line.size() - arguments) + "(\n";
    if (aggregate.parameter != promql::no_node) out += pretty(aggregate.parameter, part.level + 1) + ",\n";
    return out + pretty(aggregate.inner, part.level + 1) + "\n" + part.indent() + ")";
  }
  [[nodiscard]] std::string lines_of(const promql::Call& call, const Part& part) const {
    if (part.fits()) return part.indent() + part.line;
    std::string out = part.indent() + std::string(call.function->name) + "(\n";
    for (std::size_t i = 0; i < call.arguments.size(); ++i)
      out += (i == 0 ? "" : ",\n") + pretty(call.arguments[i], part.level + 1);
    return out + "\n" + part.indent() + ")";
  }
  // As there: one that fits is not indented.
  [[nodiscard]] std::string lines_of(const promql::Subquery& subquery, const Part& part) const {
    if (part.fits()) return part.line;
    return pretty(subquery.inner, part.level) + part.line.substr(printed(subquery.inner).size());
  }

  const promql::Expression& expression_;
};

// --- as a tree ---

std::string_view type_word(promql::ValueType type) noexcept {
  switch (type) {
    case promql::ValueType::scalar: return "scalar";
    case promql::ValueType::string: return "string";
    case promql::ValueType::instant_vector: return "vector";
    case promql::ValueType::range_vector: return "matrix";
  }
  return "";
}

std::string_view cardinality_word(promql::Cardinality cardinality) noexcept {
  switch (cardinality) {
    case promql::Cardinality::one_to_one: return "one-to-one";
    case promql::Cardinality::many_to_one: return "many-to-one";
    case promql::Cardinality::one_to_many: return "one-to-many";
    case promql::Cardinality::many_to_many: return "many-to-many";
  }
  return "";
}

// Keys in the order of their bytes, as Go writes maps.
class TreeWriter {
 public:
  TreeWriter(const promql::Expression& expression, std::string& out) : expression_(expression), json_(out) {}

  void write(promql::NodeIndex index) {
    if (index == promql::no_node) {
      json_.null();
      return;
    }
    std::visit([this](const auto& part) { put(part); }, expression_.at(index).of);
  }

 private:
  void put(const promql::NumberLiteral& literal) {
    json_.begin_object().key("type").string("numberLiteral");
    json_.key("val").string(promql::format_value(literal.value)).end_object();
  }
  void put(const promql::StringLiteral& literal) {
    json_.begin_object().key("type").string("stringLiteral").key("val").string(literal.value).end_object();
  }
  void put(const promql::Paren& paren) {
    json_.begin_object().key("expr");
    write(paren.inner);
    json_.key("type").string("parenExpr").end_object();
  }
  void put(const promql::Unary& unary) {
    json_.begin_object().key("expr");
    write(unary.inner);
    json_.key("op").string(unary.is_negation ? "-" : "+").key("type").string("unaryExpr").end_object();
  }
  void put(const promql::VectorSelector& selector) { put_selector(selector, nullptr); }
  void put(const promql::MatrixSelector& matrix) {
    put_selector(std::get<promql::VectorSelector>(expression_.at(matrix.selector).of), &matrix);
  }
  void put_selector(const promql::VectorSelector& selector, const promql::MatrixSelector* matrix) {
    json_.begin_object().key("anchored").boolean(selector.extension == promql::RangeExtension::anchored);
    json_.key("matchers").begin_array();
    for (const promql::SelectorMatcher& matcher : selector.matchers) {
      json_.begin_object().key("name").string(matcher.name).key("type").string(promql::text_of(matcher.op));
      json_.key("value").string(matcher.value).end_object();
    }
    json_.end_array().key("name").string(selector.name);
    put_offset(selector.shift);
    if (matrix != nullptr) json_.key("range").integer(matrix->range.ms);
    json_.key("smoothed").boolean(selector.extension == promql::RangeExtension::smoothed);
    put_start_or_end(selector.shift);
    put_timestamp(selector.shift);
    json_.key("type").string(matrix == nullptr ? "vectorSelector" : "matrixSelector").end_object();
  }
  void put(const promql::Subquery& subquery) {
    json_.begin_object().key("expr");
    write(subquery.inner);
    put_offset(subquery.shift);
    json_.key("range").integer(subquery.range.ms);
    put_start_or_end(subquery.shift);
    json_.key("step").integer(subquery.step ? subquery.step->ms : 0);
    put_timestamp(subquery.shift);
    json_.key("type").string("subquery").end_object();
  }
  // A duration that is an expression has no value before there is a query: 0, as there.
  void put_offset(const promql::TimeShift& shift) { json_.key("offset").integer(shift.offset ? shift.offset->ms : 0); }
  void put_start_or_end(const promql::TimeShift& shift) {
    json_.key("startOrEnd");
    if (shift.at == promql::AtKind::start) json_.string("start");
    else if (shift.at == promql::AtKind::end) json_.string("end");
    else json_.null();
  }
  void put_timestamp(const promql::TimeShift& shift) {
    json_.key("timestamp");
    if (shift.at == promql::AtKind::instant) json_.raw(std::to_string(shift.at_ms));
    else json_.null();
  }

  void put_texts(const std::vector<std::string>& texts) {
    json_.begin_array();
    for (const std::string& text : texts) json_.string(text);
    json_.end_array();
  }
  void put_fill(const std::optional<double>& value) {
    if (value) write_number(*value);
    else json_.null();
  }
  // What is no number of JSON, such as NaN, is null.
  void write_number(double value) {
    if (value - value == 0) json_.raw(promql::format_value(value));
    else json_.null();
  }
  // Matching is of vectors only.
  void put_matching(const promql::Binary& binary) {
    const auto is_vector = [this](promql::NodeIndex side) {
      return expression_.at(side).type == promql::ValueType::instant_vector;
    };
    if (!is_vector(binary.left) || !is_vector(binary.right)) {
      json_.null();
      return;
    }
    const promql::VectorMatching& matching = binary.matching;
    json_.begin_object().key("card").string(cardinality_word(matching.cardinality)).key("fillValues").begin_object().key("lhs");
    put_fill(matching.fill_left);
    json_.key("rhs");
    put_fill(matching.fill_right);
    json_.end_object().key("include");
    put_texts(matching.include);
    json_.key("labels");
    put_texts(matching.labels);
    json_.key("on").boolean(matching.is_on).end_object();
  }
  void put(const promql::Binary& binary) {
    json_.begin_object().key("bool").boolean(binary.returns_bool).key("lhs");
    write(binary.left);
    json_.key("matching");
    put_matching(binary);
    json_.key("op").string(promql::text_of(binary.op)).key("rhs");
    write(binary.right);
    json_.key("type").string("binaryExpr").end_object();
  }
  void put(const promql::Aggregate& aggregate) {
    json_.begin_object().key("expr");
    write(aggregate.inner);
    json_.key("grouping");
    put_texts(aggregate.grouping);
    json_.key("op").string(promql::text_of(aggregate.op)).key("param");
    write(aggregate.parameter);
    json_.key("type").string("aggregation").key("without").boolean(aggregate.is_without).end_object();
  }
  // There a signature is a list of types, of which `variadic` says how the last repeats: -1 without bound.
  void put(const promql::Call& call) {
    const promql::FunctionSignature& function = *call.function;
    const bool is_unbounded = function.count_max == promql::arguments_unbounded;
    const bool is_variadic = function.count_min != function.count_max;
    const std::size_t type_count = function.count_min + (is_variadic ? 1U : 0U);
    json_.begin_object().key("args").begin_array();
    for (const promql::NodeIndex argument : call.arguments) write(argument);
    json_.end_array().key("func").begin_object().key("argTypes").begin_array();
    for (std::size_t i = 0; i < type_count; ++i) json_.string(type_word(promql::argument_type(function, i)));
    json_.end_array().key("name").string(function.name).key("returnType").string(type_word(function.result));
    json_.key("variadic").integer(is_unbounded ? -1 : function.count_max - function.count_min).end_object();
    json_.key("type").string("call").end_object();
  }
  void put(const promql::DurationOperation&) { json_.null(); }  // stands in durations only, which are numbers here

  const promql::Expression& expression_;
  JsonWriter json_;
};

// --- the paths ---

std::string query_text(const Call& call) {
  const std::string* text = parameter(call, "query");
  return text == nullptr ? std::string() : *text;
}

// Parses the parameter `query` and answers what `show` makes of it, on the pool: a long expression takes its time.
void answer_parsed(const CallPointer& call, std::string (*show)(const promql::Expression&)) {
  answer_from_pool(call, [show](const CallPointer& asked) {
    const auto expression = promql::parse(query_text(*asked));
    if (!expression) return answer_error(*asked, invalid_parameter("query", expression.error().text()));
    answer_data(*asked, show(*expression));
  });
}

std::string formatted(const promql::Expression& expression) {
  std::string out;
  append_json_string(out, Prettifier(expression).pretty(expression.root, 0));
  return out;
}

std::string as_tree(const promql::Expression& expression) {
  std::string out;
  TreeWriter(expression, out).write(expression.root);
  return out;
}

void format_query(const CallPointer& call) { answer_parsed(call, formatted); }
void parse_query(const CallPointer& call) { answer_parsed(call, as_tree); }

// What each selector of an expression asks for.
Result<std::vector<std::vector<tsdb::Matcher>>> selectors_of(const promql::Expression& expression) {
  std::vector<std::vector<tsdb::Matcher>> all;
  for (const promql::Node& node : expression.nodes) {
    const auto* selector = std::get_if<promql::VectorSelector>(&node.of);
    if (selector == nullptr) continue;
    std::vector<tsdb::Matcher>& matchers = all.emplace_back();
    for (const promql::SelectorMatcher& written : selector->matchers) {
      auto matcher = tsdb::Matcher::create(written.name, static_cast<tsdb::MatchKind>(written.op), written.value);
      if (!matcher) return matcher.error();
      matchers.push_back(std::move(*matcher));
    }
  }
  return all;
}

std::string exemplars_text(const std::vector<tsdb::ExemplarStore::OfSeries>& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const auto& [series, exemplars] : found) {
    json.begin_object().key("seriesLabels");
    write_labels(json, series);
    json.key("exemplars").begin_array();
    for (const tsdb::Exemplar& exemplar : exemplars) {
      json.begin_object().key("labels");
      write_labels(json, exemplar.labels);
      json.key("value");
      write_value(json, exemplar.value);
      json.key("timestamp");
      write_time(json, exemplar.at.ms);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  return out;
}

void query_exemplars(const CallPointer& call) {
  const auto from = time_parameter(*call, "start", Instant{});
  if (!from) return answer_error(*call, from.error());
  const auto to = time_parameter(*call, "end", Instant::never());
  if (!to) return answer_error(*call, to.error());
  if (*to < *from)
    return answer_error(*call, {PrometheusErrorType::bad_data, "end timestamp must not be before start timestamp"});
  answer_from_pool(call, [from = *from, to = *to](const CallPointer& asked) {
    const auto expression = promql::parse(query_text(*asked));
    if (!expression) return answer_error(*asked, {PrometheusErrorType::bad_data, expression.error().text()});
    const auto selectors = selectors_of(*expression);
    if (!selectors) return answer_error(*asked, {PrometheusErrorType::bad_data, selectors.error().detail});
    answer_data(*asked, exemplars_text(asked->services.watch.head.exemplars().select(*selectors, from, to)));
  });
}

}  // namespace

Routes prometheus_expression_routes() {
  const std::vector<Member> query{{"query", ValueKind::text, "the expression", true}};
  std::vector<Member> ranged = query;
  ranged.push_back({"start", ValueKind::text, "seconds or RFC 3339"});
  ranged.push_back({"end", ValueKind::text, "seconds or RFC 3339"});
  Routes routes;
  const auto add = [&routes](std::string_view pattern, std::string_view summary, const std::vector<Member>& members,
                             void (*handle)(const CallPointer&)) {
    for (const std::string_view method : {"GET", "POST"})
      routes.push_back(
          {method, pattern, summary, "viewer", members, {}, {}, handle, Decides::route, Dialect::prometheus});
  };
  add("/api/v1/format_query", "an expression, laid out for people", query, format_query);
  add("/api/v1/parse_query", "an expression as a tree, as Prometheus 3 gives it", query, parse_query);
  add("/api/v1/query_exemplars", "exemplars of the series that an expression selects", ranged, query_exemplars);
  return routes;
}

}  // namespace watchbill::api
