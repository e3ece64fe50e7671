#include "config/cases.h"

#include <set>
#include <sstream>

namespace watchbill::config {

FileReader reader_of(const MemoryFiles& files) {
  FileReader reader;
  reader.read = [&files](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Error{ErrorKind::not_found, "read", path, "No such file or directory"};
    return found->second;
  };
  reader.list = [&files](const std::string& folder) -> Result<std::vector<std::string>> {
    std::vector<std::string> names;
    for (const auto& [path, text] : files)
      if (path.rfind('/') == folder.size() && path.starts_with(folder)) names.push_back(path.substr(folder.size() + 1));
    if (names.empty()) return Error{ErrorKind::not_found, "list", folder, "No such file or directory"};
    return names;
  };
  return reader;
}

namespace {

// A few of our own families, as `check` knows them, and what a target emits.
KnownMetrics some_metrics(bool is_complete) {
  KnownMetrics out;
  out.types = {{"watchbill_holds", "gauge"}, {"watchbill_refusals_total", "counter"}, {"watchbill_workload_state", "gauge"}};
  out.closed_values[{"watchbill_workload_state", "state"}] = {"failed", "running", "stopped"};
  if (is_complete)
    for (const auto& [name, type] :
         {std::pair{"load", "gauge"}, {"served", "counter"}, {"took_seconds", "histogram"}, {"queue_total", "gauge"},
          {"watchbil_hold", "gauge"}})  // nobody's idea of one of ours
      out.types[name] = type;
  out.is_complete = is_complete;
  return out;
}

void take_options(const std::string& line, LoadOptions& options) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word == "root") options.keeper_is_root = true;
    if (word == "metrics" || word == "emitters") options.metrics = some_metrics(word == "emitters");
    if (word.starts_with("today=")) options.today = *parse_rfc3339(word.substr(6) + "T00:00:00Z");
  }
}

}  // namespace

std::vector<Case> cases_of(const std::string& text) {
  std::vector<Case> cases;
  std::istringstream lines(text);
  std::string file;
  bool is_report = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("### ")) {
      Case& fresh = cases.emplace_back();
      fresh.claim = line.substr(4);
      fresh.options.working_directory = memory_folder;
      file = std::string(memory_folder) + "/watchbill.yaml";
      fresh.files[file];
      is_report = false;
      continue;
    }
    if (cases.empty()) continue;
    Case& current = cases.back();
    if (line == "===") {
      is_report = true;
      continue;
    }
    if (is_report) {
      current.report += line.empty() ? "" : line + "\n";
      continue;
    }
    current.input += line + "\n";
    if (line.starts_with("??? ")) {
      take_options(line.substr(4), current.options);
    } else if (line.starts_with(">>> ")) {
      file = std::string(memory_folder) + "/" + line.substr(4);
      current.files[file];
    } else {
      current.files[file] += line + "\n";
    }
  }
  return cases;
}

std::string report_of(const Loaded& loaded) {
  std::string out;
  for (const Finding& finding : loaded.findings) out += finding.line() + "\n";
  if (loaded.dropped_count != 0) out += std::to_string(loaded.dropped_count) + " more\n";
  if (loaded.configuration) out += "ok\n";
  return out;
}

}  // namespace watchbill::config
