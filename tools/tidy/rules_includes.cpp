// Rules about includes: layers, paths, costly headers, budgets; and where `virtual` may stand.
#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tidy/rules.h"

namespace watchbill::tidy {
namespace {

constexpr std::string_view src = "src/";

// A header that only some may include. `users` are beginnings of paths; `files_max` bounds the .cpp files that include it,
// directly or through headers of ours: each of them compiles it.
struct Restricted {
  std::string_view header;  // a beginning
  std::string_view users;   // separated by blanks; empty: nobody
  std::size_t files_max;    // 0: no bound
  std::string_view expected;
};
constexpr std::array<Restricted, 7> restricted{{
    {"regex", "", 0, "RE2 instead of <regex>, which backtracks"},
    {"boost/unordered", "src/metrics/tsdb/ src/drivers/net/", 0,
     "boost::unordered_flat_map only in src/metrics/tsdb, where it is hot"},
    {"boost/", "src/drivers/net/", 5, "Boost only in src/drivers/net, compiled by at most 5 .cpp files"},
    {"CLI/", "src/", 1, "CLI11 in one .cpp only: it costs 3.5 s to compile"},
    {"re2/", "src/", 1, "RE2 in one .cpp only, behind a header of our own"},
    {"date/", "src/", 1, "the time zone library in one .cpp only"},
    {"coroutine", "", 0, "no coroutines: g++ 12.2 miscompiles them"},
}};

bool is_below_any(std::string_view path, std::string_view folders) noexcept {
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(' '), folders.size());
    if (path.starts_with(folders.substr(0, end))) return true;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return false;
}

// The first row that the header begins like, or null.
const Restricted* row_of(std::string_view header) noexcept {
  const auto row = std::find_if(restricted.begin(), restricted.end(),
                                [header](const Restricted& candidate) { return header.starts_with(candidate.header); });
  return row == restricted.end() ? nullptr : &*row;
}

bool is_model_third_party(std::string_view target) noexcept {
  const bool is_standard = target.find('/') == std::string_view::npos && !target.ends_with(".h") && !target.ends_with(".hpp");
  return !is_standard && target != "fmt/core.h" && target != "tl/expected.hpp";
}

void check_one_header(const Source& source, const Include& include, Findings& findings) {
  const auto report = [&](std::string expected) {
    findings.push_back({source.path, include.line, "banned-header", std::move(expected)});
  };
  if (source.is_header() && (include.target == "iostream" || include.target == "filesystem"))
    report("<" + std::string(include.target) + "> costs every file that includes this header: include it in the .cpp");
  if (source.path.starts_with("src/model/") && source.is_header() && is_model_third_party(include.target))
    report("headers of model include no library but fmt/core.h and tl/expected.hpp");
  const Restricted* rule = row_of(include.target);
  if (rule != nullptr && !is_below_any(source.path, rule->users)) report(std::string(rule->expected));
}

// Which files of src/ compile a restricted header.
class Reach {
 public:
  Reach(const Sources& sources, const Restricted& rule) : rule_(rule) {
    for (const Source& source : sources)
      if (source.path.starts_with(src)) by_path_[source.path] = &source;
  }

  [[nodiscard]] std::vector<std::string> users() {
    std::vector<std::string> paths;
    for (const auto& [path, source] : by_path_)
      if (path.ends_with(".cpp") && reaches(*source)) paths.emplace_back(path);
    return paths;
  }

 private:
  bool reaches(const Source& start) {
    std::vector<const Source*> open{&start};
    std::set<const Source*> seen{&start};
    while (!open.empty()) {
      const Source* source = open.back();
      open.pop_back();
      for (const Include& include : includes_of(*source)) {
        if (!include.is_quoted && row_of(include.target) == &rule_) return true;
        const auto found = include.is_quoted ? by_path_.find(std::string(src) + std::string(include.target)) : by_path_.end();
        if (found != by_path_.end() && seen.insert(found->second).second) open.push_back(found->second);
      }
    }
    return false;
  }

  const Restricted& rule_;
  std::map<std::string, const Source*, std::less<>> by_path_;
};

void check_users(const Sources& sources, const Restricted& rule, Findings& findings) {
  const std::vector<std::string> users = Reach(sources, rule).users();
  if (users.size() <= rule.files_max) return;
  std::string list;
  for (const std::string& user : users) list += " " + user;
  findings.push_back({users.back(), 0, "banned-header", std::string(rule.expected) + "; now by" + list});
}

// Where quoted includes of a file are looked for.
std::set<std::string_view> roots_of(std::string_view path) {
  if (path.starts_with("tools/")) return {"tools/"};
  if (path.starts_with("test/tidy/")) return {"tools/", "test/"};
  if (path.starts_with("test/")) return {src, "test/"};
  return {src};
}

}  // namespace

void check_layers(const Sources& sources, const Layers& layers, Findings& findings) {
  std::set<std::string_view> paths;
  for (const Source& source : sources) paths.insert(source.path);
  for (const Source& source : sources) {
    const bool is_in_src = source.path.starts_with(src);
    const std::string_view file = std::string_view(source.path).substr(is_in_src ? src.size() : 0);
    if (is_in_src && layers.layer_of(file) == nullptr)
      findings.push_back({source.path, 0, "layer", "a row in tools/layers.txt for this folder"});
    for (const Include& include : includes_of(source)) {
      if (!include.is_quoted) continue;
      const std::set<std::string_view> roots = roots_of(source.path);
      const bool exists = std::any_of(roots.begin(), roots.end(), [&](std::string_view root) {
        return paths.contains(std::string(root) + std::string(include.target));
      });
      if (!exists)
        findings.push_back({source.path, include.line, "include-path",
                            "a quoted include is a file of ours, written from " + std::string(*roots.begin()) + ": " +
                                std::string(include.target)});
      else if (is_in_src && layers.layer_of(file) != nullptr && !layers.allows(file, include.target))
        findings.push_back({source.path, include.line, "layer",
                            layers.folder_of(file) + " may not include " + std::string(include.target) +
                                " (tools/layers.txt line " + std::to_string(layers.layer_of(file)->line) + ")"});
    }
  }
}

void check_headers(const Sources& sources, Findings& findings) {
  for (const Restricted& rule : restricted)
    if (rule.files_max != 0) check_users(sources, rule, findings);
  for (const Source& source : sources) {
    if (!source.path.starts_with(src)) continue;
    for (const Include& include : includes_of(source))
      if (!include.is_quoted) check_one_header(source, include, findings);
    if (source.path.starts_with("src/ports/")) continue;
    for (const Token& token : source.tokens)
      if (token.text == "virtual")
        findings.push_back(
            {source.path, token.line, "virtual", "virtual functions only in src/ports; elsewhere override, or a variant"});
  }
}

void check_budgets(const Sources& sources, const Layers& layers, Findings& findings) {
  std::map<std::string, std::size_t> lines;
  for (const Source& source : sources)
    if (source.path.starts_with(src))
      lines[layers.folder_of(std::string_view(source.path).substr(src.size()))] += source.line_count();
  for (const auto& [folder, count] : lines) {
    const Layer* row = folder.empty() ? nullptr : layers.layer_of(folder + "/any.h");
    if (row != nullptr && row->budget_lines && count > *row->budget_lines)
      findings.push_back({"src/" + folder, 0, "budget",
                          std::to_string(count) + " lines of " + std::to_string(*row->budget_lines) + ": a reason to talk",
                          true});
  }
}

}  // namespace watchbill::tidy
