#include "drivers/scrape/target_series.h"

#include <set>

#include "metrics/exposition/text_parser.h"

namespace watchbill::drivers::scrape {
namespace {

using metrics::exposition::TextParser;
using metrics::tsdb::AppendRefusal;

constexpr std::size_t described_count_max = 50'000;  // as many as the store remembers
constexpr std::array<std::string_view, 5> report_names{"scrape_duration_seconds", "scrape_samples_post_metric_relabeling",
                                                       "scrape_samples_scraped", "scrape_series_added", "up"};

Error exceeded(const std::string& what, std::size_t max) {
  return Error{ErrorKind::exhausted, "scrape", what, "more than the limit of " + std::to_string(max)};
}

}  // namespace

Labels TargetSeries::with_target(const Labels& labels) const {
  std::vector<Labels::Pair> pairs;
  pairs.reserve(labels.size() + target_.size());
  for (const auto& [name, value] : labels) {
    std::string free = name;
    // A label of the page that the target has too makes way, as often as needed.
    while (target_.has(free) || (free != name && labels.has(free))) free.insert(0, "exported_");
    pairs.emplace_back(std::move(free), value);
  }
  pairs.insert(pairs.end(), target_.begin(), target_.end());
  return Labels(std::move(pairs));
}

Status TargetSeries::check(const Labels& labels) const {
  if (limits_.label_count_max > 0 && labels.size() > limits_.label_count_max)
    return exceeded("labels of " + labels.text().substr(0, 200), limits_.label_count_max);
  for (const auto& [name, value] : labels) {
    if (limits_.label_name_bytes_max > 0 && name.size() > limits_.label_name_bytes_max)
      return exceeded("bytes of label name " + name.substr(0, 200), limits_.label_name_bytes_max);
    if (limits_.label_value_bytes_max > 0 && value.size() > limits_.label_value_bytes_max)
      return exceeded("bytes of the value of label " + name, limits_.label_value_bytes_max);
  }
  return {};
}

Result<TargetSeries::Series*> TargetSeries::series_of(std::string_view key, const std::function<Labels()>& read) {
  auto at = series_.find(key);
  if (at == series_.end()) {
    Series series;
    series.labels = with_target(read());
    if (Status checked = check(series.labels); !checked) return checked.error();
    at = series_.emplace(std::string(key), std::move(series)).first;
    ++names_version_;
    ++added_count_;
  }
  at->second.seen = round_;
  return &at->second;
}

Status TargetSeries::stage_page(std::string_view page, Instant at, bool honors_timestamps) {
  TextParser parser(page);
  while (true) {
    switch (parser.next()) {
      case TextParser::Entry::end: return {};
      case TextParser::Entry::malformed: return parser.error();
      case TextParser::Entry::unit: break;  // not in the text format
      case TextParser::Entry::help: describe(parser.metric_name(), parser.help(), false); break;
      case TextParser::Entry::type: describe(parser.metric_name(), std::string(word(parser.type())), true); break;
      case TextParser::Entry::sample: {
        if (limits_.sample_count_max > 0 && staged_.size() >= limits_.sample_count_max)
          return exceeded("samples", limits_.sample_count_max);
        auto series = series_of(parser.series_text(), [&parser] { return parser.labels(); });
        if (!series) return series.error();
        const bool has_own_time = honors_timestamps && parser.timestamp_ms().has_value();
        (*series)->has_own_time = has_own_time;
        staged_.push_back(Staged{*series, has_own_time ? Instant{*parser.timestamp_ms()} : at, parser.value()});
        break;
      }
    }
  }
}

void TargetSeries::describe(std::string_view name, const std::string& text, bool is_type) {
  if (described_.size() >= described_count_max) return;
  metrics::tsdb::Metadata& known = described_[std::string(name)];
  std::string& field = is_type ? known.type : known.help;
  if (field == text) return;
  field = text;
  head_.describe(name, known);
}

ScrapeReport TargetSeries::store_page(std::string_view page, Instant at, bool honors_timestamps) {
  begin_round();
  return commit(stage_page(page, at, honors_timestamps), at);
}

ScrapeReport TargetSeries::store_samples(std::span<const OwnSample> samples, Instant at) {
  begin_round();
  Status staged;
  for (const OwnSample& sample : samples) {
    auto series = series_of(sample.labels.text(), [&sample] { return sample.labels; });
    if (!series) {
      staged = series.error();
      break;
    }
    staged_.push_back(Staged{*series, at, sample.value});
  }
  return commit(staged, at);
}

ScrapeReport TargetSeries::commit(const Status& staged, Instant at) {
  ScrapeReport report;
  report.scraped_count = staged_.size();
  if (!staged) {
    report.error = staged.error().text();
    end_series(at);
    return report;
  }
  std::vector<metrics::tsdb::BatchSample> batch(staged_.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].series = staged_[i].series->reference;
    batch[i].labels = &staged_[i].series->labels;
    batch[i].at = staged_[i].at;
    batch[i].value = staged_[i].value;
  }
  const metrics::tsdb::BatchResult result = head_.append(batch);
  report.stored_count = result.taken_count;
  report.refused_count = result.refused_count;
  report.added_count = added_count_;
  report.is_up = true;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    staged_[i].series->reference = batch[i].series;
    if (batch[i].taken) continue;
    // What the store has no room for must not pass for a good scrape; a sample out of order is the target's own affair.
    const AppendRefusal reason = batch[i].taken.error();
    if (reason != AppendRefusal::too_many_series && reason != AppendRefusal::memory_full) continue;
    report.is_up = false;
    report.error = "the store refused samples: " + std::string(word(reason));
  }
  end_unseen(at);
  return report;
}

void TargetSeries::end_series(Instant at) {
  ++round_;
  end_unseen(at);
}

void TargetSeries::end_unseen(Instant at) {
  std::vector<metrics::tsdb::BatchSample> batch;
  for (auto& [key, series] : series_) {
    // Never stored yet, or without a time of ours: there is nothing to end.
    if (series.seen == round_ || series.has_own_time || series.reference == metrics::tsdb::SeriesReference{}) continue;
    metrics::tsdb::BatchSample& end = batch.emplace_back();
    end.series = series.reference;
    end.at = at;
    end.value = metrics::tsdb::stale_marker();
  }
  const std::size_t erased = std::erase_if(series_, [this](const auto& entry) { return entry.second.seen != round_; });
  if (erased > 0) ++names_version_;
  if (!batch.empty()) static_cast<void>(head_.append(batch));
}

void TargetSeries::write_report(const ScrapeReport& report, Instant at) {
  const std::array<double, 5> values{static_cast<double>(report.took.ms) / 1000.0, static_cast<double>(report.scraped_count),
                                     static_cast<double>(report.scraped_count), static_cast<double>(report.added_count),
                                     report.is_up ? 1.0 : 0.0};
  write_report_values(values, at);
}

void TargetSeries::end_report(Instant at) {
  std::array<double, 5> values{};
  values.fill(metrics::tsdb::stale_marker());
  write_report_values(values, at);
}

void TargetSeries::write_report_values(std::span<const double, 5> values, Instant at) {
  std::array<metrics::tsdb::BatchSample, 5> batch;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (report_labels_[i].empty()) {
      report_labels_[i] = target_;
      report_labels_[i].set(metric_name_label, report_names[i]);
    }
    batch[i].series = report_references_[i];
    batch[i].labels = &report_labels_[i];
    batch[i].at = at;
    batch[i].value = values[i];
  }
  static_cast<void>(head_.append(batch));
  for (std::size_t i = 0; i < batch.size(); ++i) report_references_[i] = batch[i].series;
}

std::vector<std::string> TargetSeries::metric_names() const {
  std::set<std::string, std::less<>> names(report_names.begin(), report_names.end());
  for (const auto& [key, series] : series_) names.emplace(series.labels.get(metric_name_label));
  return {names.begin(), names.end()};
}

}  // namespace watchbill::drivers::scrape
