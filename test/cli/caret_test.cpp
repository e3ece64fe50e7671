// The caret under an error: it stands where the eye looks, whatever the line is made of.
#include "cli/caret.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/check.h"
#include "cli/test.h"

#include "cli/empty_world.h"

namespace watchbill::cli {
namespace {

TEST(caret, stands_under_the_place) {
  EXPECT_EQ(caret_under("sum(up", 4), "  sum(up\n      ^");
  EXPECT_EQ(caret_under("sum(up", 6), "  sum(up\n        ^") << "behind the end, where something is missing";
  EXPECT_EQ(caret_under("sum(up", 99), "  sum(up\n        ^");
  EXPECT_EQ(caret_under("", 0), "  \n  ^");
}

TEST(caret, shows_the_line_of_the_place_alone) {
  const std::string text = "sum by (job) (\n  up +\r\n  )";
  EXPECT_EQ(caret_under(text, 3), "  sum by (job) (\n     ^");
  EXPECT_EQ(caret_under(text, 19), "    up +\n      ^");
  EXPECT_EQ(caret_under(text, 14), "  sum by (job) (\n                ^") << "the line's end belongs to it";
  EXPECT_EQ(caret_under(text, text.size() - 1), "    )\n    ^");
}

TEST(caret, counts_columns_as_a_terminal_does) {
  EXPECT_EQ(caret_under("\tup\t+ )", 6), "  \tup\t+ )\n  \t  \t  ^") << "tabs are as wide as they are there";
  EXPECT_EQ(caret_under("{a=\"über\"} )", 12), "  {a=\"über\"} )\n             ^");
  EXPECT_EQ(caret_under("{a=\"日本\"} )", 13), "  {a=\"日本\"} )\n             ^") << "two columns each";
  EXPECT_EQ(caret_under("{a=\"e\u0301\"} )", 10), "  {a=\"e\u0301\"} )\n          ^") << "a mark has none of its own";
  EXPECT_EQ(caret_under("\x1b[1m)", 4), "  \\x1b[1m)\n         ^") << "what is escaped is as wide as its escape";
  EXPECT_EQ(caret_under("\xff\xfe)", 2), "  \xff\xfe)\n    ^") << "what is no UTF-8 is a column for each byte";
}

TEST(caret, shows_a_part_of_a_long_line) {
  const std::string shown = caret_under(std::string(5000, 'a') + ")" + std::string(5000, 'b'), 5000);
  EXPECT_EQ(shown, "  …" + std::string(72, 'a') + ")" + std::string(35, 'b') + "…\n" + std::string(75, ' ') + "^");
}

TEST(caret, is_for_what_does_not_parse) {
  EXPECT_EQ(caret_under_error("up"), "");
  EXPECT_EQ(caret_under_error("rate(up)"), "  rate(up)\n       ^");
}

// What a verb prints on standard output.
class printed : public ::testing::Test {
 protected:
  printed() : folder_(std::filesystem::temp_directory_path() / ("caret-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~printed() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  template <class Verb>
  [[nodiscard]] static std::string by(Verb verb, Format format) {
    char* bytes = nullptr;
    std::size_t size = 0;
    std::FILE* const out = ::open_memstream(&bytes, &size);
    Terminal terminal(out, stderr, format, false);
    static_cast<void>(verb(terminal));
    std::fclose(out);
    std::string text(bytes, size);
    std::free(bytes);
    return text;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(printed, findings_about_expressions_have_a_caret_and_json_has_none) {
  EmptyWorld empty;
  CheckArguments arguments;
  arguments.files = {write("rules.yml", "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: |\n          up +\n\n"
                                        "            rate(x)\n      - {alert: B, expr: up, fro: 5m}\n")};
  const auto verb = [&](Terminal& terminal) { return check_rules(terminal, empty.world, arguments); };
  const std::string table = by(verb, Format::table);
  EXPECT_NE(table.find("rules.yml:8:18: error"), std::string::npos) << table;
  EXPECT_NE(table.find("[bad_expression]\n              rate(x)\n                   ^\n"), std::string::npos) << table;
  EXPECT_NE(table.find("[unknown_key]\n2 errors"), std::string::npos) << "keys are not PromQL: " << table;
  const std::string json = by(verb, Format::json);
  EXPECT_EQ(json.find("^"), std::string::npos) << json;
}

TEST_F(printed, so_have_scripts_of_the_test_language) {
  const std::string script = write("a.test", "load 1m\n  m 1 2 3\n\neval instant at 1m sum(m\n  {} 1\n");
  const auto verb = [&](Terminal& terminal) { return test_promql(terminal, {script}); };
  EXPECT_NE(by(verb, Format::table).find("\n  sum(m\n     ^\n"), std::string::npos) << by(verb, Format::table);
  EXPECT_EQ(by(verb, Format::json).find("^"), std::string::npos);
}

}  // namespace
}  // namespace watchbill::cli
