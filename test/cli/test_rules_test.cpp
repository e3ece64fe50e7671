// `test rules`: what it prints, its exit codes, the file of --junit.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cli/test.h"

namespace watchbill::cli {
namespace {

struct FixedClock : ports::ClockPort {
  ports::ClockReading now() override { return {Instant{1'772'366'400'000}, 0}; }
};
struct NoEntropy : ports::EntropyPort {
  std::string hex32() override { return ""; }
};

class test_rules_verb : public ::testing::Test {
 protected:
  test_rules_verb() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wb-test-rules-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    put("rules.yml", "groups: [{name: g, rules: [{alert: Always, expr: 1, annotations: {a: b}}]}]\n");
    put("good.yml", "rule_files: [rules.yml]\ntests:\n  - name: by day\n  - name: by night\n");
    put("bad.yml",
        "rule_files: [rules.yml]\ntests:\n  - {name: 'by \"night\"', alert_rule_test: [{alertname: Always}]}\n  - name: by "
        "day\n");
    put("later.yml", "tests:\n  - {name: later, input_series: [{series: '{\"a.b\"}', values: '1'}]}\n");
    put("wrong.yml", "test: []\n");
  }
  ~test_rules_verb() override { std::filesystem::remove_all(folder_); }
  test_rules_verb(const test_rules_verb&) = delete;
  test_rules_verb& operator=(const test_rules_verb&) = delete;

  void put(const std::string& name, const std::string& text) { std::ofstream(folder_ + "/" + name) << text; }
  [[nodiscard]] std::string get(const std::string& name) const {
    std::ifstream in(folder_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  int run(std::vector<std::string> files, std::vector<std::string> patterns = {}, const std::string& junit = "",
          Format format = Format::table) {
    for (std::string& file : files) file = folder_ + "/" + file;
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Terminal terminal(out, err, format, false);
    World world{"", clock_, entropy_, {}, {}, {}, {}, {}, {}};
    const ExitCode code =
        test_rules(terminal, world, {files, junit.empty() ? "" : folder_ + "/" + junit, std::move(patterns)});
    out_ = text_of(out);
    err_ = text_of(err);
    return static_cast<int>(code);
  }
  std::string text_of(std::FILE* file) {
    std::fflush(file);
    std::rewind(file);
    std::string text(8192, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    std::fclose(file);
    for (std::size_t at = text.find(folder_); at != std::string::npos; at = text.find(folder_))
      text.replace(at, folder_.size(), "~");
    return text;
  }

  FixedClock clock_;
  NoEntropy entropy_;
  std::string folder_, out_, err_;
};

TEST_F(test_rules_verb, gives_1_when_a_test_fails_and_says_what_differs) {
  EXPECT_EQ(run({"good.yml"}), 0);
  EXPECT_EQ(out_, "passed 2, failed 0\n");
  EXPECT_EQ(run({"bad.yml", "good.yml"}), 1);
  EXPECT_EQ(out_,
            "~/bad.yml:3:44: test \"by \\\"night\\\"\": alert Always at 0s\n"
            "  fires, not expected: {alertname=\"Always\"}\n"
            "    annotation a: \"b\"\n"
            "~/bad.yml: passed 1, failed 1\n"
            "~/good.yml: passed 2, failed 0\n"
            "passed 3, failed 1\n");
}

TEST_F(test_rules_verb, gives_2_for_what_it_cannot_take_and_runs_the_rest) {
  EXPECT_EQ(run({"wrong.yml", "bad.yml"}), 2);
  EXPECT_NE(out_.find("~/wrong.yml:1:1: error: test: unknown key; did you mean tests? [unknown_key]\n"), std::string::npos)
      << out_;
  EXPECT_NE(out_.find("\npassed 1, failed 1, 1 file not taken\n"), std::string::npos) << out_;
  EXPECT_EQ(run({"later.yml"}), 2);
  EXPECT_EQ(out_,
            "~/later.yml:2:34: test \"later\": not_yet_supported\n"
            "  names of metrics and labels are letters, digits and _ in this release\n"
            "passed 0, failed 0, refused 1\n");
  EXPECT_EQ(run({"nowhere.yml"}), 2);
  EXPECT_EQ(out_,
            "~/nowhere.yml:1:1: error: read ~/nowhere.yml: No such file or directory [file_unreadable]\n"
            "passed 0, failed 0, 1 file not taken\n");
}

TEST_F(test_rules_verb, runs_the_tests_whose_names_match) {
  EXPECT_EQ(run({"bad.yml"}, {"day$"}), 0);
  EXPECT_EQ(out_, "passed 1, failed 0\n");
  EXPECT_EQ(run({"bad.yml"}, {"^by d", "nig"}), 1);
  EXPECT_EQ(out_.substr(out_.rfind("passed")), "passed 1, failed 1\n");
  EXPECT_EQ(run({"bad.yml"}, {"noon"}), 0);
  EXPECT_EQ(err_, "watchbill: no test has a name that --run matches: nothing was tested\n");
  EXPECT_EQ(run({"bad.yml"}, {"("}, "j.xml"), 2);
  EXPECT_NE(err_.find("--run (: expected a pattern"), std::string::npos) << err_;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/j.xml")) << "exit 2 for a flag has no side effect";
}

TEST_F(test_rules_verb, writes_junit) {
  EXPECT_EQ(run({"good.yml", "bad.yml", "wrong.yml"}, {}, "j.xml"), 2);
  const std::string text = get("j.xml");
  EXPECT_NE(text.find("/good.yml\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\" timestamp=\"2026-03-01T12:00:00\">"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("<testcase name=\"by &#34;night&#34;\">"), std::string::npos) << text;
  EXPECT_NE(text.find("/wrong.yml\" tests=\"1\" failures=\"0\" errors=\"1\""), std::string::npos) << text;
  EXPECT_EQ(run({"good.yml"}, {}, "nowhere/j.xml"), 2) << "verdicts that nobody gets are no success";
  EXPECT_NE(err_.find("write ~/nowhere/j.xml"), std::string::npos) << err_;
}

TEST_F(test_rules_verb, prints_an_object_for_each_test) {
  EXPECT_EQ(run({"bad.yml"}, {}, "", Format::json), 1);
  EXPECT_EQ(out_,
            "{\"differences\":[{\"column\":44,\"line\":3,\"lines\":[\"fires, not expected: {alertname=\\\"Always\\\"}\",\"  "
            "annotation a: "
            "\\\"b\\\"\"],\"what\":\"alert Always at 0s\"}],\"file\":\"~/bad.yml\",\"line\":3,\"name\":\"by "
            "\\\"night\\\"\",\"outcome\":\"failed\"}\n"
            "{\"differences\":[],\"file\":\"~/bad.yml\",\"line\":4,\"name\":\"by day\",\"outcome\":\"passed\"}\n"
            "{\"failed\":1,\"passed\":1,\"refused\":0,\"unreadable\":0}\n");
}

}  // namespace
}  // namespace watchbill::cli
