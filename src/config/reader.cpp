#include "config/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/spelling.h"

namespace watchbill::config {
namespace {

// What people call the thing that was found.
std::string found(const Node& node) {
  switch (node.kind) {
    case NodeKind::sequence: return "a list";
    case NodeKind::mapping: return "an object";
    case NodeKind::scalar: break;
  }
  if (is_null(node)) return "nothing";
  constexpr std::size_t shown_bytes_max = 60;
  if (node.text.size() > shown_bytes_max) return "a text of " + std::to_string(node.text.size()) + " bytes";
  std::string shown = node.text;
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return "\"" + shown + "\"";
}

std::string unknown_key_text(std::string_view name, std::span<const Key> keys) {
  constexpr std::size_t listed_max = 12;
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  const std::string_view nearest = nearest_spelling(name, names);
  if (!nearest.empty()) return fmt::format("unknown key; did you mean {}?", nearest);
  std::string list;
  std::size_t count = 0;
  for (const Key& key : keys)
    if (key.presence != Presence::later && ++count <= listed_max) list += (list.empty() ? "" : ", ") + std::string(key.name);
  if (count > listed_max) return fmt::format("unknown key; none of the {} keys of this object is spelt like it", count);
  return fmt::format("unknown key; expected one of {}", list);
}

}  // namespace

bool Cursor::has(std::string_view key) const {
  const NodeIndex value = file_->tree.find(index_, key);
  return value != no_node && (file_->dialect == Dialect::bill || !is_null(at(value)));
}

std::string Cursor::path() const {
  std::vector<const Cursor*> way;
  for (const Cursor* each = this; each != nullptr; each = each->parent_) way.push_back(each);
  std::string out;
  for (std::size_t i = way.size(); i-- > 0;) {
    const Cursor& each = *way[i];
    if (each.position_ != no_position)
      out += fmt::format("[{}]", each.position_);
    else if (!each.name_.empty())
      out += (out.empty() ? "" : ".") + std::string(each.name_);
  }
  return out;
}

void Cursor::complain(std::string_view code, std::string text) const {
  report_->add({Severity::error, code, place(), path(), std::move(text)});
}

void Cursor::complain_in(std::size_t offset, std::string_view code, std::string text) const {
  // The place costs a walk through the file: not for a finding that is only counted.
  report_->add({Severity::error, code, report_->is_full() ? place() : place_in(offset), path(), std::move(text)});
}

void Cursor::complain_at_key(NodeIndex key, std::string_view code, std::string text) const {
  const Node& node = at(key);
  const std::string own = path();
  report_->add({Severity::error, code, {file_->path, node.begin}, own + (own.empty() ? "" : ".") + node.text, std::move(text)});
}

void Cursor::warn(std::string_view code, std::string text) const {
  report_->add({Severity::warning, code, place(), path(), std::move(text)});
}

void Cursor::warn_in(std::size_t offset, std::string_view code, std::string text) const {
  report_->add({Severity::warning, code, report_->is_full() ? place() : place_in(offset), path(), std::move(text)});
}

void Cursor::expected(std::string_view what) const {
  complain("wrong_type", fmt::format("expected {}, found {}", what, found(node())));
}

bool read_keys(const Cursor& at, std::span<const Key> keys, void* object) {
  if (at.node().kind != NodeKind::mapping) {
    at.expected("an object with keys");
    return false;
  }
  const std::vector<NodeIndex>& children = at.node().children;
  for (std::size_t i = 0; i < children.size(); i += 2) {
    const std::string& name = at.at(children[i]).text;
    const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == name; });
    if (key == keys.end()) {
      at.complain_at_key(children[i], "unknown_key", unknown_key_text(name, keys));
    } else if (key->presence == Presence::later) {
      at.complain_at_key(
          children[i], "not_yet_supported",
          key->text.empty() ? "this release does not have it" : "this release does not have it: " + std::string(key->text));
    } else if (const Cursor value = at.member(key->name, children[i + 1]);
               at.file().dialect == Dialect::bill || !is_null(value.node())) {
      key->read(value, object);
    }
  }
  for (const Key& key : keys)
    if (key.presence == Presence::required && !at.has(key.name))
      at.complain("missing_key", fmt::format("the key {} is required: {}", key.name, key.type));
  return true;
}

}  // namespace watchbill::config
