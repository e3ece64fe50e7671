// Every table of keys, so that documentation and tests see what the reader reads.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"

namespace watchbill::config {

// A part of the bill or of a file that it names, for people.
struct Chapter {
  std::string_view title;
  std::string_view text;
  std::vector<TableView> tables;
};

// In the order of the document.
[[nodiscard]] std::vector<Chapter> chapters();

// The tables as documentation prints them, an empty line after each.
[[nodiscard]] std::string tables_document(const std::vector<TableView>& tables);

// docs/bill.md, whole.
[[nodiscard]] std::string bill_document();

}  // namespace watchbill::config
