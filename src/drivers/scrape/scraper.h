// Asks static targets for their metrics at their intervals and stores what they answer.
//
// Everything happens on the loop; the store has its own lock. One target is asked by one call at a time; its place in the
// interval comes from its labels, so that targets spread and a restart moves none. Calls keep their connections (the client's
// part). Not here: where targets come from, and what relabelling makes of them (job.h). Source: Prometheus 2.42 scrape/.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "drivers/scrape/target_series.h"
#include "metrics/tsdb/head.h"
#include "ports/http_client.h"
#include "ports/io_loop.h"

namespace watchbill::drivers::scrape {

// One target, with Prometheus' defaults. Two targets never have the same labels.
struct Target {
  Labels labels;            // job, instance and those of the configuration
  std::string url;          // http://HOST:PORT/PATH?PARAMS
  Duration interval{Duration::minutes(1)};
  Duration timeout{Duration::seconds(10)};       // at most the interval
  std::size_t body_bytes_max{64U << 20};
  bool accepts_compression{true};
  HttpClientConfiguration client;
  std::shared_ptr<const SampleTerms> terms{std::make_shared<const SampleTerms>()};
  std::string refused;      // why it is not asked and each scrape fails; empty: it is asked
};

// "10", "0.25": a duration as Prometheus' headers have it.
[[nodiscard]] std::string seconds_text(Duration duration);

// "http://HOST:PORT/metrics?a=b"
[[nodiscard]] std::string target_url(std::string_view scheme, std::string_view address, std::string_view path,
                                     const std::map<std::string, std::vector<std::string>>& parameters);

struct TargetStatus {
  Labels labels;
  std::string url;
  bool is_up{false};
  Instant last_at;          // of the last answer or failure; 0 before the first
  Duration took;
  std::string last_error;   // of the last scrape; empty when it was good
  std::string latest_error;  // of the last one that failed; stays
  Instant latest_error_at;
};

class Scraper {
 public:
  struct Links {
    ports::IoLoop& loop;
    ports::HttpClient& client;
    metrics::tsdb::Head& head;
    std::function<Instant()> now;  // the engine clock
    // Samples of a target are in the store (or its failure is). For early looks.
    std::function<void(const TargetSeries& series)> on_stored;
  };
  // All of `links` outlive the scraper.
  explicit Scraper(Links links) : links_(std::move(links)) {}
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // From now on these targets. Those that were there before keep their state and their place; those that are gone end their
  // series.
  void configure(std::vector<Target> targets);
  // Asks nobody any more. Series stay as they are: the next start goes on with them.
  void stop();

  // What samples of our own come from (host metrics, probes, workloads): asked at each interval, stored as a target's page, with
  // the report series. `read` must not block for longer than a local file does.
  struct Internal {
    Labels labels;
    Duration interval{Duration::seconds(15)};
    std::function<std::vector<OwnSample>(Instant)> read;
    bool honors_labels{false};  // samples have all their labels; those above are of the report series only
  };
  void add_internal(Internal source);
  // It is asked no more and its series end. Nothing happens when there is none.
  void remove_internal(const Labels& labels);

  // Samples of our own at once, as they stand: state sets that change, probe results. Labels with __name__, job and instance.
  void append_own(std::span<const OwnSample> samples);

  [[nodiscard]] std::vector<TargetStatus> statuses() const;
  // Labels of targets that were not asked since the start (or since they were configured).
  [[nodiscard]] std::vector<Labels> unscraped() const;

 private:
  struct Running;

  void plan(const std::shared_ptr<Running>& running, Instant after);
  void ask(const std::shared_ptr<Running>& running);
  [[nodiscard]] Result<ports::HttpCall> call_of(const Target& target) const;
  void fail(const std::shared_ptr<Running>& running, Instant asked_at, std::string why);
  void take(const std::shared_ptr<Running>& running, Instant asked_at,
            const Result<ports::HttpAnswer, ports::HttpFailure>& answer);
  void finish(const std::shared_ptr<Running>& running, Instant asked_at, ScrapeReport report);
  void end(Running& running);
  void leave(Running& running);

  Links links_;
  std::map<Labels, std::shared_ptr<Running>> running_;
};

}  // namespace watchbill::drivers::scrape
