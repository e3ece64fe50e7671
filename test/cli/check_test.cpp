// `check rules`: what it says of the files that it read.
#include "cli/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

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
    std::FILE* out = std::tmpfile();
    std::FILE* err = std::tmpfile();
    Terminal terminal(out, err, format, false);
    exit_code_ = static_cast<int>(check_rules(terminal, arguments));
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
  int exit_code_{0};
};

TEST_F(check_rules_verb, says_what_each_file_holds) {
  put("a.yml", "groups: [{name: g, rules: [{record: a, expr: up}, {record: b, expr: up}]}, {name: h, rules: []}]\n");
  put("b.yml", "groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]\n");
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

}  // namespace
}  // namespace watchbill::cli
