#include "config/sections.h"

#include <utility>

namespace watchbill::config {
namespace {

struct Found {
  std::size_t step_count{0};  // of the way that were found
  Mark at;
};

// Follows a way, its first step being the section itself.
Found follow(const Sections::Section& section, std::span<const Step> way) {
  const Tree& tree = section.file->tree;
  NodeIndex key = section.key;
  NodeIndex value = section.value;
  std::size_t count = 1;
  for (; count < way.size(); ++count) {
    const Node& node = tree.at(value);
    const Step& step = way[count];
    if (step.is_position) {
      if (node.kind != NodeKind::sequence || step.position >= node.children.size()) break;
      key = value = node.children[step.position];
      continue;
    }
    if (node.kind != NodeKind::mapping) break;
    std::size_t i = 0;
    while (i < node.children.size() && tree.at(node.children[i]).text != step.name) i += 2;
    if (i == node.children.size()) break;
    key = node.children[i];
    value = node.children[i + 1];
  }
  return {count, tree.at(tree.at(value).kind == NodeKind::scalar ? value : key).begin};
}

}  // namespace

std::span<const Sections::Section> Sections::of(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::span<const Section>{} : std::span<const Section>(found->second);
}

Finding Sections::finding(std::span<const Step> way, std::string_view code, std::string text, const SourceFile& otherwise) const {
  Finding out{Severity::error, code, {otherwise.path, {}}, {}, std::move(text)};
  for (const Step& step : way) {
    if (step.is_position)
      out.path += "[" + std::to_string(step.position) + "]";
    else
      out.path += (out.path.empty() ? "" : ".") + std::string(step.name);
  }
  std::size_t best = 0;
  for (const Section& section : of(way.front().name)) {
    const Found found = follow(section, way);
    if (found.step_count <= best) continue;
    best = found.step_count;
    out.place = {section.file->path, found.at};
  }
  return out;
}

}  // namespace watchbill::config
