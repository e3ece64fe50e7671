#include "metrics/promql/operators.h"

namespace watchbill::metrics::promql {

std::string_view text_of(BinaryOperator op) noexcept {
  switch (op) {
    case BinaryOperator::add: return "+";
    case BinaryOperator::subtract: return "-";
    case BinaryOperator::multiply: return "*";
    case BinaryOperator::divide: return "/";
    case BinaryOperator::modulo: return "%";
    case BinaryOperator::power: return "^";
    case BinaryOperator::atan2: return "atan2";
    case BinaryOperator::equal: return "==";
    case BinaryOperator::not_equal: return "!=";
    case BinaryOperator::less: return "<";
    case BinaryOperator::less_or_equal: return "<=";
    case BinaryOperator::greater: return ">";
    case BinaryOperator::greater_or_equal: return ">=";
    case BinaryOperator::and_: return "and";
    case BinaryOperator::or_: return "or";
    case BinaryOperator::unless: return "unless";
    case BinaryOperator::trim_upper: return "</";
    case BinaryOperator::trim_lower: return ">/";
  }
  return "";
}

std::string_view text_of(AggregateOperator op) noexcept {
  switch (op) {
    case AggregateOperator::sum: return "sum";
    case AggregateOperator::avg: return "avg";
    case AggregateOperator::min: return "min";
    case AggregateOperator::max: return "max";
    case AggregateOperator::count: return "count";
    case AggregateOperator::group: return "group";
    case AggregateOperator::stddev: return "stddev";
    case AggregateOperator::stdvar: return "stdvar";
    case AggregateOperator::topk: return "topk";
    case AggregateOperator::bottomk: return "bottomk";
    case AggregateOperator::quantile: return "quantile";
    case AggregateOperator::count_values: return "count_values";
    case AggregateOperator::limitk: return "limitk";
    case AggregateOperator::limit_ratio: return "limit_ratio";
  }
  return "";
}

std::string_view text_of(MatchOperator op) noexcept {
  switch (op) {
    case MatchOperator::equal: return "=";
    case MatchOperator::not_equal: return "!=";
    case MatchOperator::regex: return "=~";
    case MatchOperator::not_regex: return "!~";
  }
  return "";
}

}  // namespace watchbill::metrics::promql
