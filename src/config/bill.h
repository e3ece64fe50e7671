// What is gathered while a bill is read, and the table of its top-level keys. Internal to loading.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include "config/alerting.h"
#include "config/load.h"
#include "config/reader.h"
#include "config/rules.h"
#include "config/sections.h"

namespace watchbill::config {

// A file that the bill names, and where it does so.
struct NamedFile {
  std::string path;  // absolute; of rule files a pattern
  Finding origin;    // place and key path, for "cannot be read"
  bool is_asked_for{false};  // by a person at the command line: it must be there
};

struct Bill {
  Configuration configuration;
  std::vector<NamedFile> includes;
  std::vector<NamedFile> rule_files;
  std::vector<NamedFile> alertmanager;  // none or one
  std::vector<AlertPlace> alerts;
  std::vector<WrittenRule> written_rules;
  std::deque<SourceFile> files;         // the bill's own first; addresses stay
  Sections sections;
  Report report;
};

// The top-level keys in the order in which they are read; `read` wants a Bill.
[[nodiscard]] std::span<const Key> bill_keys() noexcept;
// The same of Prometheus' own file.
[[nodiscard]] std::span<const Key> prometheus_file_keys() noexcept;
// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> bill_tables();

// Values of `storage`, which flags of Prometheus' have too.
void read_retention(const Cursor& at, Duration& out);
void read_retention_size(const Cursor& at, std::optional<std::int64_t>& out);

// How parts of a key in several files come together.
enum class Joining : std::uint8_t {
  once,   // a setting: written once
  named,  // a map: each name once
  list,   // one after the other
};
[[nodiscard]] Joining joining_of(const Key& key) noexcept;

// Checks what no single object shows: names that must exist, cycles, bindings of alerts. Complains into the report.
void check_links(Bill& bill, const LoadOptions& options);
void check_workload_links(Bill& bill, const LoadOptions& options);

}  // namespace watchbill::config
