// A bill, from its files to one checked Configuration or to everything that is wrong with it. Pure over a callback that reads
// files: tests and fuzzing need no disk. Source: design/bill.md, design/commands.md §3.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/finding.h"
#include "config/known_metrics.h"
#include "config/tree.h"
#include "model/configuration.h"

namespace watchbill::config {

// How files are reached; all paths are absolute. `list` gives the names in a folder, in any order.
struct FileReader {
  std::function<Result<std::string>(const std::string& path)> read;
  std::function<Result<std::vector<std::string>>(const std::string& folder)> list;
  // Whether a file could be read now, without reading it; none: nobody is asked.
  std::function<Status(const std::string& path)> can_read{};
};

struct LoadOptions {
  std::string working_directory{"/"};  // absolute: where a relative path of a bill starts; left out when files are named
  std::string own_host{"localhost"};   // `.Host` where no other host is meant
  std::vector<std::string> own_addresses;  // of --listen; empty: those of the configuration. `alerting` may name them
  bool keeper_is_root{false};          // workloads and exec actions then need a user
  std::optional<Instant> today;        // absent: nothing is called stale
  KnownMetrics metrics;                    // of those that rules name: our own, and what `check --emitters` read
  TreeLimits tree;
  std::size_t files_max{1000};         // of one bill, rule files among them: a pattern may match a whole disk
};

// What one rule file was found to hold.
struct RuleFileCount {
  std::string path;  // as it was named
  std::size_t group_count{0};
  std::size_t rule_count{0};
};

// A file of templates for notifications.
struct TemplateText {
  std::string path;  // absolute
  std::string text;
};

struct Loaded {
  std::optional<Configuration> configuration;  // exactly when no finding is an error
  std::vector<Finding> findings;               // by place
  std::size_t dropped_count{0};                // findings beyond Report::count_max
  std::vector<RuleFileCount> rule_files;       // that could be read, in their order
  std::string prometheus_text;                 // with the configuration: what it says in Prometheus' words, without secrets

  std::string alertmanager_text;               // Alertmanager's file as YAML, without comments and secrets; empty: none
  std::vector<TemplateText> notification_templates;  // with the configuration: what its routing.templates say, in that order

  // Exit code of `check`: 2 errors; 1 mistakes, and warnings with `warn_as_fail`; else 0.
  [[nodiscard]] int exit_code(bool warn_as_fail) const noexcept;
};

// Reads the bill at `path` with all that it includes and names. Never fails otherwise than by findings.
[[nodiscard]] Loaded load_bill(const std::string& path, const FileReader& files, const LoadOptions& options = {});

// Flags of Prometheus' that count beside its file, as they were written; empty: not given.
struct NeighbourFlags {
  std::string retention;              // --storage.tsdb.retention.time
  std::string retention_size;         // --storage.tsdb.retention.size
  std::string external_url;           // --web.external-url
  std::vector<std::string> features;  // --enable-feature, each a list with commas

  // Those that were given, "--NAME=VALUE".
  [[nodiscard]] std::vector<std::string> words() const;
};

// The standard files of two neighbours, of which one may be empty: what runs without a bill (design/bill.md §4).
struct NeighbourFiles {
  std::string prometheus;
  std::string alertmanager;
  NeighbourFlags flags{};
  [[nodiscard]] bool is_named() const noexcept { return !prometheus.empty() || !alertmanager.empty(); }
};
[[nodiscard]] Loaded load_neighbours(const NeighbourFiles& named, const FileReader& files, const LoadOptions& options = {});

// `check rules FILE…` and `check alertmanager FILE`: files by themselves.
[[nodiscard]] Loaded check_rule_files(const std::vector<std::string>& paths, const FileReader& files,
                                      const LoadOptions& options = {});
[[nodiscard]] Loaded check_alertmanager_file(const std::string& path, const FileReader& files, const LoadOptions& options = {});

}  // namespace watchbill::config
