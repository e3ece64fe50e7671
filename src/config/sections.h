// What the files of one bill say under each top-level key, so that a finding about what was read can still name its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/cursor.h"

namespace watchbill::config {

// One step of a way through a bill: a name in an object, or a position in a list (from 0).
struct Step {
  std::string_view name;
  std::size_t position{0};
  bool is_position{false};
  Step(std::string_view text) : name(text) {}                                   // NOLINT(google-explicit-constructor)
  Step(const char* text) : name(text) {}                                        // NOLINT(google-explicit-constructor)
  Step(const std::string& text) : name(text) {}                                 // NOLINT(google-explicit-constructor)
  Step(std::size_t index) : position(index), is_position(true) {}               // NOLINT(google-explicit-constructor)
};
using Way = std::vector<Step>;

class Sections {
 public:
  struct Section {
    const SourceFile* file{nullptr};
    NodeIndex key{no_node};
    NodeIndex value{no_node};
  };

  void add(std::string_view name, Section section) { by_name_[std::string(name)].push_back(section); }
  // In the order of the files; empty when nobody wrote the key.
  [[nodiscard]] std::span<const Section> of(std::string_view name) const;

  // A finding at the end of a way, or at the last part of it that somebody wrote. An object is shown at its key. Holds: the first
  // step is a name; where nobody wrote it, the place is the beginning of `otherwise`.
  [[nodiscard]] Finding finding(std::span<const Step> way, std::string_view code, std::string text,
                                const SourceFile& otherwise) const;

 private:
  std::map<std::string, std::vector<Section>, std::less<>> by_name_;
};

}  // namespace watchbill::config
