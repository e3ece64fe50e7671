// tools/layers.txt: who may include whom below src/, and how many lines a folder may grow to. The file's head explains its form.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::tidy {

// One row. `pattern` and `allowed` may hold one `*`, which stands for one path component.
struct Layer {
  std::string pattern;
  std::vector<std::string> allowed;
  bool allows_everything{false};
  std::optional<std::size_t> budget_lines;
  std::size_t line{0};  // in layers.txt
};

class Layers {
 public:
  // Reads the text of layers.txt. On failure the result has no rows and `error` says in which line what was expected.
  [[nodiscard]] static Layers parse(std::string_view text, std::string& error);

  // The row for a file, given by its path from src/; null when no row matches (which is a finding). Longest pattern first, a name
  // before `*`.
  [[nodiscard]] const Layer* layer_of(std::string_view file) const noexcept;

  // Whether `file` may include `target`, both paths from src/. False when `file` has no row.
  [[nodiscard]] bool allows(std::string_view file, std::string_view target) const;

  // The folder that the row of `file` stands for: `core/alert` for the row `core/*`. Empty without a row.
  [[nodiscard]] std::string folder_of(std::string_view file) const;

  [[nodiscard]] const std::vector<Layer>& rows() const noexcept { return rows_; }

 private:
  std::vector<Layer> rows_;
};

}  // namespace watchbill::tidy
