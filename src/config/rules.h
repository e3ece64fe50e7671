// Prometheus rule files, unmodified. Keys: those of 2.42, and of 3.x `query_offset` and `labels` of a group.
#pragma once

#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_metrics.h"

namespace watchbill::config {

// Where an alerting rule is written.
struct AlertPlace {
  std::string alert;
  Place place;
};

// Where a rule is written: its group and itself in the file, and among the groups that were read.
struct WrittenRule {
  const SourceFile* file{nullptr};
  std::size_t group_position{0}, rule_position{0};
  std::size_t group{0}, rule{0};
};

// Appends the groups of one file. Groups without an interval get `evaluation_interval`, those without `query_offset` none.
void read_rule_file(const Cursor& at, Duration evaluation_interval, std::vector<RuleGroupConfiguration>& groups,
                    std::vector<AlertPlace>& alerts, std::vector<WrittenRule>& written);

// The tables of this chapter, for documentation and tests.
[[nodiscard]] std::vector<TableView> rule_tables();

}  // namespace watchbill::config
