#include "drivers/scrape/target_series.h"

#include <algorithm>
#include <set>

#include "metrics/exposition/open_metrics_parser.h"
#include "metrics/exposition/protobuf_parser.h"
#include "metrics/exposition/text_parser.h"

namespace watchbill::drivers::scrape {
namespace {

using metrics::exposition::FamilyType;
using metrics::exposition::OpenMetricsParser;
using metrics::exposition::PageFormat;
using metrics::exposition::PageReader;
using metrics::exposition::ProtobufParser;
using metrics::exposition::TextParser;
using metrics::tsdb::AppendRefusal;
using metrics::tsdb::Metadata;

constexpr std::size_t described_count_max = 50'000;  // as many as the store remembers
constexpr std::array<std::string_view, 5> report_names{"scrape_duration_seconds", "scrape_samples_post_metric_relabeling",
                                                       "scrape_samples_scraped", "scrape_series_added", "up"};

// Both formats' word for it, as Prometheus stores it.
std::string_view stored_word(FamilyType type) noexcept { return type == FamilyType::untyped ? "unknown" : word(type); }

std::string_view unit_of(const TextParser&) noexcept { return {}; }
std::string_view unit_of(const ProtobufParser&) noexcept { return {}; }
std::string_view unit_of(const OpenMetricsParser& parser) noexcept { return parser.unit(); }

std::string_view histogram_of(const PageReader&) noexcept { return {}; }
std::string_view histogram_of(const ProtobufParser& parser) noexcept { return parser.encoded_histogram(); }

Error exceeded(std::string_view limit, const std::string& on, std::uint64_t max) {
  return Error{ErrorKind::exhausted, "scrape", on, std::string(limit) + " exceeded (limit: " + std::to_string(max) + ")"};
}

// Labels that the page has with an empty value: under honor_labels the target's are not put in their place.
template <class Parser>
bool is_left_empty(const Parser& parser, std::string_view name) {
  for (const metrics::exposition::RawLabel& label : parser.raw_labels())
    if (label.name == name) return label.escaped_value.empty();
  return false;
}

// Labels of the page that the target has too make way: the shortest first, by as many exported_ as it needs.
std::vector<Labels::Pair> exported(const Labels& labels, const Labels& target) {
  std::vector<Labels::Pair> out;
  for (const auto& [name, value] : target)
    if (labels.has(name)) out.emplace_back(name, labels.get(name));
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first.size() < b.first.size(); });
  for (auto one = out.begin(); one != out.end(); ++one) {
    const auto is_taken = [&] {
      const auto is_it = [&](const Labels::Pair& other) { return other.first == one->first; };
      return labels.has(one->first) || target.has(one->first) || std::any_of(out.begin(), one, is_it);
    };
    do one->first.insert(0, "exported_");
    while (is_taken());
  }
  return out;
}

}  // namespace

void TargetSeries::change_terms(std::shared_ptr<const SampleTerms> terms) {
  const bool is_same = is_alike(*terms, *terms_);
  terms_ = std::move(terms);
  if (is_same) return;
  // Under keys that no page has they wait for their end, unless the next page comes to the same labels.
  std::unordered_map<std::string, Series, Hash, std::equal_to<>> aside;
  for (auto& [key, series] : series_)
    if (!series.is_dropped) aside.emplace("\n" + std::to_string(++former_count_), std::move(series));
  series_ = std::move(aside);
  last_order_.clear();
}

void TargetSeries::begin_round() {
  ++round_;
  staged_.clear();
  histograms_.clear();
  order_.clear();
  expected_ = 0;
  seen_count_ = 0;
  added_count_ = 0;
  sample_count_ = 0;
}

Labels TargetSeries::with_target(const Labels& labels) const {
  std::vector<Labels::Pair> pairs = labels.pairs();
  pairs.insert(pairs.end(), target_.begin(), target_.end());  // of two equal names the later one wins
  const std::vector<Labels::Pair> moved = exported(labels, target_);
  pairs.insert(pairs.end(), moved.begin(), moved.end());
  return Labels(std::move(pairs));
}

template <class Parser>
Result<Labels> TargetSeries::final_labels(const Parser& parser) const {
  Labels labels = parser.labels();
  if (!terms_->honors_labels) {
    labels = with_target(labels);
  } else {
    for (const auto& [name, value] : target_)
      if (!labels.has(name) && !is_left_empty(parser, name)) labels.set(name, value);
  }
  if (!terms_->relabel.apply(labels)) return Labels();
  if (Status checked = check(labels); !checked) return checked.error();
  return labels;
}

Status TargetSeries::check(const Labels& labels) const {
  const ScrapeLimits& limits = terms_->limits;
  const std::string metric(labels.get(metric_name_label).substr(0, 50));
  const auto fault = [](const std::string& on, std::string detail) {
    return Error{ErrorKind::invalid, "relabel", on, std::move(detail)};
  };
  // What rules made need not be a series.
  if (!is_metric_name(labels.get(metric_name_label)))
    return fault(labels.text().substr(0, 200), "expected a metric name as __name__ after metric_relabel_configs");
  if (limits.label_count_max > 0 && labels.size() > limits.label_count_max)
    return exceeded("label_limit", metric, limits.label_count_max);
  for (const auto& [name, value] : labels) {
    if (!is_label_name(name)) return fault(metric, "metric_relabel_configs made a label whose name is none: " + quoted(name));
    if (limits.label_name_bytes_max > 0 && name.size() > limits.label_name_bytes_max)
      return exceeded("label_name_length_limit", metric + ", label " + name.substr(0, 50), limits.label_name_bytes_max);
    if (limits.label_value_bytes_max > 0 && value.size() > limits.label_value_bytes_max)
      return exceeded("label_value_length_limit", metric + ", label " + name.substr(0, 50), limits.label_value_bytes_max);
  }
  return {};
}

Result<TargetSeries::Series*> TargetSeries::series_of(std::string_view key, const ReadLabels& read) {
  Entry* entry = nullptr;
  if (expected_ < last_order_.size() && last_order_[expected_]->first == key) {
    entry = last_order_[expected_];
  } else {
    const Result<Entry*> found = find_or_make(key, read);
    if (!found) return found.error();
    entry = *found;
  }
  Series& series = entry->second;
  if (series.seen == round_) return &series;  // twice on one page
  // From here on as it was there: one line more or less costs one look-up.
  if (series.place < last_order_.size() && last_order_[series.place] == entry) expected_ = series.place + 1;
  series.seen = round_;
  series.place = order_.size();
  order_.push_back(entry);
  ++seen_count_;
  return &series;
}

Result<TargetSeries::Entry*> TargetSeries::find_or_make(std::string_view key, const ReadLabels& read) {
  if (const auto at = series_.find(key); at != series_.end()) return &*at;
  Result<Labels> labels = read();
  if (!labels) return labels.error();
  Series series;
  series.labels = std::move(*labels);
  series.is_dropped = series.labels.empty();
  if (!series.is_dropped) {
    ++names_version_;
    ++added_count_;
  }
  return &*series_.emplace(std::string(key), std::move(series)).first;
}

template <class Parser>
Status TargetSeries::stage_sample(const Parser& parser, Instant at) {
  ++sample_count_;
  auto series = series_of(parser.series_text(), [&] { return final_labels(parser); });
  if (!series) return series.error();
  if ((*series)->is_dropped) return {};
  const bool has_own_time = terms_->honors_timestamps && parser.timestamp_ms().has_value();
  (*series)->has_own_time = has_own_time;
  staged_.push_back(Staged{*series, has_own_time ? Instant{*parser.timestamp_ms()} : at, parser.value()});
  if (const std::string_view encoded = histogram_of(parser); !encoded.empty())
    staged_.back().histogram = histograms_.emplace_back(encoded);
  return {};
}

template <class Parser>
Status TargetSeries::stage_page(Parser parser, Instant at) {
  while (true) {
    switch (parser.next()) {
      case PageReader::Entry::end: {
        // The page is read to its end even so: how many samples there are tells by how much the limit is too low.
        const std::uint64_t limit = terms_->limits.sample_count_max;
        if (limit > 0 && staged_.size() > limit)
          return exceeded("sample_limit", std::to_string(staged_.size()) + " samples", limit);
        return {};
      }
      case PageReader::Entry::malformed: return parser.error();
      case PageReader::Entry::help: describe(parser.metric_name(), &Metadata::help, parser.help()); break;
      case PageReader::Entry::type: describe(parser.metric_name(), &Metadata::type, stored_word(parser.type())); break;
      case PageReader::Entry::unit: describe(parser.metric_name(), &Metadata::unit, unit_of(parser)); break;
      case PageReader::Entry::sample:
        if (Status staged = stage_sample(parser, at); !staged) return staged;
        break;
    }
  }
}

void TargetSeries::describe(std::string_view name, std::string Metadata::*field, std::string_view text) {
  if (described_.size() >= described_count_max) return;
  Metadata& known = described_[std::string(name)];
  if (known.*field == text) return;
  known.*field = text;
  head_.describe(name, known);
}

Status TargetSeries::stage_answer(const AnsweredPage& page, Instant at) {
  metrics::exposition::TextLimits limits;
  limits.body_bytes_max = std::max(limits.body_bytes_max, page.text.size());  // the client had a limit for it
  switch (page.format) {
    case PageFormat::text: return stage_page(TextParser(page.text, limits), at);
    case PageFormat::open_metrics: return stage_page(OpenMetricsParser(page.text, limits), at);
    case PageFormat::protobuf: break;
  }
  return stage_page(
      ProtobufParser(page.text, limits, {terms_->keeps_native_histograms, terms_->keeps_classic_histograms}), at);
}

ScrapeReport TargetSeries::store_page(const AnsweredPage& page, Instant at) {
  begin_round();
  return commit(stage_answer(page, at), at);
}

ScrapeReport TargetSeries::store_samples(std::span<const OwnSample> samples, Instant at) {
  begin_round();
  for (const OwnSample& sample : samples) {
    ++sample_count_;
    const auto series = series_of(sample.labels.text(), [&]() -> Result<Labels> {
      return terms_->honors_labels ? sample.labels : with_target(sample.labels);
    });
    staged_.push_back(Staged{*series, at, sample.value, sample.histogram});
  }
  return commit({}, at);
}

ScrapeReport TargetSeries::commit(const Status& staged, Instant at) {
  ScrapeReport report;
  report.scraped_count = sample_count_;
  report.kept_count = staged_.size();
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
    batch[i].histogram = staged_[i].histogram;
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
  last_order_.swap(order_);
  return report;
}

void TargetSeries::end_series(Instant at) {
  ++round_;
  seen_count_ = 0;
  last_order_.clear();
  end_unseen(at);
}

void TargetSeries::end_unseen(Instant at) {
  if (seen_count_ == series_.size()) {  // the common case, which is not worth a walk through them
    staged_.clear();
    former_count_ = 0;
    return;
  }
  // What the page has under another text is not at its end: rules may bring two texts to one series.
  std::set<std::uint32_t> present;  // slots: one stands for one series at a time
  const bool may_coincide = !terms_->relabel.empty() || former_count_ > 0;
  if (may_coincide)
    for (const Staged& staged : staged_)
      if (staged.series->seen == round_) present.insert(staged.series->reference.slot);
  std::vector<metrics::tsdb::BatchSample> batch;
  for (auto& [key, series] : series_) {
    // Never stored yet, or without a time of ours: there is nothing to end.
    if (series.seen == round_ || series.has_own_time || series.reference == metrics::tsdb::SeriesReference{}) continue;
    if (may_coincide && present.contains(series.reference.slot)) continue;
    metrics::tsdb::BatchSample& end = batch.emplace_back();
    end.series = series.reference;
    end.at = at;
    end.value = metrics::tsdb::stale_marker();
  }
  staged_.clear();  // it refers to what is erased now
  former_count_ = 0;
  const std::size_t erased = std::erase_if(series_, [this](const auto& entry) { return entry.second.seen != round_; });
  if (erased > 0) ++names_version_;
  if (!batch.empty()) static_cast<void>(head_.append(batch));
}

void TargetSeries::write_report(const ScrapeReport& report, Instant at) {
  const std::array<double, 5> values{static_cast<double>(report.took.ms) / 1000.0, static_cast<double>(report.kept_count),
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
  for (const auto& [key, series] : series_)
    if (!series.is_dropped) names.emplace(series.labels.get(metric_name_label));
  return {names.begin(), names.end()};
}

}  // namespace watchbill::drivers::scrape
