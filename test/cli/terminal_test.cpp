// What verbs print: nothing of a stranger's text reaches the terminal as a command to it.
#include "cli/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace watchbill::cli {
namespace {

class terminal : public ::testing::Test {
 protected:
  terminal() : out_(std::tmpfile()), err_(std::tmpfile()) {}
  ~terminal() override {
    std::fclose(out_);
    std::fclose(err_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  Terminal made(Format format) { return Terminal(out_, err_, format, false); }
  static std::string text_of(std::FILE* file) {
    std::fflush(file);
    std::rewind(file);
    std::string text(4096, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file));
    return text;
  }

  std::FILE* out_;
  std::FILE* err_;
};

constexpr std::string_view hostile{"a\x1b[2Jb\rc\0d\x7f \xC2\x9B" "0m\tü\n", 20};

TEST_F(terminal, shows_control_characters_instead_of_obeying_them) {
  made(Format::table).print(hostile);
  EXPECT_EQ(text_of(out_), "a\\x1b[2Jb\\x0dc\\x00d\\x7f \\x9b0m\tü\n");
}

TEST_F(terminal, keeps_tables_straight_around_them) {
  made(Format::table).table({"NAME", "X"}, {{"a\x1b", "1"}, {"ü", "2"}});
  EXPECT_EQ(text_of(out_), "NAME   X\na\\x1b  1\nü      2\n");
}

TEST_F(terminal, shows_what_would_reorder_a_line) {
  made(Format::table).print("a\u202Eb\u2028c\u2066d\u200Fe – ü\n");
  EXPECT_EQ(text_of(out_), "a\\u202eb\\u2028c\\u2066d\\u200fe – ü\n");
}

TEST_F(terminal, a_stranger_adds_no_line) {
  EXPECT_EQ(one_line("bob\n#999 alice\x1b"), "bob\\n#999 alice\\x1b");
  made(Format::table).table({"NAME"}, {{"a\nb"}});
  EXPECT_EQ(text_of(out_), "NAME\na\\nb\n");
}

TEST_F(terminal, complains_without_them_and_leaves_json_and_logs_alone) {
  Terminal json = made(Format::json);
  json.complain("no such \x1bworkload");
  json.print("{\"a\":1}");
  json.print_raw("raw \x1b[1m");
  EXPECT_EQ(text_of(err_), "watchbill: no such \\x1bworkload\n");
  EXPECT_EQ(text_of(out_), "{\"a\":1}\nraw \x1b[1m");
}

TEST_F(terminal, a_disk_that_takes_nothing_is_told_and_no_success) {
  for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 20}) {
    std::FILE* const full = std::fopen("/dev/full", "we");
    ASSERT_NE(full, nullptr);
    Terminal told(full, err_, Format::table, false);
    told.print(std::string(size, 'x'));
    EXPECT_EQ(told.close(ExitCode::done), ExitCode::internal) << size;
    EXPECT_NE(text_of(err_).find("No space left on device"), std::string::npos);
    std::fclose(full);
  }
  Terminal fine = made(Format::table);
  fine.print("done");
  EXPECT_EQ(fine.close(ExitCode::done), ExitCode::done);
  EXPECT_EQ(fine.close(ExitCode::blocked), ExitCode::blocked) << "a verb's own code stays";
}

TEST_F(terminal, a_reader_that_went_away_is_no_failure) {
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  std::FILE* const out = ::fdopen(ends[1], "w");
  Terminal told(out, err_, Format::table, false);
  told.print("nobody reads this");
  EXPECT_FALSE(told.flush());
  EXPECT_EQ(told.close(ExitCode::done), ExitCode::done);
  EXPECT_EQ(text_of(err_), "");
  std::fclose(out);
}

}  // namespace
}  // namespace watchbill::cli
