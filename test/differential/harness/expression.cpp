#include "differential/harness/expression.h"

#include <algorithm>
#include <functional>

namespace watchbill::differential {
namespace {

void append(const Part& part, std::string& out) {
  for (const Part::Piece& piece : part.pieces)
    if (piece.child == Part::no_child) out += piece.text;
    else append(part.children[piece.child], out);
}

// The plainest part of a type that says something.
Part plain(ValueType type) {
  switch (type) {
    case ValueType::scalar: return leaf(type, "1");
    case ValueType::string: return leaf(type, "\"a\"");
    case ValueType::instant_vector: return leaf(type, "temperature");
    case ValueType::range_vector: return leaf(type, "temperature[1m]");
  }
  return {};
}

using Take = std::function<void(Part)>;

// Tells `take` of every part that could stand in the place of `part`.
void replacements(const Part& part, const Take& take) {
  for (const Part& child : part.children)
    if (child.type == part.type) take(child);
  if (const Part simple = plain(part.type); simple.text().size() < part.text().size()) take(simple);
  for (std::size_t i = 0; i < part.pieces.size(); ++i) {
    if (!part.pieces[i].may_go) continue;
    Part less = part;
    less.pieces.erase(less.pieces.begin() + static_cast<std::ptrdiff_t>(i));
    take(std::move(less));
  }
  for (std::size_t i = 0; i < part.children.size(); ++i)
    replacements(part.children[i], [&](Part child) {
      Part changed = part;
      changed.children[i] = std::move(child);
      take(std::move(changed));
    });
}

}  // namespace

std::string Part::text() const {
  std::string out;
  append(*this, out);
  return out;
}

std::size_t Part::part_count() const {
  std::size_t count = 1;
  for (const Part& child : children) count += child.part_count();
  return count;
}

Part leaf(ValueType type, std::string text) {
  Part part;
  part.type = type;
  return std::move(part.add(std::move(text)));
}

std::vector<Part> smaller(const Part& whole) {
  std::vector<Part> out;
  for (const Part& child : whole.children)
    if (child.type != ValueType::string) out.push_back(child);
  replacements(whole, [&](Part part) { out.push_back(std::move(part)); });
  std::stable_sort(out.begin(), out.end(),
                   [](const Part& a, const Part& b) { return a.text().size() < b.text().size(); });
  return out;
}

}  // namespace watchbill::differential
