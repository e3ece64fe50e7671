#include "tidy/layers.h"

#include <algorithm>
#include <charconv>

namespace watchbill::tidy {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

// How many characters of `path` the pattern covers: up to a '/' or the end. 0 when it does not match.
std::size_t matched_length(std::string_view pattern, std::string_view path) noexcept {
  std::size_t at = 0;
  while (!pattern.empty()) {
    const std::size_t pattern_end = std::min(pattern.find('/'), pattern.size());
    const std::size_t path_end = std::min(path.find('/', at), path.size());
    const std::string_view component = pattern.substr(0, pattern_end);
    // `*` is a folder, never a file: core/state.h belongs to the row `core`.
    if (component == "*" ? path_end == path.size() : component != path.substr(at, path_end - at)) return 0;
    pattern.remove_prefix(std::min(pattern_end + 1, pattern.size()));
    at = path_end;
    if (!pattern.empty()) {
      if (at == path.size()) return 0;
      ++at;
    }
  }
  return at;
}

bool is_below(std::string_view path, std::string_view folder) noexcept {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

}  // namespace

Layers Layers::parse(std::string_view text, std::string& error) {
  Layers layers;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      error = "line " + std::to_string(number) + ": expected FOLDER: FOLDERS ; BUDGET";
      return {};
    }
    Layer layer;
    layer.line = number;
    layer.pattern = trimmed(line.substr(0, colon));
    const std::size_t semicolon = line.find(';');
    if (semicolon != std::string_view::npos) {
      const std::string_view budget = trimmed(line.substr(semicolon + 1));
      std::size_t lines = 0;
      const auto [stop, code] = std::from_chars(budget.data(), budget.data() + budget.size(), lines);
      if (code != std::errc{} || stop != budget.data() + budget.size()) {
        error = "line " + std::to_string(number) + ": expected a number of lines behind ';'";
        return {};
      }
      layer.budget_lines = lines;
    }
    layer.allowed = words_of(line.substr(colon + 1, std::min(semicolon, line.size()) - colon - 1));
    layer.allows_everything = std::find(layer.allowed.begin(), layer.allowed.end(), "everything") != layer.allowed.end();
    const bool is_double = std::any_of(layers.rows_.begin(), layers.rows_.end(),
                                       [&layer](const Layer& other) { return other.pattern == layer.pattern; });
    if (is_double) {
      error = "line " + std::to_string(number) + ": a second row for " + layer.pattern;
      return {};
    }
    layers.rows_.push_back(std::move(layer));
  }
  return layers;
}

const Layer* Layers::layer_of(std::string_view file) const noexcept {
  const Layer* best = nullptr;
  std::size_t best_length = 0;
  for (const Layer& row : rows_) {
    const std::size_t length = matched_length(row.pattern, file);
    if (length == 0) continue;
    const bool is_better = length > best_length ||
                           (length == best_length && best->pattern.find('*') != std::string::npos &&
                            row.pattern.find('*') == std::string::npos);
    if (!is_better) continue;
    best = &row;
    best_length = length;
  }
  return best;
}

bool Layers::allows(std::string_view file, std::string_view target) const {
  const Layer* row = layer_of(file);
  if (row == nullptr) return false;
  if (row->allows_everything || is_below(target, folder_of(file))) return true;
  return std::any_of(row->allowed.begin(), row->allowed.end(), [target](const std::string& entry) {
    if (entry.find('*') != std::string::npos) return matched_length(entry, target) != 0;
    // `ports/files` also means ports/files.h.
    return is_below(target, entry) || (target.starts_with(entry) && target.substr(entry.size()) == ".h");
  });
}

std::string Layers::folder_of(std::string_view file) const {
  const Layer* row = layer_of(file);
  return row == nullptr ? std::string{} : std::string(file.substr(0, matched_length(row->pattern, file)));
}

}  // namespace watchbill::tidy
