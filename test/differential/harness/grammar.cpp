#include "differential/harness/grammar.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "differential/harness/deviations.h"
#include "differential/harness/selectors.h"
#include "differential/harness/world.h"

namespace watchbill::differential {
namespace {

constexpr ValueType S = ValueType::scalar;
constexpr ValueType V = ValueType::instant_vector;

// --- functions ---

// Of a vector alone, and exact.
const char* const plain_functions[] = {"abs",   "ceil",   "floor", "sqrt",      "sgn",       "deg",      "rad",
                                       "round", "absent", "sort",  "sort_desc", "timestamp", "scalar_of"};
// Of a vector alone; two libraries of mathematics differ in the last digits.
const char* const library_functions[] = {"exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos",
                                         "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"};
const char* const calendar_functions[] = {"day_of_month", "day_of_week", "day_of_year", "days_in_month",
                                          "hour", "minute", "month", "year"};
const char* const range_functions[] = {
    "rate", "rate", "increase", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets", "avg_over_time",
    "min_over_time", "max_over_time", "sum_over_time", "count_over_time", "last_over_time", "present_over_time",
    "stddev_over_time", "stdvar_over_time", "absent_over_time"};
const char* const plain_aggregations[] = {"sum", "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"};
const char* const operators[] = {"+", "-", "*", "/", "%", "==", "!=", ">", "<", ">=", "<="};
const char* const label_names[] = {"code", "instance", "job", "le", "room", "floor", "version", "n", "kind", "nothing"};

bool is_comparison(std::string_view op) { return op.find_first_of("=<>") != std::string_view::npos; }

class Grammar {
 public:
  explicit Grammar(std::uint64_t seed) noexcept : random_(seed) {}

  Part expression() {
    const std::size_t roll = random_.below(100);
    if (roll < 3) return wrong(random_);
    if (roll < 7) return scalar(3);
    if (roll < 8) return leaf(ValueType::string, random_.chance(50) ? "\"a\\n\\u00e4\"" : "'it'");
    if (roll < 11) return range(1);
    if (roll < 20) return outermost();
    if (roll < 23) return native();
    return vector(4);
  }

 private:
  // What may only stand outermost, or must be rounded elsewhere.
  Part outermost() {
    switch (random_.below(5)) {
      case 4: return call(V, random_.pick(calendar_functions), {vector(2)});
      case 0: return call(V, random_.pick(library_functions), {vector(2)});
      case 1: return powers(2);
      default: return top();
    }
  }

  // --- native histograms ---

  // A vector of native histograms, by what 2.42 can do with them.
  Part histograms(int depth) {
    if (depth <= 0 || random_.chance(25)) return selector_of(random_, "latency");
    switch (random_.below(4)) {
      case 0: return aggregated("sum", {histograms(depth - 1)});
      case 1: return call(V, "sum", {histograms(depth - 1)});
      default: return call(V, random_.chance(50) ? "rate" : "increase", {windowed(random_, "latency")});
    }
  }
  Part native() {
    switch (random_.below(8)) {
      case 0: return histograms(2);
      case 1: return call(V, random_.chance(50) ? "count" : "group", {histograms(1)});
      case 2: return call(V, "histogram_quantile", {quantile(), histograms(2)});
      case 3: return call(V, "histogram_fraction", {number(), number(), histograms(2)});
      case 4: return call(V, random_.chance(50) ? "count_over_time" : "present_over_time", {windowed(random_, "latency")});
      default: return call(V, random_.chance(50) ? "histogram_count" : "histogram_sum", {histograms(2)});
    }
  }

  Part call(ValueType type, std::string name, std::vector<Part> arguments) {
    Part out;
    out.type = type;
    out.add(std::move(name) + "(");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (i != 0) out.add(", ");
      out.add(std::move(arguments[i]));
    }
    return std::move(out.add(")"));
  }
  Part text(std::string value) { return leaf(ValueType::string, "\"" + std::move(value) + "\""); }

  // --- scalars ---

  Part number() {
    static const char* const usual[] = {"0", "1", "2", "-1", "0.5", "3.25", "100", "-7", "20"};
    static const char* const odd[] = {"Inf", "-Inf", "NaN", "1e3", "0x1F", ".5", "1e-3", "1e22", "-0", "1e-300"};
    return leaf(S, random_.chance(85) ? random_.pick(usual) : random_.pick(odd));
  }

  Part scalar(int depth) {
    if (depth <= 0 || random_.chance(45)) return number();
    switch (random_.below(8)) {
      case 0: return leaf(S, "time()");
      case 1: return leaf(S, "pi()");
      case 2:
      case 3: return call(S, "scalar", {vector(depth - 1)});
      case 4: return std::move(Part{S, {}, {}}.add(random_.chance(70) ? "-" : "+").add(parens(scalar(depth - 1))));
      case 5: return call(S, "scalar", {rounded(call(V, "vector", {powers_of_scalars(depth - 1)}))});
      default: return binary_of_scalars(depth - 1);
    }
  }

  Part binary_of_scalars(int depth) {
    const std::string op = random_.pick(operators);
    return infix(S, scalar(depth), op + (is_comparison(op) ? " bool" : ""), scalar(depth));
  }
  Part powers_of_scalars(int depth) {
    const std::string op = random_.chance(60) ? "^" : "atan2";
    return infix(S, parens(scalar(depth)), op, parens(scalar(depth)));
  }

  Part parens(Part part) {
    Part out;
    out.type = part.type;
    return std::move(out.add("(").add(std::move(part)).add(")"));
  }

  Part infix(ValueType type, Part left, const std::string& op, Part right) {
    Part out;
    out.type = type;
    // Without parentheses now and then: which operator binds closer is a question too, unless that would let something
    // inexact slip out of its rounding (see rounded()), which always has its parentheses.
    if (random_.chance(70)) left = parens(std::move(left));
    if (random_.chance(70)) right = parens(std::move(right));
    return std::move(out.add(std::move(left)).add(" " + op + " ").add(std::move(right)));
  }

  // --- vectors ---

  Part vector(int depth) {
    if (depth <= 0) return selector(random_);
    const std::size_t roll = random_.below(100);
    if (roll < 12) return selector(random_);
    if (roll < 32) return range_call(depth - 1);
    if (roll < 52) return aggregation(depth - 1);
    if (roll < 68) return binary(depth - 1);
    if (roll < 75) return set_operation(depth - 1);
    if (roll < 84) return plain_call(depth - 1);
    if (roll < 87) return labelled(depth - 1);
    if (roll < 90)
      return rounded(random_.chance(60) ? call(V, random_.pick(library_functions), {vector(depth - 1)}) : powers(depth - 1));
    if (roll < 92) return call(V, "vector", {scalar(depth - 1)});
    if (roll < 94) return std::move(Part{V, {}, {}}.add(random_.chance(75) ? "-" : "+").add(parens(vector(depth - 1))));
    if (roll < 96) return classic_quantile(depth - 1);
    return parens(vector(depth - 1));
  }

  Part plain_call(int depth) {
    switch (random_.below(7)) {
      case 0: return call(V, "clamp", {vector(depth), scalar(depth - 1), scalar(depth - 1)});
      case 1: return call(V, random_.chance(50) ? "clamp_min" : "clamp_max", {vector(depth), scalar(depth - 1)});
      case 2: return call(V, "round", {vector(depth), scalar(depth - 1)});
      case 3: {
        const std::string name = random_.pick(calendar_functions);
        if (random_.chance(25)) return leaf(V, name + "()");
        return call(V, name,
                    {random_.chance(60) ? call(V, "timestamp", {any_selector(depth)}) : selector_of(random_, "jittered")});
      }
      default: {
        const std::string name = random_.pick(plain_functions);
        if (name == "scalar_of") return call(V, "vector", {call(S, "scalar", {vector(depth)})});
        return call(V, name, {name == "absent" || name == "timestamp" ? any_selector(depth) : vector(depth)});
      }
    }
  }
  // Functions that look at the selector itself.
  Part any_selector(int depth) { return random_.chance(70) ? selector(random_) : vector(depth); }

  Part labelled(int depth) {
    static const char* const targets[] = {"job", "new", "instance", "__name__", "code", "0bad", "with-dash", ""};
    static const char* const patterns[] = {"(.*)", "(a|b)", "(?P<x>.)(.*)", ".+", "", "v(\\\\d)", "((", "4.."};
    static const char* const replacements[] = {"$1", "x-$1", "${x}", "$0$0", "", "constant", "$2", "$$"};
    if (random_.chance(60))
      return call(V, "label_replace",
                  {vector(depth), text(usual(targets, 5)), text(random_.pick(replacements)), text(random_.pick(label_names)),
                   text(random_.pick(patterns))});
    std::vector<Part> arguments{vector(depth), text(usual(targets, 5)), text(random_.chance(70) ? "-" : "")};
    for (std::size_t count = random_.below(4); count > 0; --count) arguments.push_back(text(random_.pick(label_names)));
    return call(V, "label_join", std::move(arguments));
  }
  // One of the first `count`, seldom one of the others.
  template <std::size_t size>
  std::string usual(const char* const (&list)[size], std::size_t count) {
    return random_.chance(93) ? list[random_.below(count)] : random_.pick(list);
  }

  Part powers(int depth) {
    const std::string op = random_.chance(60) ? "^" : "atan2";
    switch (random_.below(3)) {
      case 0: return infix(V, parens(vector(depth)), op, parens(scalar(depth)));
      case 1: return infix(V, parens(scalar(depth)), op, parens(vector(depth)));
      default: return infix(V, parens(selector(random_)), op + " on () group_left ()", parens(leaf(V, "lonely")));
    }
  }

  Part classic_quantile(int depth) {
    Part buckets = selector_of(random_, "took_seconds_bucket");
    if (random_.chance(60))
      buckets = call(V, random_.chance(50) ? "rate" : "increase", {windowed(random_, "took_seconds_bucket")});
    if (random_.chance(50)) {
      Part sum;
      sum.type = V;
      buckets = std::move(sum.add("sum by (le" + std::string(random_.chance(50) ? ", job" : "") + ") (").add(buckets).add(")"));
    }
    if (random_.chance(10)) buckets = vector(depth);
    return call(V, "histogram_quantile", {quantile(), std::move(buckets)});
  }
  Part quantile() {
    static const char* const usual_ones[] = {"0.5", "0.9", "0.99", "0", "1", "0.25"};
    static const char* const odd[] = {"-0.1", "1.5", "NaN", "Inf", "time()"};
    return leaf(S, random_.chance(85) ? random_.pick(usual_ones) : random_.pick(odd));
  }

  // --- ranges ---

  Part range(int depth) {
    if (depth <= 0 || random_.chance(65)) return windowed(random_, "");
    static const char* const steps[] = {"15s", "30s", "1m", "17s", "", "7s500ms", "45s"};
    Part out;
    out.type = ValueType::range_vector;
    Part inner = vector(depth - 1);
    out.add("(").add(std::move(inner)).add(")[" + duration(random_) + ":" + random_.pick(steps) + "]");
    return std::move(out.add_optional(shift(random_)));
  }

  Part range_call(int depth) {
    switch (random_.below(12)) {
      case 0: return call(V, "quantile_over_time", {random_.chance(80) ? quantile() : scalar(depth - 1), range(depth)});
      case 1: return call(V, "predict_linear", {range(depth), scalar(1)});
      case 2: {
        static const char* const factors[] = {"0.3", "0.7", "0.01", "0.5"};
        static const char* const odd[] = {"0", "1", "-0.5", "2"};
        const auto factor = [&] { return leaf(S, random_.chance(90) ? random_.pick(factors) : random_.pick(odd)); };
        return call(V, "holt_winters", {range(depth), factor(), factor()});
      }
      default: return call(V, random_.pick(range_functions), {range(depth)});
    }
  }

  // --- aggregations ---

  std::string grouping() {
    const std::size_t roll = random_.below(10);
    if (roll < 3) return "";
    std::string out = roll < 8 ? " by (" : " without (";
    const std::size_t count = random_.below(3) + (roll < 8 ? 0U : 1U);
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) out += ", ";
      out += random_.chance(4) ? "__name__" : label_names[random_.below(7)];
    }
    return out + ")";
  }

  Part aggregated(const std::string& name, std::vector<Part> arguments) {
    Part out;
    out.type = V;
    out.add(name);
    const std::string by = grouping();
    const bool is_before = random_.chance(70);
    if (is_before) out.add_optional(by);
    out.add(" (");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (i != 0) out.add(", ");
      out.add(std::move(arguments[i]));
    }
    out.add(")");
    return is_before ? out : std::move(out.add_optional(by));
  }

  Part aggregation(int depth) {
    const std::size_t roll = random_.below(20);
    if (roll < 2) return aggregated("quantile", {random_.chance(70) ? quantile() : scalar(depth), vector(depth)});
    if (roll < 3) return counted_values(depth);
    if (roll < 5) {
      static const char* const without_ties[] = {"sum", "min", "max", "count", "group"};
      return call(V, random_.pick(without_ties), {top()});
    }
    return aggregated(random_.pick(plain_aggregations), {vector(depth)});
  }

  Part counted_values(int depth) {
    static const char* const names[] = {"value", "job", "v", "instance", "0bad", ""};
    return aggregated("count_values", {text(usual(names, 4)), vector(depth)});
  }

  // Which of equal values are kept is nobody's promise, so this stands outermost, or below what makes one of all.
  Part top() {
    static const char* const counts[] = {"1", "2", "3", "5", "0", "-1", "2.9", "100", "NaN", "1e30", "scalar(lonely)"};
    return aggregated(random_.chance(50) ? "topk" : "bottomk",
                      {leaf(S, random_.chance(80) ? counts[random_.below(4)] : random_.pick(counts)), vector(2)});
  }

  // --- pairs ---

  std::string matching(bool may_group) {
    const std::size_t roll = random_.below(10);
    if (roll < 2) return "";
    std::string out = roll < 7 ? " on (" : " ignoring (";
    for (std::size_t count = random_.below(3), i = 0; i < count; ++i) {
      if (i != 0) out += ", ";
      out += label_names[random_.below(7)];
    }
    out += ")";
    if (!may_group || random_.chance(45)) return out;
    out += random_.chance(50) ? " group_left" : " group_right";
    if (random_.chance(50)) out += std::string(" (") + label_names[random_.below(7)] + ")";
    return out;
  }

  // Two sides that have to do with each other, with the modifier that matches them.
  Part related(int depth, const std::string& op) {
    const auto by = [&](const std::string& labels) {
      Part out;
      out.type = V;
      out.add(random_.pick(plain_aggregations)).add(" by (" + labels + ") (");
      return std::move(out.add(vector(depth - 1)).add(")"));
    };
    switch (random_.below(6)) {
      case 0: return infix(V, by("job"), op, by("job"));
      case 1: return infix(V, by("job, instance"), op + " on (job) group_left ()", by("job"));
      case 2: return infix(V, by("job"), op + " on (job) group_right", by("job, code"));
      case 3:
        return infix(V, selector_of(random_, "requests_total"), op + " on (instance) group_left (version)",
                     selector_of(random_, "build_info"));
      case 4: {
        const auto all = metrics();
        const std::string name = random_.pick(all).name;
        return infix(V, call(V, "rate", {windowed(random_, name)}), op, selector_of(random_, name));
      }
      default:
        return infix(V, selector_of(random_, "errors_total"), op + " ignoring (code) group_right",
                     selector_of(random_, "requests_total"));
    }
  }

  Part binary(int depth) {
    std::string op = random_.pick(operators);
    const bool compares = is_comparison(op);
    if (compares && random_.chance(40)) op += " bool";
    switch (random_.below(8)) {
      case 0:
      case 1: return infix(V, vector(depth), op, scalar(depth));
      case 2: return infix(V, scalar(depth), op, vector(depth));
      case 3: {
        Part same = vector(depth);
        Part other = same;
        return infix(V, std::move(same), op, std::move(other));
      }
      case 4: return infix(V, vector(depth), op + matching(true), vector(depth));
      default: return related(depth, op);
    }
  }

  Part set_operation(int depth) {
    static const char* const names[] = {"and", "or", "unless"};
    return infix(V, vector(depth), random_.pick(names) + matching(false), vector(depth));
  }

  Random random_;
};

}  // namespace

Part rounded(Part vector) {
  const std::string bound(rounding_bound);
  Part out;
  out.type = V;
  out.add("round(clamp(").add(std::move(vector)).add(", -" + bound + ", " + bound + "), " + std::string(rounding_step) + ")");
  return out;
}

Part expression_of(std::uint64_t seed) { return Grammar(seed).expression(); }

}  // namespace watchbill::differential
