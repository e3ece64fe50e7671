// A YAML file as a tree of ours that knows where everything stands. Pure; any thread.
//
// What is refused, each with its place: syntax that libyaml refuses, duplicate keys, keys that are no scalars, a second document,
// tags other than !!str, an alias inside its own anchor, and everything beyond the limits, aliases counted as written out.
// `<<` merges as Prometheus' loader does. Types are the reader's business: a scalar is text and how it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace watchbill::config {

// A place in a file, from 1; columns in characters.
struct Mark {
  std::uint32_t line{1};
  std::uint32_t column{1};
  friend auto operator<=>(const Mark&, const Mark&) = default;
};

enum class NodeKind : std::uint8_t { scalar, sequence, mapping };
enum class ScalarStyle : std::uint8_t { plain, single_quoted, double_quoted, literal, folded };

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex no_node = 0xFFFF'FFFF;

struct Node {
  NodeKind kind{NodeKind::scalar};
  ScalarStyle style{ScalarStyle::plain};
  Mark begin;
  Mark end;
  std::string text;                  // of a scalar
  std::vector<NodeIndex> children;   // elements; of a mapping key, value, key, value …
  std::uint32_t expanded_count{1};   // nodes of this subtree, aliases written out
  std::uint16_t height{1};           // levels of this subtree
};

struct TreeLimits {
  // A bill of 5 000 workloads has 3 MB and 400 000 nodes; the largest public rule file 1 MB.
  std::size_t bytes_max{16U << 20};
  std::uint32_t nodes_max{1'000'000};
  // The deepest bill of the documents has 12 levels; a route of Alertmanager's file costs two, and 32 of those are read. Readers
  // recurse so deep.
  std::uint16_t depth_max{72};
};

struct Tree {
  std::string source;       // the text of the file; marks point into it
  std::vector<Node> nodes;
  NodeIndex root{no_node};  // a plain scalar without text when the file is empty

  [[nodiscard]] const Node& at(NodeIndex index) const { return nodes[index]; }
  // The value under a key of a mapping, or no_node. O(keys).
  [[nodiscard]] NodeIndex find(NodeIndex mapping, std::string_view key) const;
  // The place of byte `offset` of a scalar's text in the file, escapes, folding and indentation taken into account.
  // O(length of the scalar).
  [[nodiscard]] Mark place_in(const Node& scalar, std::size_t offset) const;
};

// Why a file is no tree, and where.
struct TreeError {
  std::string_view code;  // syntax, duplicate_key, multiple_documents, alias_cycle, too_large
  Mark at;
  std::string text;
};

// Reads a whole file.
[[nodiscard]] Result<Tree, TreeError> parse_tree(std::string source, const TreeLimits& limits = {});

// Plain and empty, `~` or `null`: a value that is not there.
[[nodiscard]] bool is_null(const Node& node) noexcept;

}  // namespace watchbill::config
