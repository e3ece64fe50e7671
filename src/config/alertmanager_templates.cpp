#include "config/alertmanager_templates.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "config/expressions.h"
#include "config/integration_keys.h"
#include "config/paths.h"
#include "config/values.h"
#include "receivers/templates.h"
#include "template/analysis.h"
#include "template/notification.h"

namespace watchbill::config {
namespace {

constexpr auto template_place = text_template::Place::notification;

// Line and column behind "NAME:" of a template's error.
Mark mark_of(const Error& error) {
  Mark mark;
  const std::size_t column = error.on.rfind(':');
  if (column == std::string::npos || column == 0) return mark;
  const std::size_t line = error.on.rfind(':', column - 1);
  if (line == std::string::npos) return mark;
  std::from_chars(error.on.data() + line + 1, error.on.data() + column, mark.line);
  std::from_chars(error.on.data() + column + 1, error.on.data() + error.on.size(), mark.column);
  return mark;
}

std::string_view source_of(const Error& error) {
  std::string_view name = error.on;
  for (int i = 0; i < 2; ++i) name = name.substr(0, std::min(name.rfind(':'), name.size()));
  return name;
}

// Without the folder that the file's own path is shown without.
std::string shown_beside(const SourceFile& file, const std::string& path) {
  const std::string whole = file.folder + "/" + std::string(file_name_of(file.path));
  const std::string prefix = whole.ends_with(file.path) ? whole.substr(0, whole.size() - file.path.size()) : std::string();
  return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

// A path among files: all names of its folders are asked for.
void find_below(const std::string& folder, std::string_view rest, const FileReader& files, std::vector<std::string>& out) {
  const std::size_t slash = rest.find('/');
  const std::string_view part = rest.substr(0, slash);
  const bool is_last = slash == std::string_view::npos;
  if (!is_pattern(part) && !is_last) return find_below(folder + "/" + std::string(part), rest.substr(slash + 1), files, out);
  Result<std::vector<std::string>> names = files.list(folder.empty() ? "/" : folder);
  if (!names) return;
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) {
    if (!is_pattern(part) ? name != part : !matches(part, name)) continue;
    if (out.size() > template_files_max) return;
    if (is_last) out.push_back(folder + "/" + name);
    else find_below(folder + "/" + name, rest.substr(slash + 1), files, out);
  }
}

}  // namespace

std::vector<std::string> files_like(const std::string& path, const FileReader& files) {
  std::vector<std::string> out;
  find_below("", std::string_view(path).substr(1), files, out);
  return out;
}

bool is_broken_pattern(std::string_view pattern) noexcept {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && ++i == pattern.size()) return true;
    if (pattern[i] != '[') continue;
    std::size_t end = i + 1;
    if (end < pattern.size() && pattern[end] == '^') ++end;
    const std::size_t first = end;
    while (end < pattern.size() && (pattern[end] != ']' || end == first)) end += pattern[end] == '\\' ? 2U : 1U;
    if (end >= pattern.size() || pattern[first] == ']' || pattern[first] == '-') return true;
    i = end;
  }
  return false;
}

// The defaults parse: a test of theirs sees to that.
NotificationTemplates::NotificationTemplates()
    : library_(*text_template::parse({"default.tmpl", receivers::default_templates()}, template_place)) {}

void NotificationTemplates::read_file(const Cursor& origin, const std::string& path, const FileReader& files) {
  Result<std::string> text = files.read(path);
  if (!text) return origin.complain("file_unreadable", text.error().text());
  const std::string name(file_name_of(path));
  shown_[name] = shown_beside(origin.file(), path);
  Result<text_template::Template> parsed =
      text_template::parse({name, *text}, template_place, &library_);
  if (parsed) library_ = std::move(*parsed);
  else
    origin.report().add(
        {Severity::error, "template_invalid", {shown_[name], mark_of(parsed.error())}, origin.path(), parsed.error().detail});
  texts_.push_back({path, std::move(*text)});
}

void NotificationTemplates::read(const Cursor& at, const FileReader& files) {
  if (!is_list(at, "paths of template files")) return;
  std::vector<std::pair<std::string, std::size_t>> found;  // and the element that names it
  for (std::size_t i = 0; i < at.node().children.size(); ++i) {
    const Cursor element = at.element(i);
    std::string path;
    read_path(element, path);
    if (path.empty()) continue;
    if (is_broken_pattern(path)) {
      element.complain("out_of_range", "expected a path or a pattern such as templates/*.tmpl: a class `[` has no end");
      continue;
    }
    const std::vector<std::string> paths = files_like(path, files);
    if (paths.empty() && !is_pattern(path))
      element.warn("no_template_file", fmt::format("there is no file {}: its templates are missing until it is there and this is "
                                                   "read again",
                                                   path));
    for (const std::string& each : paths) {
      // Read twice it counts where it is read last: there it replaces what others defined.
      std::erase_if(found, [&each](const auto& before) { return before.first == each; });
      found.emplace_back(each, i);
    }
  }
  if (found.size() > template_files_max)
    return at.complain("too_large", fmt::format("more than {} template files", template_files_max));
  for (const auto& [path, index] : found) read_file(at.element(index), path, files);
}

void NotificationTemplates::check(const Cursor& integration, const TableView& table) const {
  for (const Key& key : table.keys) {
    if (!has_templates(key) || !integration.has(key.name)) continue;
    const NodeIndex value = integration.file().tree.find(integration.index(), key.name);
    check_below(integration.member(key.name, value), is_secret(key));
  }
}

// Recurses no deeper than a tree may be.
void NotificationTemplates::check_below(const Cursor& at, bool is_hidden) const {
  const Node& node = at.node();
  switch (node.kind) {
    case NodeKind::scalar:
      if (node.text.find("{{") != std::string::npos) check_text(at, is_hidden);
      return;
    case NodeKind::sequence:
      for (std::size_t i = 0; i < node.children.size(); ++i) check_below(at.element(i), is_hidden);
      return;
    case NodeKind::mapping:
      for (std::size_t i = 0; i < node.children.size(); i += 2)
        check_below(at.member(at.at(node.children[i]).text, node.children[i + 1]), is_hidden);
  }
}

void NotificationTemplates::check_text(const Cursor& at, bool is_hidden) const {
  const std::string& text = at.node().text;
  const std::string name = at.path();
  const auto offset = [&text](Mark mark) { return offset_in_template(text, mark.line, mark.column); };
  const Result<text_template::Template> parsed =
      text_template::parse({name, text}, template_place, &library_);
  if (!parsed)
    return at.complain_in(offset(mark_of(parsed.error())), "template_invalid",
                      is_hidden ? "the template cannot be read" : parsed.error().detail);
  static const text_template::Shape shape = text_template::notification_shape();
  for (const text_template::Finding& finding : text_template::analyse(*parsed, shape).findings) {
    const bool is_unknown = finding.error.detail.starts_with("there is no template");
    const std::string_view code = is_unknown ? "template_unknown" : "template_invalid";
    const Mark mark{finding.line, finding.column};
    if (const auto file = shown_.find(std::string(source_of(finding.error))); file != shown_.end())
      at.report().add({Severity::error, code, {file->second, mark}, "", finding.error.detail});
    else
      at.complain_in(offset(mark), code, is_hidden ? "the template cannot be rendered" : finding.error.detail);
  }
}

}  // namespace watchbill::config
