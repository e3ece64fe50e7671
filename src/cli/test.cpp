#include "cli/test.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include <fmt/core.h>

#include "base/json.h"
#include "base/pattern/pattern.h"
#include "cli/caret.h"
#include "cli/check.h"
#include "config/disk.h"
#include "metrics/promql/test_language.h"
#include "ruletest/junit.h"

namespace watchbill::cli {
namespace {

using ruletest::FileReport;
using ruletest::Outcome;
using ruletest::Verdict;

struct Counts {
  std::size_t passed{0}, failed{0}, refused{0}, unreadable{0};

  void add(const FileReport& file) {
    unreadable += file.is_read ? 0U : 1U;
    for (const Verdict& verdict : file.verdicts) {
      passed += verdict.outcome == Outcome::passed ? 1U : 0U;
      failed += verdict.outcome == Outcome::failed ? 1U : 0U;
      refused += verdict.outcome == Outcome::refused ? 1U : 0U;
    }
  }
  [[nodiscard]] std::string text() const {
    std::string out = fmt::format("passed {}, failed {}", passed, failed);
    if (refused > 0) out += fmt::format(", refused {}", refused);
    if (unreadable > 0) out += fmt::format(", {} {} not taken", unreadable, unreadable == 1 ? "file" : "files");
    return out;
  }
  [[nodiscard]] ExitCode exit_code() const {
    if (refused + unreadable > 0) return ExitCode::usage;
    return failed > 0 ? ExitCode::negative : ExitCode::done;
  }
};

std::string json_of(const std::string& file, const Verdict& verdict) {
  std::string out;
  JsonWriter writer(out);
  writer.begin_object().key("differences").begin_array();
  for (const ruletest::Difference& difference : verdict.differences) {
    writer.begin_object().key("column").integer(difference.place.at.column).key("line").integer(difference.place.at.line);
    writer.key("lines").begin_array();
    for (const std::string& line : difference.lines) writer.string(line);
    writer.end_array().key("what").string(difference.what).end_object();
  }
  writer.end_array().key("file").string(file).key("line").integer(verdict.place.at.line);
  writer.key("name").string(verdict.name).key("outcome").string(word(verdict.outcome)).end_object();
  return out;
}

std::string json_of(const Counts& counts) {
  std::string out;
  JsonWriter writer(out);
  const auto integer = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  writer.begin_object().key("failed").integer(integer(counts.failed)).key("passed").integer(integer(counts.passed));
  writer.key("refused").integer(integer(counts.refused)).key("unreadable").integer(integer(counts.unreadable)).end_object();
  return out;
}

void print(Terminal& terminal, const FileReport& file) {
  const bool is_json = terminal.format() == Format::json;
  for (const config::Finding& finding : file.findings) print_finding(terminal, finding);
  for (const Verdict& verdict : file.verdicts) {
    if (is_json) {
      terminal.print(json_of(file.path, verdict));
      continue;
    }
    for (const ruletest::Difference& difference : verdict.differences)
      for (const std::string& line : lines_of(difference, verdict.name)) terminal.print(one_line(line));
  }
}

FileReport run_file(const std::string& path, const std::vector<Pattern>& patterns) {
  FileReport report;
  report.path = path;
  ruletest::LoadedTests loaded = ruletest::load_tests(path, config::disk_files(), load_options());
  report.findings = std::move(loaded.findings);
  report.is_read = loaded.file.has_value();
  if (!loaded.file) return report;
  const ruletest::Runner runner(*loaded.file);
  for (const ruletest::Test& test : loaded.file->tests) {
    const bool is_meant = patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& pattern) {
      return pattern.occurs_in(test.name);
    });
    if (is_meant) report.verdicts.push_back(runner.run(test));
  }
  return report;
}

Status write_file(const std::string& path, const std::string& text) {
  const auto failed = [&path] { return Error::from_errno(errno, "write", path); };
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return failed();
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const Status status = is_written ? Status() : Status(failed());
  if (std::fclose(file) != 0 && is_written) return failed();
  return status;
}

}  // namespace

ExitCode test_rules(Terminal& terminal, World& world, const RuleTestArguments& arguments) {
  std::vector<Pattern> patterns;
  for (const std::string& text : arguments.run) {
    auto pattern = Pattern::compile(text, {});
    if (!pattern)
      return terminal.refuse(Refused{Refusal::bad_argument, "--run " + text + ": expected a pattern: " + pattern.error().detail});
    patterns.push_back(std::move(*pattern));
  }
  std::vector<FileReport> reports;
  Counts all;
  for (const std::string& path : arguments.files) {
    reports.push_back(run_file(path, patterns));
    print(terminal, reports.back());
    Counts counts;
    counts.add(reports.back());
    all.add(reports.back());
    if (terminal.format() == Format::table && arguments.files.size() > 1)
      terminal.print(one_line(path) + ": " + counts.text());
  }
  terminal.print(terminal.format() == Format::json ? json_of(all) : all.text());
  if (all.passed + all.failed + all.refused + all.unreadable == 0 && !patterns.empty())
    terminal.complain("no test has a name that --run matches: nothing was tested");
  if (!arguments.junit.empty())
    if (const Status written = write_file(arguments.junit, junit_document(reports, world.clock.now().wall)); !written)
      return terminal.fail(written.error());
  return all.exit_code();
}

ExitCode test_promql(Terminal& terminal, const std::vector<std::string>& files) {
  const config::FileReader reader = config::disk_files();
  bool has_failed = false;
  for (const std::string& file : files) {
    const std::string path = file.starts_with('/') ? file : load_options().working_directory + "/" + file;
    const Result<std::string> script = reader.read(path);
    if (!script) return terminal.fail(script.error());
    const auto result = metrics::promql::run_script(*script);
    if (!result) return terminal.fail(result.error());
    terminal.print(file + ": " + result->text());
    // The text tells of the first difference; an expression that was meant to fail and does is none.
    if (!result->differences.empty() && result->failed > 0)
      if (const std::string caret = caret_under_error(result->differences.front().query);
          !caret.empty() && terminal.format() == Format::table)
        terminal.print(caret);
    has_failed = has_failed || result->failed > 0;
  }
  return has_failed ? ExitCode::negative : ExitCode::done;
}

}  // namespace watchbill::cli
