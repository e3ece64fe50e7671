// Texts of workloads and probes: templates whose names are known when the bill is read (.Dir, .Host) are expanded at once.
#pragma once

#include <string>
#include <vector>

#include "config/cursor.h"

namespace watchbill::config {

// A name of ours: letters, digits and . _ - within `bytes_max`, not beginning with a dot. Complains at the value itself.
[[nodiscard]] bool is_name(std::string_view text, std::size_t bytes_max) noexcept;
// Complains (out_of_range) at each key of a map that is no such name.
void check_names(const Cursor& map, std::size_t bytes_max);

// A text, expanded; not empty.
void read_expanded(const Cursor& at, std::string& out);
// As read_expanded, then made absolute.
void read_expanded_path(const Cursor& at, std::string& out);
// A program and its arguments: at least one text.
void read_command(const Cursor& at, std::vector<std::string>& out);
// http or https with a host.
void read_url(const Cursor& at, std::string& out);
// HOST:PORT or [HOST]:PORT
void read_address(const Cursor& at, std::string& out);
// Whether a text, with any template in it, is one of these.
[[nodiscard]] bool is_url(std::string_view text) noexcept;
[[nodiscard]] bool is_address(std::string_view text) noexcept;
// True for the host of an address that only this host's own programs reach: 127.0.0.0/8, ::1 with or without brackets, localhost.
[[nodiscard]] bool is_loopback(std::string_view host) noexcept;

}  // namespace watchbill::config
