// Paths and patterns as text; nothing here asks a disk.
#pragma once

#include <string>
#include <string_view>

namespace watchbill::config {

// `path` below `folder` unless it begins with "/"; without ".", ".." and doubled slashes.
// Holds: `folder` is absolute and has no "/" at its end ("/" itself is "").
[[nodiscard]] std::string absolute_path(std::string_view folder, std::string_view path);

// "/etc/watchbill" of "/etc/watchbill/watchbill.yaml"; "" of "/watchbill.yaml".
[[nodiscard]] std::string folder_of(std::string_view path);
// "rules/a.yml" or "../a.yml": an absolute path as who stands in `folder` writes it; as it is when `folder` is empty.
[[nodiscard]] std::string seen_from(const std::string& folder, const std::string& path);
// What is behind the last "/".
[[nodiscard]] std::string_view file_name_of(std::string_view path);

// True when the text has a character that means something in a pattern.
[[nodiscard]] bool is_pattern(std::string_view text) noexcept;
// Go's path.Match on one name: `*` any run, `?` one character, [a-z] and [^a-z], \ quotes. A broken pattern matches nothing.
// O(pattern × name).
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name) noexcept;

}  // namespace watchbill::config
