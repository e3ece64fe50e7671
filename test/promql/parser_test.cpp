#include "metrics/promql/parser.h"

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "metrics/promql/print.h"
#include "places.h"
#include "promql/conformance_data.h"

namespace watchbill::metrics::promql {
namespace {

std::string printed(std::string_view text) {
  const auto expression = parse(text);
  return expression ? print(*expression) : expression.error().text();
}

// What the print of `text` shows must parse to the same print again.
void expect_round_trip(const std::string& text) {
  const auto first = parse(text);
  ASSERT_TRUE(first) << text << ": " << first.error().text();
  const std::string once = print(*first);
  const auto second = parse(once);
  ASSERT_TRUE(second) << once << ": " << second.error().text();
  EXPECT_EQ(print(*second), once) << text;
  EXPECT_EQ(digest(*second), digest(*first));
}

TEST(Parser, operators_bind_as_in_prometheus) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 + 2 * 3 ^ 2 ^ -1", "1 + 2 * 3 ^ 2 ^ -1"},
      {"-a ^ b * c", "-a ^ b * c"},
      {"a or b and c unless d", "a or b and c unless d"},
  };
  for (const auto& [text, wanted] : cases) EXPECT_EQ(printed(text), wanted);

  const auto power = parse("-a ^ b");
  ASSERT_TRUE(power);
  ASSERT_TRUE(std::holds_alternative<Unary>(power->at(power->root).of)) << "the sign must apply to the whole power";

  const auto right = parse("a ^ b ^ c");
  ASSERT_TRUE(right);
  const Binary& outer = std::get<Binary>(right->at(right->root).of);
  EXPECT_TRUE(std::holds_alternative<VectorSelector>(right->at(outer.left).of)) << "^ binds to the right";

  const auto left = parse("a - b - c");
  ASSERT_TRUE(left);
  EXPECT_TRUE(std::holds_alternative<Binary>(left->at(std::get<Binary>(left->at(left->root).of).left).of))
      << "- binds to the left";

  const auto sets = parse("a or b and c");
  ASSERT_TRUE(sets);
  EXPECT_EQ(std::get<Binary>(sets->at(sets->root).of).op, BinaryOperator::or_) << "and binds tighter than or";
}

TEST(Parser, literals_are_read_as_go_reads_them) {
  const std::pair<const char*, double> numbers[] = {
      {"0x1F", 31}, {"1_000", 1000}, {"1_000.5e-1", 100.05}, {"017", 15}, {"08", 8}, {".5", 0.5}, {"2.", 2}, {"1e-400", 0},
      {"5m", 300}, {"1h30m", 5400}, {"250ms", 0.25}, {"inF", INFINITY}, {"-Inf", -INFINITY}, {"+3", 3},
  };
  for (const auto& [text, value] : numbers) {
    const auto expression = parse(text);
    ASSERT_TRUE(expression) << text << ": " << expression.error().text();
    EXPECT_EQ(std::get<NumberLiteral>(expression->at(expression->root).of).value, value) << text;
  }
  const std::pair<const char*, std::string> strings[] = {
      {R"("a\"b\x41\u00e9\101\n")", "a\"bA\xC3\xA9" "A\n"}, {R"('it''')", ""}, {"`raw\\n\n`", "raw\\n\n"}, {R"('\'"')", "'\""},
      {R"("\U0001F600")", "\xF0\x9F\x98\x80"}, {R"("\xff")", "\xFF"},
  };
  for (const auto& [text, value] : strings) {
    const auto expression = parse(text);
    if (value.empty()) {
      EXPECT_FALSE(expression) << text;
      continue;
    }
    ASSERT_TRUE(expression) << text << ": " << expression.error().text();
    EXPECT_EQ(std::get<StringLiteral>(expression->at(expression->root).of).value, value) << text;
  }
}

TEST(Parser, text_is_printed_in_its_canonical_form) {
  const std::pair<const char*, const char*> cases[] = {
      {"SUM(x) BY (a,b,)", "sum by (a, b) (x)"},
      {"sum by () (x)", "sum(x)"},
      {"sum without()(x)", "sum without () (x)"},
      {"topk  (3,x{a='b' , c!~\"d\"})", "topk(3, x{a=\"b\",c!~\"d\"})"},
      {"rate(x[300s]) # comment", "rate(x[5m])"},
      {"x offset -90s @ 1.5", "x @ 1.500 offset -1m30s"},
      {"max_over_time(x[1d:] @ end())", "max_over_time(x[1d:] @ end())"},
      {"a == bool on(x) group_left(y) b", "a == bool on (x) group_left (y) b"},
      {"a / ignoring() b", "a / b"},
      {"a + on() b", "a + on () b"},
      {"{\"my.metric\",\"l.a\"=\"b\"}", "{\"my.metric\",\"l.a\"=\"b\"}"},
      {"{__name__=\"up\"}", "{__name__=\"up\"}"},
      {"rate(x[5m*2+step()])", "rate(x[5m * 2 + step()])"},
      {"x offset (2*-3)", "x offset (2 * -3)"},
      {"a + fill(1) b", "a + fill_left (1) fill_right (1) b"},
      {"rate(x[1m] anchored)", "rate(x[1m] anchored)"},
      {"sum", "sum"},
      {"offset offset 5m", "offset offset 5m"},
      {"avg{by=\"x\"} + on(sum, by) count", "avg{by=\"x\"} + on (sum, by) count"},
      {"1e20", "100000000000000000000"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_EQ(printed(text), wanted) << text;
    expect_round_trip(text);
  }
}

// One line of test/data/promql/parse_errors.txt: the expression, a tab, the error with reason and byte offset; "\n" stands for a
// newline.
TEST(Parser, large_numbers_have_the_digits_of_go) {
  EXPECT_EQ(format_value(9007199254740991.0), "9007199254740991");
  EXPECT_EQ(format_value(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(format_value(18446744073709551616.0), "18446744073709552000");
  EXPECT_EQ(format_value(-18446744073709551616.0), "-18446744073709552000");
  EXPECT_EQ(format_value(1e22), "1" + std::string(22, '0'));
  EXPECT_EQ(format_value(1.7976931348623157e308), "17976931348623157" + std::string(292, '0'));
}

TEST(Parser, errors_name_their_place_and_what_was_expected) {
  std::ifstream golden(in_test_data("promql/parse_errors.txt"));
  ASSERT_TRUE(golden) << "test/data/promql/parse_errors.txt is missing";
  std::size_t count = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t tab = line.find('\t');
    std::string text = line.substr(0, tab);
    for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n")) text.replace(at, 2, "\n");
    const auto expression = parse(text);
    ASSERT_FALSE(expression) << line << "\nwas accepted as " << print(*expression);
    const ExpressionError& error = expression.error();
    const std::string got = std::string(word(error.reason)) + " " + std::to_string(error.at.offset) + " " + error.text();
    EXPECT_EQ(tab == std::string::npos ? "" : line.substr(tab + 1), got) << line.substr(0, tab);
    ++count;
  }
  EXPECT_GE(count, 60U);
}

TEST(Parser, depth_and_size_are_bounded) {
  const std::string parens = std::string(5000, '(') + "1" + std::string(5000, ')');
  ASSERT_FALSE(parse(parens));
  EXPECT_EQ(parse(parens).error().reason, ExpressionRefusal::too_deep);
  EXPECT_EQ(parse(std::string(100'000, '-') + "1").error().reason, ExpressionRefusal::too_deep);
  EXPECT_EQ(parse("x[" + std::string(50'000, '(') + "1").error().reason, ExpressionRefusal::too_deep);
  EXPECT_EQ(parse("x[" + std::string(50'000, '-') + "1").error().reason, ExpressionRefusal::too_deep);
  std::string chain = "a";
  for (int i = 0; i < 5000; ++i) chain += "+a";
  EXPECT_EQ(parse(chain).error().reason, ExpressionRefusal::too_deep);
  EXPECT_EQ(parse(std::string(1U << 20U, ' ')).error().reason, ExpressionRefusal::too_long);
  EXPECT_TRUE(parse("1+1+1+1", ParseLimits{100, 4}));
  EXPECT_FALSE(parse("1+1+1+1+1", ParseLimits{100, 4}));
}

TEST(Parser, duration_expressions_are_resolved_with_step_and_range) {
  const auto value = [](std::string_view text) {
    const auto expression = parse(text);
    EXPECT_TRUE(expression) << text;
    const Call& call = std::get<Call>(expression->at(expression->root).of);
    const MatrixSelector& matrix = std::get<MatrixSelector>(expression->at(call.arguments.front()).of);
    const auto ms = resolve_duration(*expression, matrix.range, 10'000, 60'000);
    return ms ? *ms : -1;
  };
  EXPECT_EQ(value("rate(x[5m])"), 300'000);
  EXPECT_EQ(value("rate(x[2*step()+1])"), 21'000);
  EXPECT_EQ(value("rate(x[max_of(range(), 1m30s)])"), 90'000);
  EXPECT_EQ(value("rate(x[1h30m % 1h])"), 1'800'000);
  EXPECT_EQ(value("rate(x[2 ^ 3 ^ 0])"), 2'000);
  EXPECT_EQ(value("rate(x[1m / 0])"), -1);
}

TEST(Parser, every_alert_rule_of_the_field_parses_and_prints_back) {
  const auto path = test::conformance("rules/expressions.jsonl");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  std::ifstream in(path);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const auto json = parse_json(line);
    ASSERT_TRUE(json);
    expect_round_trip(*json->find("expr")->as_string());
  }
  EXPECT_EQ(count, 675U);
}

}  // namespace
}  // namespace watchbill::metrics::promql
