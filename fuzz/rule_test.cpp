// depends: wb_ruletest wb_config wb_metrics_rules wb_metrics_promql wb_metrics_tsdb wb_template wb_model wb_base
// Reads any bytes as a test file whose rule files are that file's text behind a line `>>>`, and runs what can be taken. Whatever
// comes of it: the report is bounded, every test has a verdict with a reason, and the verdicts make a document.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "ruletest/junit.h"

namespace {

using namespace watchbill;
using namespace watchbill::ruletest;

config::FileReader reader_of(const std::string& tests, const std::string& rules) {
  config::FileReader reader;
  reader.read = [&](const std::string& path) -> Result<std::string> { return path == "/etc/wb/test.yml" ? tests : rules; };
  reader.list = [](const std::string&) -> Result<std::vector<std::string>> { return std::vector<std::string>{"a.yml", "b.yml"}; };
  return reader;
}

Limits small_limits() {
  Limits limits;
  limits.points_of_line_max = 100;
  limits.points_of_test_max = 500;
  limits.evaluations_max = 30;
  limits.evaluation.samples_max = 20'000;
  limits.evaluation.subquery_steps_max = 500;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const std::size_t cut = text.find("\n>>>\n");
  const std::string tests = text.substr(0, cut);
  const std::string rules = cut == std::string::npos ? "" : text.substr(cut + 5);
  const Limits limits = small_limits();
  config::LoadOptions options;
  options.working_directory = "/etc/wb";
  options.files_max = 4;
  options.tree.nodes_max = 2'000;
  LoadedTests loaded = load_tests("test.yml", reader_of(tests, rules), options, limits);
  WB_ASSERT(loaded.findings.size() <= config::Report::count_max, "a report ends");
  for (const config::Finding& finding : loaded.findings) WB_ASSERT(!finding.line().empty(), "a finding says something");
  FileReport report{"test.yml", loaded.findings, loaded.file.has_value(), {}};
  if (loaded.file) {
    const Runner runner(*loaded.file, limits);
    for (const Test& test : loaded.file->tests) {
      report.verdicts.push_back(runner.run(test));
      const ruletest::Verdict& verdict = report.verdicts.back();
      WB_ASSERT((verdict.outcome == Outcome::passed) == verdict.differences.empty(), "what does not pass says why");
    }
  }
  WB_ASSERT(junit_document({report}, Instant{}).ends_with("</testsuites>\n"), "verdicts make a document");
  return 0;
}
