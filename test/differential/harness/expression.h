// An expression as the generator made it: text with parts in it, so that it can be made smaller without being parsed.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "metrics/promql/functions.h"

namespace watchbill::differential {

using metrics::promql::ValueType;

// A part of an expression. Its text is that of its pieces: words of its own, and the parts that it holds.
struct Part {
  static constexpr std::size_t no_child = static_cast<std::size_t>(-1);
  struct Piece {
    std::string text;
    std::size_t child{no_child};  // an index into `children`; then `text` means nothing
    bool may_go{false};           // the part is still one of its type without it
  };

  ValueType type{ValueType::scalar};
  std::vector<Piece> pieces;
  std::vector<Part> children;

  Part& add(std::string text) {
    pieces.push_back({std::move(text), no_child, false});
    return *this;
  }
  Part& add(Part child) {
    pieces.push_back({"", children.size(), false});
    children.push_back(std::move(child));
    return *this;
  }
  // What may be left out: a modifier. Nothing when `text` is empty.
  Part& add_optional(std::string text) {
    if (!text.empty()) pieces.push_back({std::move(text), no_child, true});
    return *this;
  }
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::size_t part_count() const;
};

// A part that is nothing but text.
[[nodiscard]] Part leaf(ValueType type, std::string text);

// Everything that is one step smaller, the smallest first: a part in place of the whole, a part of the same type in place of the
// one around it, a plain one in place of a larger one, an optional piece less.
[[nodiscard]] std::vector<Part> smaller(const Part& whole);

}  // namespace watchbill::differential
