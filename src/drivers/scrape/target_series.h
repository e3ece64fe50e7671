// The series of one target: what a page of it becomes in the store, and what ends when it no longer shows them.
//
// One object, one thread. Source: Prometheus 2.42 scrape/scrape.go (labels of target and page, relabelling, staleness, report
// series, limits).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "drivers/scrape/page_series.h"
#include "drivers/scrape/sample_terms.h"
#include "metrics/exposition/page_format.h"
#include "metrics/tsdb/exemplar_store.h"
#include "metrics/tsdb/head.h"
#include "model/labels.h"

namespace watchbill::drivers::scrape {

// One sample of our own: labels with __name__, without those of the target.
struct OwnSample {
  Labels labels;
  double value{0};
  std::string histogram{};  // as histogram::encode() writes it; empty: the sample is `value`
};

// What a target answered.
struct AnsweredPage {
  std::string_view text;
  metrics::exposition::PageFormat format{metrics::exposition::PageFormat::text};
};

// How one scrape went, for the report series and for people.
struct ScrapeReport {
  bool is_up{false};
  Duration took;
  std::size_t scraped_count{0};  // samples on the page
  std::size_t kept_count{0};     // of these, by metric_relabel_configs
  std::size_t stored_count{0};
  std::size_t refused_count{0};  // by the store, each for itself
  std::size_t added_count{0};    // series that the last scrape had not
  std::string error;             // empty when it is up
};

class TargetSeries {
 public:
  // `target`: job, instance and what the configuration adds. The head outlives it.
  TargetSeries(Labels target, std::shared_ptr<const SampleTerms> terms, metrics::tsdb::Head& head)
      : target_(std::move(target)), terms_(std::move(terms)), head_(head) {}

  // From the next page on. Series that do not come of it any more are ended by then.
  void change_terms(std::shared_ptr<const SampleTerms> terms);

  // Stores a page at `at`: all of it, or nothing and why. Series that the last page had and this one has not are ended; after a
  // failure all are.
  [[nodiscard]] ScrapeReport store_page(const AnsweredPage& page, Instant at);
  // The same of samples of our own: they are as they are, the labels of the target apart, which are not added where the terms
  // honor labels.
  [[nodiscard]] ScrapeReport store_samples(std::span<const OwnSample> samples, Instant at);
  // The target did not answer: ends its series.
  void end_series(Instant at);
  // Writes up, scrape_duration_seconds, scrape_samples_scraped, scrape_samples_post_metric_relabeling, scrape_series_added.
  void write_report(const ScrapeReport& report, Instant at);
  // The target leaves the configuration: ends the report series too.
  void end_report(Instant at);

  [[nodiscard]] const Labels& target() const noexcept { return target_; }
  // The names that the last page had, with those of the report: sorted. Changes only when `names_version` does.
  [[nodiscard]] std::vector<std::string> metric_names() const;
  [[nodiscard]] std::uint64_t names_version() const noexcept { return names_version_; }

 private:
  [[nodiscard]] Status stage_answer(const AnsweredPage& page, Instant at);
  template <class Parser>
  [[nodiscard]] Status stage_page(Parser parser, Instant at);
  template <class Parser>
  [[nodiscard]] Status stage_sample(const Parser& parser, Instant at);
  [[nodiscard]] Status stage_samples(std::span<const OwnSample> samples, Instant at);
  // Adds one sample of the series that was found, whose final labels `read` gives: none when it is dropped.
  template <class ReadLabels>
  [[nodiscard]] Status stage(PageSeries::Found found, const metrics::tsdb::BatchSample& sample, bool has_own_time,
                             ReadLabels read);
  // Those of the sample that was staged last, if it has any.
  template <class Parser>
  void stage_exemplars(const Parser& parser);
  void describe(std::string_view name, std::string metrics::tsdb::Metadata::*field, std::string_view text);
  template <class Parser>
  [[nodiscard]] Result<Labels> final_labels(const Parser& parser) const;
  [[nodiscard]] Labels with_target(const Labels& labels) const;
  [[nodiscard]] Status check(const Labels& labels) const;

  void begin_round();
  void drop_staged() noexcept;
  // Stages by `stage_all`, which may be called twice, and stores: all of it, or nothing.
  template <class StageAll>
  [[nodiscard]] ScrapeReport store(StageAll stage_all, Instant at);
  // False when the store has forgotten a series whose labels were not staged.
  [[nodiscard]] bool append_staged();
  // Ends what this round has not seen, and forgets it.
  void end_unseen(Instant at);
  void write_ends(Instant at);
  void forget_names();
  void write_report_values(std::span<const double, 5> values, Instant at);

  Labels target_;
  std::shared_ptr<const SampleTerms> terms_;
  metrics::tsdb::Head& head_;
  PageSeries series_;
  metrics::exposition::PageFormat format_{metrics::exposition::PageFormat::text};  // of the last page
  bool expects_{false};  // whether the page that is read has the format of the one before it
  std::vector<metrics::tsdb::SeriesReference> former_;  // of terms that do not hold any more: they end, or the next page has them
  std::map<std::string, std::uint32_t> names_;          // of metrics, with their numbers in series_: 0 to size - 1
  std::unordered_map<std::string, metrics::tsdb::Metadata> described_;  // by name
  std::array<Labels, 5> report_labels_;
  std::array<metrics::tsdb::SeriesReference, 5> report_references_;
  std::uint64_t names_version_{1};

  // Of one round, and empty between rounds: the samples, the places of their series, and what they refer to. A series that the
  // store knows needs no labels: they are read again when it has forgotten it.
  std::vector<metrics::tsdb::BatchSample> staged_;
  std::vector<std::uint32_t> staged_places_;
  std::deque<Labels> fresh_labels_;
  std::deque<std::string> histograms_;
  struct StagedExemplar {
    std::size_t sample{0};  // in staged_
    metrics::tsdb::Exemplar exemplar;
  };
  std::vector<StagedExemplar> exemplars_;
  std::size_t sample_count_{0};  // on the page
  std::size_t added_count_{0};
};

}  // namespace watchbill::drivers::scrape
