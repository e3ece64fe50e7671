#include "differential/harness/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/json.h"

namespace watchbill::differential {
namespace {

using Outcome = Verdict::Outcome;

struct Point {
  std::string at;     // as it was written
  std::string value;  // as it was written
  friend auto operator<=>(const Point&, const Point&) = default;
};
struct Series {
  std::string labels;
  std::vector<Point> points;
  friend auto operator<=>(const Series&, const Series&) = default;
};
struct Answer {
  std::string kind;  // status, type of error or of the result, warnings
  std::vector<Series> series;
};

std::string text_of(const JsonValue& value) {
  std::string out;
  append_json(out, value);
  return out;
}
std::string text_of(const JsonValue* value) { return value == nullptr ? "" : text_of(*value); }

Point point_of(const JsonValue& pair) {
  const JsonValue::Array* both = pair.as_array();
  if (both == nullptr || both->size() != 2) return {"?", text_of(pair)};
  const std::string* value = both->at(1).as_string();
  return {text_of(both->at(0)), value == nullptr ? text_of(both->at(1)) : *value};
}

Answer answer_of(const Reply& reply) {
  Answer answer;
  const auto parsed = parse_json(reply.body, {std::size_t{64} << 20, 64, 10'000'000});
  if (!parsed) return {"no JSON, status " + std::to_string(reply.status), {}};
  answer.kind = std::to_string(reply.status) + " " + text_of(parsed->find("status")) + " " + text_of(parsed->find("errorType")) +
                " " + text_of(parsed->find("warnings"));
  const JsonValue* data = parsed->find("data");
  if (data == nullptr) return answer;
  answer.kind += text_of(data->find("resultType"));
  const JsonValue* result = data->find("result");
  if (result == nullptr || result->as_array() == nullptr) return answer;
  const bool is_list = result->as_array()->empty() || result->as_array()->front().as_object() != nullptr;
  if (!is_list) answer.series.push_back({"", {point_of(*result)}});
  if (!is_list) return answer;
  for (const JsonValue& each : *result->as_array()) {
    Series series{text_of(each.find("metric")), {}};
    if (const JsonValue* value = each.find("value")) series.points.push_back(point_of(*value));
    if (const JsonValue* values = each.find("values"); values != nullptr && values->as_array() != nullptr)
      for (const JsonValue& pair : *values->as_array()) series.points.push_back(point_of(pair));
    if (const JsonValue* value = each.find("histogram")) series.points.push_back(point_of(*value));
    if (const JsonValue* values = each.find("histograms"); values != nullptr && values->as_array() != nullptr)
      for (const JsonValue& pair : *values->as_array()) series.points.push_back(point_of(pair));
    answer.series.push_back(std::move(series));
  }
  return answer;
}

double number_of(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

Verdict different(std::string what) { return {Outcome::different, std::nullopt, std::move(what), 0}; }
Verdict allowed(Deviation by, double units) { return {Outcome::allowed, by, {}, units}; }

// The values alone, by time.
std::map<std::string, std::vector<std::string>> values_by_time(const Answer& answer) {
  std::map<std::string, std::vector<std::string>> out;
  for (const Series& series : answer.series)
    for (const Point& point : series.points) out[point.at].push_back(point.value == "-0" ? "0" : point.value);
  for (auto& [at, values] : out) std::sort(values.begin(), values.end());
  return out;
}

// Where two ordered lists of series part, and whether only last digits do.
// How far two values are apart, in units of the last place as their kind has it.
double distance(Digits digits, double a, double b) noexcept {
  const double apart = units_between(a, b);
  if (!std::isfinite(apart) || apart == 0 || a == 0) return apart;
  switch (digits) {
    case Digits::exact:
    case Digits::usual: return apart;
    case Digits::of_one: return std::abs(a) < 1 ? std::abs(a - b) / std::numeric_limits<double>::epsilon() : apart;
    case Digits::of_tangent: return apart / (1 + std::abs(a));
    case Digits::of_power: return apart / (1 + std::abs(std::log(std::abs(a))));
  }
  return apart;
}

Verdict compare_series(const Answer& theirs, const Answer& ours, Digits digits) {
  if (theirs.series.size() != ours.series.size())
    return different(std::to_string(theirs.series.size()) + " series there, " + std::to_string(ours.series.size()) + " here");
  double units = 0;
  std::string first;
  for (std::size_t i = 0; i < theirs.series.size(); ++i) {
    const Series& a = theirs.series[i];
    const Series& b = ours.series[i];
    if (a.labels != b.labels) return different("labels " + a.labels + " there, " + b.labels + " here");
    if (a.points.size() != b.points.size())
      return different(a.labels + ": " + std::to_string(a.points.size()) + " points there, " + std::to_string(b.points.size()) +
                       " here");
    for (std::size_t k = 0; k < a.points.size(); ++k) {
      const Point& left = a.points[k];
      const Point& right = b.points[k];
      if (left == right) continue;
      if (left.at != right.at) return different(a.labels + ": a point at " + left.at + " there, at " + right.at + " here");
      units = std::max(units, distance(digits, number_of(left.value), number_of(right.value)));
      if (first.empty()) first = a.labels + " at " + left.at + ": " + left.value + " there, " + right.value + " here";
    }
  }
  if (first.empty()) return {};
  return {Outcome::different, std::nullopt, first, units};
}

std::vector<double> in_order(const Answer& answer) {
  std::vector<double> out;
  for (const Series& series : answer.series)
    for (const Point& point : series.points) out.push_back(number_of(point.value));
  return out;
}

// Whether `is_excused` (of their value and ours) wherever two answers of equal shape differ.
template <class IsExcused>
bool all_excused(const Answer& theirs, const Answer& ours, const IsExcused& is_excused) {
  for (std::size_t i = 0; i < theirs.series.size(); ++i)
    for (std::size_t k = 0; k < theirs.series[i].points.size(); ++k) {
      const Point& there = theirs.series[i].points[k];
      const Point& here = ours.series[i].points[k];
      if (there != here && !is_excused(there.value, here.value)) return false;
    }
  return true;
}
bool differ_where_ours_is_nan(const Answer& theirs, const Answer& ours) {
  return all_excused(theirs, ours, [](const std::string&, const std::string& here) { return here == "NaN"; });
}
bool differ_in_signs_of_zeros(const Answer& theirs, const Answer& ours) {
  return all_excused(theirs, ours, [](const std::string& there, const std::string& here) {
    return (there == "0" || there == "-0") && (here == "0" || here == "-0");
  });
}

bool have_one_order(const Answer& theirs, const Answer& ours) {
  const auto a = in_order(theirs);
  const auto b = in_order(ours);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); });
}

}  // namespace

double units_between(double a, double b) noexcept {
  if (a == b || (std::isnan(a) && std::isnan(b))) return a == b && std::signbit(a) != std::signbit(b) ? 1 : 0;
  if (!std::isfinite(a) || !std::isfinite(b)) return std::numeric_limits<double>::infinity();
  const double larger = std::max(std::abs(a), std::abs(b));
  return std::abs(a - b) / (std::nextafter(larger, std::numeric_limits<double>::infinity()) - larger);
}

Verdict compare(const Comparison& comparison, const Reply& prometheus, const Reply& watchbill) {
  if (prometheus.status == watchbill.status && prometheus.body == watchbill.body) return {};
  Answer theirs = answer_of(prometheus);
  Answer ours = answer_of(watchbill);
  const ExpressionClass& expression = comparison.expression;
  if (expression.other) return allowed(*expression.other, 0);
  if (theirs.kind != ours.kind) {
    const bool is_refused_there = prometheus.status == 422 && watchbill.status == 200;
    if (expression.has_odd_label_name && is_refused_there) return allowed(Deviation::label_names, 0);
    return different(theirs.kind + " there, " + ours.kind + " here");
  }
  if (!comparison.is_range && expression.is_ordered && !have_one_order(theirs, ours))
    return different("another order");
  if (!comparison.is_range) {
    std::sort(theirs.series.begin(), theirs.series.end());
    std::sort(ours.series.begin(), ours.series.end());
  }
  Verdict verdict = compare_series(theirs, ours, expression.digits);
  if (verdict.outcome == Outcome::same) return verdict;
  if (expression.ends_in_top && values_by_time(theirs) == values_by_time(ours)) return allowed(Deviation::ties_of_top, 0);
  // compare_series() tells units only where nothing but values differ.
  if (expression.picks_computed && verdict.units > 0 && differ_in_signs_of_zeros(theirs, ours))
    return allowed(Deviation::order_of_sums, 0);
  if (expression.ends_in_calendar && verdict.units > 0 && differ_where_ours_is_nan(theirs, ours))
    return allowed(Deviation::calendar_of_no_time, 0);
  if (verdict.units > 0 && verdict.units <= units_max) {
    if (expression.digits != Digits::exact) return allowed(Deviation::library_digits, verdict.units);
    if (expression.sums_computed) return allowed(Deviation::order_of_sums, verdict.units);
  }
  return verdict;
}

bool says_something(const Reply& reply) {
  return reply.status == 200 && (reply.body.find("\"value\":") != std::string::npos ||
                                 reply.body.find("\"values\":") != std::string::npos ||
                                 reply.body.find("\"histogram") != std::string::npos ||
                                 reply.body.find("\"scalar\"") != std::string::npos ||
                                 reply.body.find("\"string\"") != std::string::npos);
}

}  // namespace watchbill::differential
