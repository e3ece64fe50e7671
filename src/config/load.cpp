#include "config/load.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "config/alertmanager.h"
#include "config/alertmanager_text.h"
#include "config/bill.h"
#include "config/lints.h"
#include "config/neighbour_files.h"
#include "config/paths.h"
#include "config/prometheus_text.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// The keys of a file, each only noted: what is under them is read once all files are there.
std::vector<Key> noting_keys(std::span<const Key> of_file) {
  std::vector<Key> keys(of_file.begin(), of_file.end());
  for (Key& key : keys)
    if (key.read != nullptr)
      key.read = [](const Cursor& at, void* out) {
        static_cast<std::vector<std::pair<std::string_view, NodeIndex>>*>(out)->emplace_back(at.name(), at.index());
      };
  return keys;
}

class Loader {
 public:
  Loader(const FileReader& files, const LoadOptions& options) : reader_(files), options_(options) {}

  Loaded bill(const std::string& path);
  Loaded neighbours(const NeighbourFiles& named);
  Loaded rules(const std::vector<std::string>& paths);
  Loaded alertmanager(const std::string& path);

 private:
  // A file as a tree, or null after a complaint at `origin`.
  const SourceFile* open(const std::string& path, Dialect dialect, const Finding& origin);
  void read_bill_file(const std::string& path, const Finding& origin, std::vector<std::string>& way);
  void note_section(const SourceFile& file, std::string_view name, NodeIndex value);
  void read_includes(std::size_t first, std::vector<std::string>& way);
  void read_sections(std::span<const Key> keys);
  void read_prometheus_file(const std::string& path);
  void read_rule_files();
  void read_routing();
  void check_listen();
  void drop_ourselves();
  std::vector<std::string> files_of(const NamedFile& named);
  std::vector<std::string> rule_files_of(const NamedFile& named);
  void finish();
  void look_at_later_files();
  Loaded take();
  [[nodiscard]] std::string shown(const std::string& path) const;
  [[nodiscard]] Finding origin_of(const std::string& path) const { return {Severity::error, "", {shown(path), {}}, "", ""}; }
  void complain(const Finding& origin, std::string_view code, std::string text) {
    bill_.report.add({Severity::error, code, origin.place, origin.path, std::move(text)});
  }

  const FileReader& reader_;
  const LoadOptions& options_;
  Bill bill_;
  std::vector<RuleFileCount> rule_files_;
  std::string alertmanager_text_;
  std::vector<TemplateText> notification_templates_;
  std::set<std::string> opened_;  // bill files
  std::map<const SourceFile*, SourceFile> as_there_;  // bill files, for the keys that are Prometheus'
  std::map<std::pair<std::string_view, std::string>, Place> names_;
};

std::string Loader::shown(const std::string& path) const {
  const std::string prefix = options_.working_directory == "/" ? "/" : options_.working_directory + "/";
  return prefix != "/" && path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

const SourceFile* Loader::open(const std::string& path, Dialect dialect, const Finding& origin) {
  if (bill_.files.size() >= options_.files_max) {
    complain(origin, "too_large", fmt::format("a bill has at most {} files", options_.files_max));
    return nullptr;
  }
  Result<std::string> text = reader_.read(path);
  if (!text) {
    complain(origin, "file_unreadable", text.error().text());
    return nullptr;
  }
  Result<Tree, TreeError> tree = parse_tree(std::move(*text), options_.tree);
  if (!tree) {
    bill_.report.add({Severity::error, tree.error().code, {shown(path), tree.error().at}, "", tree.error().text});
    return nullptr;
  }
  SourceFile file;
  file.path = shown(path);
  file.folder = folder_of(path);
  file.host = options_.own_host;
  file.dialect = dialect;
  file.tree = std::move(*tree);
  return &bill_.files.emplace_back(std::move(file));
}

// Notes what stands under each key of a file, then does the same for the files it includes. `way` are the files that led here.
void Loader::read_bill_file(const std::string& path, const Finding& origin, std::vector<std::string>& way) {
  if (const auto again = std::find(way.begin(), way.end(), path); again != way.end()) {
    std::string circle;
    for (auto each = again; each != way.end(); ++each) circle += shown(*each) + " -> ";
    return complain(origin, "include_cycle", "files include each other: " + circle + shown(path));
  }
  if (!opened_.insert(path).second) return complain(origin, "duplicate_name", fmt::format("{} is included twice", shown(path)));
  const SourceFile* file = open(path, Dialect::bill, origin);
  if (file == nullptr) return;
  const Cursor root(bill_.report, *file, file->tree.root, "");
  if (is_null(root.node())) return root.complain("missing_key", "the file is empty: a bill begins with watchbill: 1");
  static const std::vector<Key> keys = noting_keys(bill_keys());
  std::vector<std::pair<std::string_view, NodeIndex>> found;
  if (!read_keys(root, keys, &found)) return;
  if (way.empty() && file->tree.find(file->tree.root, "watchbill") == no_node)
    root.complain("missing_key", "the key watchbill is required: the format's version, 1");
  for (const auto& [name, value] : found) note_section(*file, name, value);
  const std::size_t first = bill_.includes.size();
  for (const auto& [name, value] : found)
    if (name == "include") {
      const Key& key =
          *std::find_if(bill_keys().begin(), bill_keys().end(), [](const Key& each) { return each.name == "include"; });
      key.read(root.member("include", value), &bill_);
    }
  way.push_back(path);
  read_includes(first, way);
  way.pop_back();
}

void Loader::read_includes(std::size_t first, std::vector<std::string>& way) {
  const std::vector<NamedFile> included(bill_.includes.begin() + static_cast<std::ptrdiff_t>(first), bill_.includes.end());
  for (const NamedFile& named : included)
    for (const std::string& path : files_of(named)) read_bill_file(path, named.origin, way);
}

void Loader::note_section(const SourceFile& file, std::string_view name, NodeIndex value) {
  const Node& root = file.tree.at(file.tree.root);
  std::size_t i = 0;
  while (file.tree.at(root.children[i]).text != name) i += 2;
  const NodeIndex key_node = root.children[i];
  const Key& key = *std::find_if(bill_keys().begin(), bill_keys().end(), [&](const Key& each) { return each.name == name; });
  const Joining joining = joining_of(key);
  const auto twice = [&](NodeIndex at, const std::string& what, const Place& first) {
    bill_.report.add(
        {Severity::error,
         "duplicate_name",
         {file.path, file.tree.at(at).begin},
         what,
         fmt::format("{} is written in two files, first in {}:{}:{}", what, first.file, first.at.line, first.at.column)});
  };
  if (joining == Joining::once && name != "watchbill") {
    const auto [first, is_new] = names_.try_emplace({name, ""}, Place{file.path, file.tree.at(key_node).begin});
    if (!is_new) return twice(key_node, std::string(name), first->second);
  }
  if (joining == Joining::named && file.tree.at(value).kind == NodeKind::mapping) {
    const std::vector<NodeIndex>& children = file.tree.at(value).children;
    for (std::size_t n = 0; n < children.size(); n += 2) {
      const std::string& own = file.tree.at(children[n]).text;
      const auto [first, is_new] = names_.try_emplace({key.name, own}, Place{file.path, file.tree.at(children[n]).begin});
      if (!is_new) twice(children[n], std::string(name) + "." + own, first->second);
    }
  }
  if (key.type.find("(Prometheus)") == std::string_view::npos) return bill_.sections.add(name, {&file, key_node, value});
  // Prometheus' keys are read as it reads them, or an import of its file would be refused for an empty list.
  const auto as_there = as_there_.try_emplace(&file, file).first;
  as_there->second.dialect = Dialect::prometheus;
  bill_.sections.add(name, {&as_there->second, key_node, value});
}

// As Prometheus: rules that are not there are none, and the others go on. It says nothing; a rule that nobody misses is the worse
// surprise.
std::vector<std::string> Loader::rule_files_of(const NamedFile& named) {
  const std::string folder = folder_of(named.path);
  const Result<std::vector<std::string>> names = reader_.list(folder.empty() ? "/" : folder);
  const bool is_folder_missing = !names && names.error().kind == ErrorKind::not_found;
  const std::string_view name = file_name_of(named.path);
  const bool is_file_missing = names && !is_pattern(name) && std::find(names->begin(), names->end(), name) == names->end();
  std::vector<std::string> files;
  if (!is_folder_missing && !is_file_missing) files = files_of(named);
  const bool is_nothing = is_folder_missing || is_file_missing || (names && files.empty());
  if (is_nothing)
    bill_.report.add({Severity::warning, "no_rule_file", named.origin.place, named.origin.path,
                      fmt::format("there is no file {}: its rules are missing until it is there and this is read again",
                                  shown(named.path))});
  return files;
}

// The files that a path or pattern stands for, by name. A path without pattern is itself, there or not.
std::vector<std::string> Loader::files_of(const NamedFile& named) {
  const std::string_view pattern = file_name_of(named.path);
  if (!is_pattern(pattern)) return {named.path};
  const std::string folder = folder_of(named.path);
  Result<std::vector<std::string>> names = reader_.list(folder.empty() ? "/" : folder);
  if (!names) {
    complain(named.origin, "file_unreadable", names.error().text());
    return {};
  }
  std::vector<std::string> out;
  for (const std::string& name : *names)
    // As the shell does: a star does not find hidden files.
    if (matches(pattern, name) && (!name.starts_with('.') || pattern.starts_with('.'))) out.push_back(folder + "/" + name);
  std::sort(out.begin(), out.end());
  return out;
}

void Loader::read_sections(std::span<const Key> keys) {
  for (const Key& key : keys) {
    if (key.read == nullptr || key.name == "include") continue;
    for (const Sections::Section& section : bill_.sections.of(key.name)) {
      const Cursor root(bill_.report, *section.file, section.file->tree.root, "");
      key.read(root.member(key.name, section.value), &bill_);
    }
  }
}

void Loader::read_rule_files() {
  std::set<std::string> seen;
  for (const NamedFile& named : bill_.rule_files)
    for (const std::string& path : named.is_asked_for ? files_of(named) : rule_files_of(named)) {
      if (!seen.insert(path).second) continue;
      const SourceFile* file = open(path, Dialect::prometheus, named.origin);
      if (file == nullptr) continue;
      const Cursor root(bill_.report, *file, file->tree.root, "");
      std::vector<RuleGroupConfiguration>& groups = bill_.configuration.rule_groups;
      RuleFileCount& count = rule_files_.emplace_back(RuleFileCount{file->path, groups.size(), 0});
      read_rule_file(root, bill_.configuration.global.evaluation_interval, groups, bill_.alerts, bill_.written_rules);
      for (std::size_t i = count.group_count; i < groups.size(); ++i) count.rule_count += groups[i].rules.size();
      count.group_count = groups.size() - count.group_count;
    }
  const Configuration& read = bill_.configuration;
  lint_rules(bill_.written_rules, read.rule_groups, read.hysteresis, options_.metrics, bill_.report);
}

void Loader::read_routing() {
  for (const NamedFile& named : bill_.alertmanager) {
    const SourceFile* file = open(named.path, Dialect::prometheus, named.origin);
    if (file == nullptr) continue;
    AlertmanagerFile read =
        read_alertmanager_file(Cursor(bill_.report, *file, file->tree.root, ""), reader_);
    bill_.configuration.routing = std::move(read.routing);
    notification_templates_ = std::move(read.templates);
    alertmanager_text_ = alertmanager_text(file->tree);
  }
}

// Beyond loopback only with TLS and tokens; `serve` would refuse it, so the whole configuration is refused.
void Loader::check_listen() {
  const Configuration& out = bill_.configuration;
  if (bill_.files.empty() || (out.tls && !out.access.tokens.empty())) return;
  const bool is_named = !options_.own_addresses.empty();
  const std::vector<std::string>& addresses = is_named ? options_.own_addresses : out.listen;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::string& address = addresses[i];
    const bool is_told = !is_named && !is_address(address);
    if (is_told || is_loopback(address.substr(0, address.rfind(':')))) continue;
    const bool is_bill = bill_.sections.of("watchbill").size() > 0;
    std::string text = fmt::format("{} is beyond loopback, which needs tls and access.tokens{}; or listen on 127.0.0.1 or ::1",
                                   address, is_bill ? "" : " of a bill: `watchbill import prometheus FILE` makes its beginning");
    Finding finding{Severity::error, "listen_not_allowed", {"command line", {}}, "--listen", std::move(text)};
    if (!is_named) finding = bill_.sections.finding(Way{"listen", i}, finding.code, std::move(finding.text), bill_.files.front());
    bill_.report.add(std::move(finding));
  }
}

// Who listens where `alerting` points to is this program.
void Loader::drop_ourselves() {
  Configuration& out = bill_.configuration;
  drop_own_alertmanagers(out.alerting, options_.own_addresses.empty() ? out.listen : options_.own_addresses);
}

// What follows from the parts.
void Loader::finish() {
  Configuration& out = bill_.configuration;
  out.folder = bill_.files.front().folder;
  if (out.data.empty()) out.data = absolute_path(out.folder, "data");
  out.runbooks.folder = out.folder;
  out.runbooks.own_host = options_.own_host;
  out.runbooks.exec_user = out.supervision.supervisor.exec_user;
  for (const auto& [name, workload] : out.supervision.workloads) out.runbooks.workload_groups[name] = workload.group;
}

// A warning: the bill may be checked on another host than the one that it is for, and the file may come later.
void Loader::look_at_later_files() {
  if (!reader_.can_read) return;
  for (const LaterFile& each : bill_.report.later_files())
    if (const Status found = reader_.can_read(each.file); !found)
      bill_.report.add({Severity::warning, "file_unreadable", each.place, each.path,
                        fmt::format("{}: {}", found.error().text(), each.without)});
}

Loaded Loader::take() {
  look_at_later_files();
  Loaded out;
  out.dropped_count = bill_.report.dropped_count();
  out.rule_files = std::move(rule_files_);
  const bool is_good = !bill_.report.has_errors();
  out.findings = bill_.report.take();
  if (!is_good) return out;
  out.prometheus_text = prometheus_text(prometheus_sections(bill_));
  out.alertmanager_text = std::move(alertmanager_text_);
  out.notification_templates = std::move(notification_templates_);
  out.configuration = std::move(bill_.configuration);
  return out;
}

Loaded Loader::bill(const std::string& path) {
  const std::string whole = absolute_path(options_.working_directory == "/" ? "" : options_.working_directory, path);
  std::vector<std::string> way;
  read_bill_file(whole, origin_of(whole), way);
  if (bill_.files.empty()) return take();
  read_sections(bill_keys());
  check_listen();
  drop_ourselves();
  read_rule_files();
  read_routing();
  finish();
  check_workload_links(bill_, options_);
  check_links(bill_, options_);
  return take();
}

// An empty file is one without keys, as there.
void Loader::read_prometheus_file(const std::string& path) {
  const SourceFile* file = open(path, Dialect::prometheus, origin_of(path));
  if (file == nullptr || is_null(file->tree.at(file->tree.root))) return;
  const Cursor root(bill_.report, *file, file->tree.root, "");
  static const std::vector<Key> keys = noting_keys(prometheus_file_keys());
  std::vector<std::pair<std::string_view, NodeIndex>> found;
  if (!read_keys(root, keys, &found)) return;
  for (const auto& [name, value] : found) bill_.sections.add(name, {file, value, value});
  read_sections(prometheus_file_keys());
  drop_ourselves();
}

Loaded Loader::neighbours(const NeighbourFiles& named) {
  const std::string folder = options_.working_directory == "/" ? "" : options_.working_directory;
  take_flags(named.flags, bill_);  // before the file: its jobs take their defaults from them
  if (!named.prometheus.empty()) read_prometheus_file(absolute_path(folder, named.prometheus));
  read_rule_files();
  if (!named.alertmanager.empty()) {
    const std::string whole = absolute_path(folder, named.alertmanager);
    bill_.alertmanager.push_back({whole, origin_of(whole)});
  }
  read_routing();
  check_listen();
  if (!bill_.files.empty()) fill_in_for_drop_in(bill_, options_);
  return take();
}

Loaded Loader::rules(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const std::string whole = absolute_path(options_.working_directory == "/" ? "" : options_.working_directory, path);
    bill_.rule_files.push_back({whole, origin_of(whole), true});
  }
  read_rule_files();
  return take();
}

Loaded Loader::alertmanager(const std::string& path) {
  const std::string whole = absolute_path(options_.working_directory == "/" ? "" : options_.working_directory, path);
  bill_.alertmanager.push_back({whole, origin_of(whole)});
  read_routing();
  return take();
}

}  // namespace

int Loaded::exit_code(bool warn_as_fail) const noexcept {
  if (!configuration) return 2;
  const bool has_mistakes = std::any_of(findings.begin(), findings.end(),
                                        [](const Finding& each) { return each.severity == Severity::mistake; });
  return has_mistakes || (warn_as_fail && !findings.empty()) ? 1 : 0;
}

Loaded load_bill(const std::string& path, const FileReader& files, const LoadOptions& options) {
  return Loader(files, options).bill(path);
}

Loaded load_neighbours(const NeighbourFiles& named, const FileReader& files, const LoadOptions& options) {
  return Loader(files, options).neighbours(named);
}

Loaded check_rule_files(const std::vector<std::string>& paths, const FileReader& files, const LoadOptions& options) {
  return Loader(files, options).rules(paths);
}

Loaded check_alertmanager_file(const std::string& path, const FileReader& files, const LoadOptions& options) {
  return Loader(files, options).alertmanager(path);
}

}  // namespace watchbill::config
