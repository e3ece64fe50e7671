#include "config/import.h"

#include <algorithm>
#include <set>
#include <span>

#include "base/json.h"
#include "config/paths.h"

namespace watchbill::config {
namespace {

bool is_comment(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t\r");
  return at == std::string_view::npos || line[at] == '#';
}

// What separates documents has no place in a bill.
bool is_marker(std::string_view line) { return line.starts_with("---") || line.starts_with("...") || line.starts_with("%"); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The lines of the top-level keys as they are. Of keys without a value, which a bill does not take, comments stay.
std::string kept_lines(const Tree& tree) {
  const std::vector<NodeIndex>& children = tree.at(tree.root).children;
  const std::vector<std::string_view> lines = lines_of(tree.source);
  std::string out;
  std::size_t next = 0;  // the first key that begins at or behind the line
  bool is_kept = true;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (; next < children.size() && tree.at(children[next]).begin.line == i + 1; next += 2)
      is_kept = !is_null(tree.at(children[next + 1]));
    if (is_marker(lines[i]) || (!is_kept && !is_comment(lines[i]))) continue;
    out.append(lines[i]).append("\n");
  }
  return out;
}

std::string bindings_of(const Configuration& configuration, std::string_view file) {
  std::string reason;
  append_json_string(reason, "imported from " + std::string(file_name_of(file)));
  std::set<std::string> names;
  for (const RuleGroupConfiguration& group : configuration.rule_groups)
    for (const RuleConfiguration& rule : group.rules)
      if (!rule.alert.empty()) names.insert(rule.alert);
  std::string out = names.empty() ? "" : "bindings:\n";
  for (const std::string& name : names) {
    out += "  ";
    append_json_string(out, name);
    out += ": {unbound: " + reason + "}\n";
  }
  return out;
}

class Importer {
 public:
  Importer(const FileReader& files, const LoadOptions& options) : files_(files), options_(options) {}

  Imported run(const NeighbourFiles& named) {
    const Loaded loaded = load_neighbours(named, files_, options_);
    if (!loaded.configuration) return {loaded.findings, ""};
    const std::string path = absolute(named.prometheus);
    Result<std::string> text = files_.read(path);
    Result<Tree, TreeError> tree = parse_tree(text ? std::move(*text) : std::string(), options_.tree);
    if (!tree) return refused(named.prometheus, {}, tree.error().text);
    const Node& root = tree->at(tree->root);
    if (!is_null(root) && (root.begin.column != 1 || first_byte(*tree, root) == '{'))
      return refused(named.prometheus, root.begin, "write its top-level keys on lines of their own first");
    std::string bill = "watchbill: 1\n" + kept_lines(*tree);
    // As the two programs behave: their paths ask nobody on this host who he is, and rules are evaluated in their time.
    bill += "access: {compatible: open}\nevaluation: {early: none}\n";
    if (!named.alertmanager.empty()) {
      bill += "alertmanager_config: ";
      append_json_string(bill, seen_from(folder_of(path), absolute(named.alertmanager)));
      bill += "\n";
    }
    bill += bindings_of(*loaded.configuration, path);
    return checked(folder_of(path) + "/watchbill.yaml", std::move(bill));
  }

 private:
  [[nodiscard]] std::string absolute(const std::string& path) const {
    return absolute_path(options_.working_directory == "/" ? "" : options_.working_directory, path);
  }
  static std::string seen_from(const std::string& folder, const std::string& path) {
    return folder_of(path) == folder ? std::string(file_name_of(path)) : path;
  }
  static char first_byte(const Tree& tree, const Node& root) {
    const std::vector<std::string_view> lines = lines_of(tree.source);
    const std::size_t line = root.begin.line - 1;
    return line < lines.size() && !lines[line].empty() ? lines[line].front() : '\0';
  }
  static Imported refused(const std::string& path, Mark at, std::string text) {
    return {{{Severity::error, "import_layout", {path, at}, "", std::move(text)}}, ""};
  }

  // Our dialect of YAML is the stricter one: what the bill would be refused for is said here.
  [[nodiscard]] Imported checked(const std::string& path, std::string bill) const {
    FileReader files = files_;
    files.read = [&](const std::string& asked) { return asked == path ? Result<std::string>(bill) : files_.read(asked); };
    const Loaded loaded = load_bill(path, files, options_);
    if (loaded.configuration) return {{}, std::move(bill)};
    return {loaded.findings, ""};
  }

  const FileReader& files_;
  const LoadOptions& options_;
};

}  // namespace

Imported import_prometheus(const NeighbourFiles& named, const FileReader& files, const LoadOptions& options) {
  return Importer(files, options).run(named);
}

}  // namespace watchbill::config
