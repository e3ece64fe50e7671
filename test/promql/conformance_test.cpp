// The scripts of Prometheus' own engine tests, file by file, against the counts in test/data/promql/conformance.txt.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "metrics/promql/parser.h"
#include "metrics/promql/print.h"
#include "metrics/promql/test_language.h"
#include "places.h"
#include "promql/conformance_data.h"

namespace watchbill::metrics::promql {
namespace {

TEST(Conformance, no_script_passes_less_than_it_did) {
  if (!std::filesystem::exists(test::conformance("promql"))) GTEST_SKIP() << test::conformance("promql") << " is not here";
  std::istringstream golden(test::read_file(in_test_data("promql/conformance.txt")));
  std::size_t files = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream row(line);
    std::string file;
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t refused = 0;
    ASSERT_TRUE(row >> file >> passed >> failed >> refused) << line;
    const auto result = run_script(test::read_file(test::conformance("promql/" + file)));
    ASSERT_TRUE(result) << file << ": " << result.error().text();
    EXPECT_GE(result->passed, passed) << file << ": " << result->text();
    EXPECT_LE(result->failed, failed) << file << ": " << result->text();
    EXPECT_LE(result->refused, refused) << file << ": " << result->text();
    EXPECT_EQ(result->passed + result->failed + result->refused, passed + failed + refused) << file << ": an eval was lost";
    ++files;
  }
  EXPECT_EQ(files, 21U);
}

// Debian's Prometheus 2.42 was asked the same; what it answers as the script says, we answer so too with its semantics.
TEST(Conformance, what_prometheus_2_42_passes_passes_with_its_semantics) {
  const auto path = test::conformance("promql/results-2.42.jsonl");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  std::istringstream verdicts(test::read_file(path));
  std::map<std::string, std::set<std::size_t>> passed_there;
  for (std::string line; std::getline(verdicts, line);) {
    const auto row = parse_json(line);
    ASSERT_TRUE(row) << line;
    if (*row->find("verdict")->as_string() == "pass")
      passed_there[*row->find("file")->as_string()].insert(static_cast<std::size_t>(*row->find("line")->as_integer()));
  }
  std::size_t count = 0;
  ScriptLimits limits;
  limits.differences_max = 10'000;
  for (const auto& [file, lines] : passed_there) {
    const auto result =
        run_script(test::read_file(test::conformance("promql/" + file)), limits, {Semantics::prometheus_2, false});
    ASSERT_TRUE(result) << file;
    for (const ScriptDifference& difference : result->differences)
      EXPECT_EQ(lines.count(difference.line), 0U) << file << ":" << difference.line << ": " << difference.query << "\n  "
                                                  << difference.difference;
    count += lines.size();
  }
  EXPECT_EQ(count, 531U);
}

// Every value that the compliance tester gives to a variable of its query templates, as far as parsing goes.
std::string with_variant(std::string query) {
  const std::pair<const char*, const char*> variants[] = {{"range", "1m"},
                                                          {"offset", "5m"},
                                                          {"simpleAggrOp", "sum"},
                                                          {"topBottomOp", "topk"},
                                                          {"quantile", "0.5"},
                                                          {"arithBinOp", "+"},
                                                          {"compBinOp", ">="},
                                                          {"binOp", "+"},
                                                          {"simpleMathFunc", "abs"},
                                                          {"extrapolatedRateFunc", "rate"},
                                                          {"clampFunc", "clamp_min"},
                                                          {"instantRateFunc", "irate"},
                                                          {"dateFunc", "minute"},
                                                          {"smoothingFactor", "0.5"},
                                                          {"trendFactor", "0.5"},
                                                          {"simpleTimeAggrOp", "avg"},
                                                          {"setBinOp", "and"},
                                                          {"trigFunc", "sin"}};
  for (const auto& [name, value] : variants) {
    const std::string hole = std::string("{{.") + name + "}}";
    for (std::size_t at = query.find(hole); at != std::string::npos; at = query.find(hole)) query.replace(at, hole.size(), value);
  }
  return query;
}

TEST(Conformance, the_compliance_testers_queries_parse_or_are_refused_as_it_says) {
  const auto path = test::conformance("promql-compliance/promql-test-queries.yml");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  std::istringstream file(test::read_file(path));
  std::vector<std::pair<std::string, bool>> queries;
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view key = "query: ";
    if (line.find("should_fail: true") != std::string::npos && line.find('#') == std::string::npos) queries.back().second = true;
    const std::size_t at = line.find(key);
    if (at == std::string::npos || line.starts_with('#')) continue;
    std::string text = line.substr(at + key.size());
    const char quote = text.front();
    if (quote == '\'' || quote == '"') {
      text = text.substr(1, text.rfind(quote) - 1);
      const std::string escaped = quote == '"' ? "\\\"" : "''";
      for (std::size_t i = text.find(escaped); i != std::string::npos; i = text.find(escaped, i + 1)) text.erase(i, 1);
    }
    queries.emplace_back(with_variant(text), false);
  }
  EXPECT_EQ(queries.size(), 118U);
  for (const auto& [query, should_fail] : queries) {
    EXPECT_EQ(query.find("{{."), std::string::npos) << query << ": give the variable a value above";
    const auto expression = parse(query);
    // What the tester expects to fail may also fail at evaluation only.
    EXPECT_TRUE(expression || should_fail) << query << ": " << expression.error().text();
    EXPECT_TRUE(!expression || parse(print(*expression))) << query;
  }
}

}  // namespace
}  // namespace watchbill::metrics::promql
