// `check rules`: what it says of the files that it read.
#include "cli/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/emitters.h"
#include "cli/empty_world.h"

namespace watchbill::cli {
namespace {

class check_rules_verb : public ::testing::Test {
 protected:
  check_rules_verb() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wb-check-rules-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~check_rules_verb() override { std::filesystem::remove_all(folder_); }
  check_rules_verb(const check_rules_verb&) = delete;
  check_rules_verb& operator=(const check_rules_verb&) = delete;

  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }

  // What is printed, without the folder.
  std::string check(std::vector<std::string> files, Format format = Format::table, bool warn_as_fail = false) {
    CheckArguments arguments;
    for (std::string& file : files) arguments.files.push_back(folder_ + "/" + file);
    arguments.warn_as_fail = warn_as_fail;
    arguments.emitters = emitters_;
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Terminal terminal(out, err, format, false);
    exit_code_ = static_cast<int>(check_rules(terminal, empty_.world, arguments));
    std::rewind(out);
    std::string text;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text.push_back(static_cast<char>(c));
    std::fclose(out);
    std::fclose(err);
    for (std::size_t at = text.find(folder_ + "/"); at != std::string::npos; at = text.find(folder_ + "/"))
      text.erase(at, folder_.size() + 1);
    return text;
  }

  std::string folder_;
  EmptyWorld empty_;
  std::vector<std::string> emitters_;
  int exit_code_{0};
};

TEST_F(check_rules_verb, says_what_each_file_holds) {
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: up}, {record: b, expr: up}]}, {name: h, rules: []}]\n");
  put("b.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0, for: 1m}]}]\n");
  put("empty.yml", "");
  EXPECT_EQ(check({"a.yml", "b.yml", "empty.yml"}),
            "a.yml: 2 groups, 2 rules\nb.yml: 1 group, 1 rule\nempty.yml: 0 groups, 0 rules\n0 errors, 0 warnings\n");
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(check({"a.yml"}, Format::json), "") << "lines of JSON are findings";
}

TEST_F(check_rules_verb, warns_of_two_rules_that_write_one_series) {
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: up}]}, {name: h, rules: [{record: a, expr: down}]}]\n");
  const std::string text = check({"a.yml"});
  EXPECT_NE(text.find("a.yml:1:80: warning: groups[1].rules[0].record: a rule with this name"), std::string::npos) << text;
  EXPECT_NE(text.find("0 errors, 1 warnings\n"), std::string::npos) << text;
  EXPECT_EQ(exit_code_, 0);
  check({"a.yml"}, Format::table, true);
  EXPECT_EQ(exit_code_, 1);
}

TEST_F(check_rules_verb, a_lint_is_shown_at_its_place_with_a_caret) {
  put("a.yml", "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: count(x) < 1\n        for: 1m\n");
  const std::string text = check({"a.yml"});
  EXPECT_NE(text.find("a.yml:5:24: warning"), std::string::npos) << text;
  EXPECT_NE(text.find("[never_fires]\n          expr: count(x) < 1\n                         ^\n"), std::string::npos) << text;
}

TEST_F(check_rules_verb, a_metric_that_no_emitter_has_is_an_error) {
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: 'http_request_total + b + up'}, {record: b, expr: 1}]}]\n");
  put("page", "# TYPE http_requests_total counter\nhttp_requests_total 1\nbare 2\n");
  EXPECT_NE(check({"a.yml"}).find("0 errors, 0 warnings"), std::string::npos) << "nobody can know";
  emitters_ = {folder_ + "/page"};
  const std::string text = check({"a.yml"});
  EXPECT_EQ(exit_code_, 1) << text;
  EXPECT_NE(text.find("a.yml:1:47: error: groups[0].rules[0].expr: nothing emits http_request_total: none of the emitters that "
                      "were named has it, and no rule records it; did you mean http_requests_total? [no_emitter]"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("1 errors, 0 warnings"), std::string::npos) << text;
}

TEST_F(check_rules_verb, an_emitter_that_cannot_be_read_ends_it) {
  put("a.yml", "groups: []\n");
  emitters_ = {folder_ + "/nowhere"};
  EXPECT_EQ(check({"a.yml"}), "");
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(check_rules_verb, asks_a_prometheus_for_types_and_for_names) {
  std::vector<std::string> asked;
  empty_.world.call = [&asked](ports::HttpCall call) -> Result<ports::HttpAnswer, ports::HttpFailure> {
    asked.push_back(call.url);
    ports::HttpAnswer answer;
    answer.status = 200;
    answer.body = asked.size() == 1 ? R"({"status":"success","data":{"load":[{"type":"gauge","help":"","unit":""}]}})"
                                    : R"({"status":"success","data":["load","pushed"]})";
    return answer;
  };
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: 'rate(load[5m]) + pushed + nobodys'}]}]\n");
  emitters_ = {"http://prometheus:9090"};
  const std::string text = check({"a.yml"});
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0], "http://prometheus:9090/api/v1/metadata");
  EXPECT_EQ(asked[1], "http://prometheus:9090/api/v1/label/__name__/values?start=-3600");
  EXPECT_NE(text.find("[rate_of_gauge]"), std::string::npos) << text;
  EXPECT_NE(text.find("nothing emits nobodys"), std::string::npos) << text;
  EXPECT_EQ(text.find("nothing emits pushed"), std::string::npos) << text;
}

TEST_F(check_rules_verb, asks_an_url_with_a_path_for_its_page_as_a_scrape_does) {
  std::vector<ports::HttpCall> asked;
  empty_.world.call = [&asked](ports::HttpCall call) -> Result<ports::HttpAnswer, ports::HttpFailure> {
    asked.push_back(std::move(call));
    ports::HttpAnswer answer;
    answer.status = 200;
    answer.body = asked.back().url.ends_with("/metrics") ? "pushed 1\n" : R"({"data":["load"]})";
    return answer;
  };
  empty_.world.host_page = [] { return std::string("# TYPE node_load1 gauge\nnode_load1 1\n"); };
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: 'load + pushed + node_load1'}]}]\n");
  emitters_ = {"https://exporter:9100/metrics", "http://prometheus:9090/"};
  EXPECT_EQ(check({"a.yml"}), "a.yml: 1 group, 1 rule\n0 errors, 0 warnings\n");
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].url, "https://exporter:9100/metrics");
  EXPECT_EQ(asked[1].url, "http://prometheus:9090/api/v1/metadata") << "a slash is no path";
  for (const ports::HttpCall& call : asked) {
    EXPECT_EQ(call.body_bytes_max, 64U << 20);
    EXPECT_EQ(call.redirect_count_max, 5U);
    EXPECT_TRUE(call.accepts_compression);
  }
}

TEST_F(check_rules_verb, an_url_that_does_not_answer_ends_it_and_is_named) {
  std::optional<ports::HttpFailure> failure;
  empty_.world.call = [&failure](const ports::HttpCall&) -> Result<ports::HttpAnswer, ports::HttpFailure> {
    if (failure) return *failure;
    ports::HttpAnswer answer;
    answer.status = 404;
    answer.body = "up 1\n";
    return answer;
  };
  config::KnownMetrics known;
  Result<void> added = add_emitters({"http://exporter/metrics"}, empty_.world, known);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().text(), "read the emitters at http://exporter/metrics: answered with status 404");
  failure.emplace().detail = "connection refused";
  added = add_emitters({"http://exporter/metrics"}, empty_.world, known);
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().text(), "read the emitters at http://exporter/metrics: connection refused");
  EXPECT_FALSE(known.is_complete);
}

TEST_F(check_rules_verb, proposes_the_series_of_a_counter_and_not_its_family) {
  put("om.txt", "# TYPE http_requests counter\nhttp_requests_total 1\n# EOF\n");
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: 'rate(http_requets_total[5m])'}, {record: b, expr: "
               "'rate(http_requests[5m])'}, {record: c, expr: 'rate(http_requests_total[5m])'}]}]\n");
  emitters_ = {folder_ + "/om.txt"};
  const std::string text = check({"a.yml"});
  EXPECT_NE(text.find("nothing emits http_requets_total"), std::string::npos) << text;
  EXPECT_NE(text.find("did you mean http_requests_total?"), std::string::npos) << text;
  EXPECT_NE(text.find("nothing emits http_requests:"), std::string::npos) << text;
  EXPECT_EQ(text.find("nothing emits http_requests_total:"), std::string::npos) << text;
}

TEST(emitters, are_read_in_every_form) {
  config::KnownMetrics known;
  ASSERT_TRUE(add_emitter("# TYPE a counter\na_total 1\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# EOF\n",
                          "page", known));
  ASSERT_TRUE(add_emitter("plain 1\n", "page", known));
  ASSERT_TRUE(add_emitter("# TYPE b counter\nb_total 1\n# EOF", "page without a last line end", known));
  ASSERT_TRUE(add_emitter(R"({"g":[{"type":"gauge"}],"two":[{"type":"gauge"},{"type":"counter"}]})", "metadata", known));
  ASSERT_TRUE(add_emitter(R"(["named"])", "names", known));
  const auto type = [&known](const char* name) { return known.type_of(name) == nullptr ? "none" : *known.type_of(name); };
  EXPECT_EQ(type("a_total"), "counter");
  EXPECT_EQ(type("h_bucket"), "counter");
  EXPECT_EQ(type("plain"), "");
  EXPECT_EQ(type("b_total"), "counter");
  EXPECT_EQ(type("b"), "none") << "of a counter in OpenMetrics no series has the family's name";
  EXPECT_EQ(type("g"), "gauge");
  EXPECT_EQ(type("two"), "") << "nobody knows which";
  EXPECT_EQ(type("named"), "");
  EXPECT_EQ(type("nobodys"), "none");
  for (const char* wrong : {"", "{\"data\": 1}", "{", "{\"error\": \"no\"}", R"({"data": {}, "error": "no"})",
                            "a b c\n", "{\"a\": [{}]}"}) {
    const Result<void> added = add_emitter(wrong, "wrong.txt", known);
    ASSERT_FALSE(added) << wrong;
    EXPECT_NE(added.error().text().find("wrong.txt"), std::string::npos) << added.error().text();
  }
}

}  // namespace
}  // namespace watchbill::cli
