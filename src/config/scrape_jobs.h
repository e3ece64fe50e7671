// The key scrape_configs of the bill: jobs, as Prometheus has them.
#pragma once

#include <optional>
#include <vector>

#include "config/cursor.h"
#include "config/reader.h"
#include "model/configuration_metrics.h"

namespace watchbill::config {

// Appends the jobs of a list; intervals, timeouts and limits that a job leaves out are those of `global`. Complains
// (duplicate_name) about a job that `out` has.
void read_scrape_configs(const Cursor& at, const GlobalConfiguration& global, std::vector<ScrapeConfiguration>& out);

// A duration of more than 0 that may be left out.
void read_optional_positive(const Cursor& at, std::optional<Duration>& out);
// Prometheus' rule: a timeout that is not written gives way to a shorter interval, one that is written must not exceed it.
[[nodiscard]] Duration timeout_within(const Cursor& at, Duration interval, const std::optional<Duration>& written,
                                      Duration otherwise);

// "10MB", "512KiB": units of 1024, as Prometheus counts them whatever they are called.
void read_body_size(const Cursor& at, std::uint64_t& out);
// A number of at least 0.
void read_limit(const Cursor& at, std::uint64_t& out);

// A limit of a job or of all jobs: the owner has them in its member `limits`.
template <class Owner, std::uint64_t ScrapeLimits::*limit, void (*reader)(const Cursor&, std::uint64_t&)>
void read_limit_of(const Cursor& at, Owner& out) {
  reader(at, out.limits.*limit);
}
template <class Owner, std::uint64_t ScrapeLimits::*limit, void (*reader)(const Cursor&, std::uint64_t&) = read_limit>
constexpr KeyOf<Owner> limit_key(std::string_view name, std::string_view type, std::string_view text) {
  return whole<Owner, read_limit_of<Owner, limit, reader>>(name, type, "0", text);
}

// The table of a job.
[[nodiscard]] std::vector<TableView> scrape_job_tables();

}  // namespace watchbill::config
