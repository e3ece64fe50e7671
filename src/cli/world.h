// What the program hands to its verbs: the real drivers behind our ports, so that verbs include none of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/known_metrics.h"
#include "ports/clock.h"
#include "ports/effects.h"
#include "ports/http_client.h"
#include "ports/journal.h"
#include "ports/logs.h"

namespace watchbill::cli {

// The version that `--version`, EpochStarted and watchbill_build_info name: "0.1.0+COMMIT".
struct World {
  std::string build;
  ports::ClockPort& clock;
  ports::EntropyPort& entropy;
  // Opens the journal of a data directory, reading beside a living controller or without one. Fails not_found when there is none.
  std::function<Result<std::unique_ptr<ports::JournalPort>>(const std::string& data)> read_journal;
  // Opens it for writing, holding the directory's lock as long as the port lives. Fails busy when a controller holds it.
  std::function<Result<std::unique_ptr<ports::JournalPort>>(const std::string& data)> write_journal;
  // The logs of the workloads of a data directory.
  std::function<std::unique_ptr<ports::LogPort>(const std::string& data)> logs;
  // Where the controller that holds a data directory is served, "http://127.0.0.1:9911"; empty when none does.
  std::function<std::vector<std::string>(const std::string& data)> served_urls;
  // Makes one HTTP call and waits for its end.
  std::function<Result<ports::HttpAnswer, ports::HttpFailure>(ports::HttpCall)> call;
  // Waits a moment between two looks at something that changes; false when the user asked to end.
  std::function<bool(Duration)> pause;
  // The families that this program emits.
  std::function<config::KnownMetrics()> own_metrics{};
  // What `serve` would read of this host now, as a page in Prometheus' text format.
  std::function<std::string()> host_page{};
};

}  // namespace watchbill::cli
