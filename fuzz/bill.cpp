// depends: wb_config wb_base wb_model
// Reads any bytes as a bill, a rule file and an Alertmanager file that lie in one folder. Whatever comes of it: the report is
// bounded, a bill without errors has a configuration, and its canonical text reads back. As Prometheus' file they are read too;
// what is shown of it is YAML, and shown alike where it can be read again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "config/load.h"
#include "model/codec.h"

namespace {

using namespace watchbill;
using namespace watchbill::config;

// Every path has the same bytes: a bill that includes itself under other names meets all ways to go wrong.
FileReader reader_of(const std::string& text) {
  FileReader reader;
  reader.read = [&text](const std::string&) -> Result<std::string> { return text; };
  reader.list = [](const std::string&) -> Result<std::vector<std::string>> { return std::vector<std::string>{"a.yml", "b.yml"}; };
  return reader;
}

void look_at(const Loaded& loaded) {
  WB_ASSERT(loaded.findings.size() <= Report::count_max, "a report ends");
  for (const Finding& finding : loaded.findings) {
    WB_ASSERT(finding.place.at.line >= 1, "lines count from 1");
    WB_ASSERT(!finding.line().empty(), "a finding says something");
  }
  if (!loaded.configuration) return;
  const std::string text = canonical_text(*loaded.configuration);
  Configuration again;
  WB_ASSERT(from_canonical_text(text, again), "what was written is read");
  WB_ASSERT(canonical_text(again) == text, "what was read is written alike");
}

void look_at_neighbours(const std::string& text, const LoadOptions& options) {
  const FileReader files = reader_of(text);
  const Loaded loaded = load_neighbours({"prometheus.yml", ""}, files, options);
  look_at(loaded);
  look_at(load_neighbours({"prometheus.yml", "alertmanager.yml"}, files, options));
  if (!loaded.configuration || !loaded.configuration->rule_groups.empty()) return;
  const Loaded again = load_neighbours({"prometheus.yml", ""}, reader_of(loaded.prometheus_text));
  WB_ASSERT(parse_tree(loaded.prometheus_text).has_value(), "what is shown is YAML");
  WB_ASSERT(!again.configuration || again.prometheus_text == loaded.prometheus_text, "what is shown is shown alike");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const FileReader files = reader_of(text);
  LoadOptions options;
  options.working_directory = "/etc/wb";
  options.keeper_is_root = size % 2 == 1;
  options.today = Instant{1'772'366'400'000};
  options.files_max = 4;
  options.tree.nodes_max = 10'000;
  look_at(load_bill("watchbill.yaml", files, options));
  look_at(check_rule_files({"rules.yml"}, files, options));
  look_at(check_alertmanager_file("alertmanager.yml", files, options));
  look_at_neighbours(text, options);
  return 0;
}
