// A value of a file with the way to it: what readers of the bill hold, and complain through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/finding.h"
#include "config/tree.h"

namespace watchbill::config {

// What is taken of YAML's looser side. Files of our neighbours are read as they read them.
enum class Dialect : std::uint8_t {
  bill,        // true and false only; an empty value is an error
  prometheus,  // yes, no, on, off too; an empty value is an absent one
};

struct SourceFile {
  std::string path;    // as messages name it
  std::string folder;  // where its relative paths start: absolute, without a "/" at the end ("/" is empty)
  std::string host;    // the controller's own: `.Host` of what is expanded while it is read
  Dialect dialect{Dialect::bill};
  Tree tree;
};

// A value in a file, with the way to it. Lives on the stack of its reader; parents outlive children.
class Cursor {
 public:
  Cursor(Report& report, const SourceFile& file, NodeIndex index, std::string_view name)
      : report_(&report), file_(&file), index_(index), name_(name) {}
  // The value of a key, the element of a list.
  [[nodiscard]] Cursor member(std::string_view name, NodeIndex index) const { return {*this, index, name, no_position}; }
  [[nodiscard]] Cursor element(std::size_t position) const { return {*this, node().children[position], "", position}; }

  [[nodiscard]] const Node& node() const { return file_->tree.at(index_); }
  [[nodiscard]] NodeIndex index() const { return index_; }
  [[nodiscard]] const Node& at(NodeIndex index) const { return file_->tree.at(index); }
  [[nodiscard]] const SourceFile& file() const { return *file_; }
  [[nodiscard]] Report& report() const { return *report_; }
  // True when this object has the key, with a value that counts in its dialect.
  [[nodiscard]] bool has(std::string_view key) const;
  // "workloads.web.command[2]"
  [[nodiscard]] std::string path() const;
  // The last name of the path.
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] Place place() const { return {file_->path, node().begin}; }
  // The place of byte `offset` of this scalar's text.
  [[nodiscard]] Place place_in(std::size_t offset) const { return {file_->path, file_->tree.place_in(node(), offset)}; }

  // An error at this value, at a byte of its text, or at a key of this object.
  void complain(std::string_view code, std::string text) const;
  void complain_in(std::size_t offset, std::string_view code, std::string text) const;
  void complain_at_key(NodeIndex key, std::string_view code, std::string text) const;
  void warn(std::string_view code, std::string text) const;
  void warn_in(std::size_t offset, std::string_view code, std::string text) const;
  // wrong_type: "expected WHAT, found …".
  void expected(std::string_view what) const;

 private:
  static constexpr std::size_t no_position = static_cast<std::size_t>(-1);
  Cursor(const Cursor& parent, NodeIndex index, std::string_view name, std::size_t position)
      : report_(parent.report_), file_(parent.file_), index_(index), parent_(&parent), name_(name), position_(position) {}

  Report* report_;
  const SourceFile* file_;
  NodeIndex index_;
  const Cursor* parent_{nullptr};
  std::string_view name_;
  std::size_t position_{no_position};
};

}  // namespace watchbill::config
