#include "tidy/repository.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

namespace watchbill::tidy {
namespace {

constexpr std::string_view layers_path = "tools/layers.txt";
constexpr std::string_view allow_path = "tools/tidy/allow.txt";

constexpr std::array<std::string_view, 12> roots{"src",     "test",    "fuzz", "bench",       "tools",      "cmake",
                                                 "console", "presets", "docs", "packaging", "quickstart", ".ci"};
constexpr std::array<std::string_view, 6> left_out{"test/data", "fuzz/corpus", "console/dist", "console/node_modules",
                                                   "quickstart/data", "tools/bin"};
constexpr std::array<std::string_view, 5> top_files{"CMakeLists.txt", "CMakePresets.json", "README.md", "check", "run"};
// What people write. Everything else (images, archives, lock files) is not read.
constexpr std::array<std::string_view, 16> suffixes{".h",  ".cpp", ".txt", ".cmake", ".md",  ".sh",   ".awk",    ".ts",
                                                    ".tsx", ".css", ".html", ".yaml", ".yml", ".rules", ".service", ".tmpl"};

template <std::size_t size>
bool contains(const std::array<std::string_view, size>& list, std::string_view value) noexcept {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_cpp(std::string_view path) noexcept { return path.ends_with(".h") || path.ends_with(".cpp"); }

bool is_text(const std::filesystem::path& path) {
  const std::string suffix = path.extension().string();
  return suffix.empty() || contains(suffixes, suffix);
}

bool read_file(const std::filesystem::path& root, const std::string& path, Files& files, std::string& error) {
  std::ifstream in(root / path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.good() && !in.eof()) {
    error = "cannot read " + path;
    return false;
  }
  files.emplace_back(path, std::move(text));
  return true;
}

struct Exception {
  std::string rule;
  std::string path;
  std::size_t line;
  bool is_used{false};
};

std::vector<Exception> parse_exceptions(std::string_view text, Findings& findings) {
  std::vector<Exception> exceptions;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.empty() || row.starts_with('#')) continue;
    const std::size_t blank = row.find(' ');
    const std::size_t colon = row.find(": ");
    if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank || colon + 2 == row.size()) {
      findings.push_back({std::string(allow_path), line, "allow", "RULE PATH: why this code is better than the rule"});
      continue;
    }
    exceptions.push_back({std::string(row.substr(0, blank)), std::string(row.substr(blank + 1, colon - blank - 1)), line});
  }
  return exceptions;
}

std::string_view text_at(const Files& files, std::string_view path) noexcept {
  for (const auto& [name, text] : files)
    if (name == path) return text;
  return {};
}

// Takes out what the exceptions excuse, and adds those that excuse nothing.
void apply_exceptions(std::string_view text, Findings& findings) {
  Findings kept;
  std::vector<Exception> exceptions = parse_exceptions(text, kept);
  for (Finding& finding : findings) {
    bool is_excused = false;
    for (Exception& exception : exceptions) {
      if (exception.rule != finding.rule || exception.path != finding.path) continue;
      exception.is_used = true;
      is_excused = true;
    }
    if (!is_excused) kept.push_back(std::move(finding));
  }
  for (const Exception& exception : exceptions)
    if (!exception.is_used)
      kept.push_back({std::string(allow_path), exception.line, "allow", "remove it: it excuses nothing any more"});
  findings = std::move(kept);
}

}  // namespace

bool read_repository(const std::string& root, Files& files, std::string& error) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code failure;
  for (const std::string_view folder : roots) {
    if (!fs::is_directory(fs::path(root) / folder, failure)) continue;
    fs::recursive_directory_iterator entries(fs::path(root) / folder, failure);
    for (; !failure && entries != fs::recursive_directory_iterator(); entries.increment(failure)) {
      const std::string path = fs::relative(entries->path(), root, failure).generic_string();
      if (contains(left_out, path)) entries.disable_recursion_pending();
      else if (entries->is_regular_file(failure) && is_text(entries->path())) paths.push_back(path);
    }
    if (failure) {
      error = "cannot read " + std::string(folder) + ": " + failure.message();
      return false;
    }
  }
  for (const std::string_view file : top_files)
    if (fs::exists(fs::path(root) / file, failure)) paths.emplace_back(file);
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths)
    if (!read_file(root, path, files, error)) return false;
  if (text_at(files, layers_path).empty()) {
    error = root + " is not this repository: it has no " + std::string(layers_path);
    return false;
  }
  return true;
}

Findings check_repository(const Files& files) {
  Findings findings;
  Sources sources;
  for (const auto& [path, text] : files) {
    check_markers(path, text, findings);
    if (is_cpp(path)) read_source(path, text, sources.emplace_back());
  }
  for (const Source& source : sources) {
    check_lengths(source, findings);
    check_names(source, findings);
    check_contract(source, findings);
    check_header_form(source, findings);
  }
  check_headers(sources, findings);
  check_determinism(sources, findings);
  std::string error;
  const Layers layers = Layers::parse(text_at(files, layers_path), error);
  if (!error.empty()) {
    findings.push_back({std::string(layers_path), 0, "layer", error});
  } else {
    check_layers(sources, layers, findings);
    check_budgets(sources, layers, findings);
  }
  apply_exceptions(text_at(files, allow_path), findings);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.line) < std::tie(b.path, b.line);
  });
  return findings;
}

std::string text_of(const Finding& finding) {
  const std::string where = finding.line == 0 ? finding.path : finding.path + ":" + std::to_string(finding.line);
  return where + ": " + (finding.is_warning ? "warning: " : "") + finding.rule + ": " + finding.expected;
}

}  // namespace watchbill::tidy
