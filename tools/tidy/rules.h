// The rules of the house, each a function over one file or over all of them. What a rule wants and why: docs/build.md.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>

#include "tidy/layers.h"
#include "tidy/source.h"

namespace watchbill::tidy {

// The C++ files of the repository, in the order of their paths. A deque: sources are views into themselves and must stay in
// place.
using Sources = std::deque<Source>;

inline constexpr std::size_t header_lines_max = 150;
inline constexpr std::size_t file_lines_max = 800;
inline constexpr std::size_t function_lines_max = 70;
inline constexpr std::size_t line_columns_max = 130;

// Each rule adds what it finds. The first word of a rule's comment is the name that it reports (and that allow.txt uses).

// header-lines, file-lines, function-lines, line-columns: what one can see whole. Columns are code points.
void check_lengths(const Source& source, Findings& findings);

// marker: no to-do, fix-me and similar marks; any text file. They are done, or they are an issue.
void check_markers(std::string_view path, std::string_view text, Findings& findings);

// vague-name: no file, folder, type or namespace called for nothing in particular.
void check_names(const Source& source, Findings& findings);

// contract (not in test/): a header begins with a comment, and each function and type that it declares at namespace level has one
// directly above it, or above the block of lines without a blank one that it stands in; or at another overload; or, for a type,
// within. Exempt: structs of plain data, definitions on one line, types of three, operators, specialisations, what is in
// `detail`, functions called apply…, word or …_of, and the only declaration of a header (the head speaks of it).
void check_contract(const Source& source, Findings& findings);

// pragma-once, namespace: a header of src/ guards itself, and its namespace is its folder (base, model: watchbill).
void check_header_form(const Source& source, Findings& findings);

// layer: an include that layers.txt does not allow; include-path: a quoted include that is not written from src/ (test/, tools/
// there).
void check_layers(const Sources& sources, const Layers& layers, Findings& findings);

// banned-header: headers that cost too much or that belong to one folder or file; virtual: only src/ports declares virtual
// functions.
void check_headers(const Sources& sources, Findings& findings);

// determinism: no clock, entropy, threads, locks, files, sockets, environment, locale, number formatting by the C library, no
// iteration over unordered containers and no order by address, in the folders that must give the same on every host and in every
// replay.
void check_determinism(const Sources& sources, Findings& findings);

// budget (a warning): a folder has more lines than layers.txt plans for.
void check_budgets(const Sources& sources, const Layers& layers, Findings& findings);

}  // namespace watchbill::tidy
