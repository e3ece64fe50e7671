#include "drivers/scrape/target_series.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <type_traits>

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
using metrics::tsdb::BatchSample;
using metrics::tsdb::Metadata;
using metrics::tsdb::SeriesReference;

constexpr std::size_t described_count_max = 50'000;  // as many as the store remembers
constexpr std::array<std::string_view, 5> report_names{"scrape_duration_seconds", "scrape_samples_post_metric_relabeling",
                                                       "scrape_samples_scraped", "scrape_series_added", "up"};

// Both formats' word for it, as Prometheus stores it.
std::string_view stored_word(FamilyType type) noexcept { return type == FamilyType::untyped ? "unknown" : word(type); }

std::string_view unit_of(const TextParser&) noexcept { return {}; }
std::string_view unit_of(const ProtobufParser&) noexcept { return {}; }
std::string_view unit_of(const OpenMetricsParser& parser) noexcept { return parser.unit(); }

// A page of protobuf has no text to compare.
template <class Parser>
void expect(Parser& parser, std::string_view text) noexcept {
  if constexpr (std::is_base_of_v<PageReader, Parser>) parser.expect(text);
}
template <class Parser>
bool is_expected(const Parser& parser) noexcept {
  if constexpr (std::is_base_of_v<PageReader, Parser>) return parser.is_expected();
  else return false;
}

std::string_view histogram_of(const PageReader&) noexcept { return {}; }
std::string_view histogram_of(const ProtobufParser& parser) noexcept { return parser.encoded_histogram(); }

std::vector<metrics::exposition::Exemplar> exemplars_of(const TextParser&) { return {}; }
std::vector<metrics::exposition::Exemplar> exemplars_of(const ProtobufParser& parser) { return parser.exemplars(); }
std::vector<metrics::exposition::Exemplar> exemplars_of(const OpenMetricsParser& parser) {
  std::vector<metrics::exposition::Exemplar> out;
  if (auto exemplar = parser.exemplar()) out.push_back(std::move(*exemplar));
  return out;
}

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
  for (const PageSeries::Series& series : series_.all())
    if (!series.has_own_time && series.reference != SeriesReference{}) former_.push_back(series.reference);
  series_.clear();
  names_.clear();
  ++names_version_;
}

void TargetSeries::begin_round() {
  series_.begin_round();
  drop_staged();
  staged_.reserve(series_.all().size());
  staged_places_.reserve(series_.all().size());
  added_count_ = 0;
  sample_count_ = 0;
}

// Gives their memory back: between rounds it would lie idle with every target.
void TargetSeries::drop_staged() noexcept {
  staged_ = {};
  staged_places_ = {};
  fresh_labels_ = {};
  histograms_ = {};
  exemplars_ = {};
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

template <class ReadLabels>
Status TargetSeries::stage(PageSeries::Found found, const BatchSample& sample, bool has_own_time, ReadLabels read) {
  ++sample_count_;
  PageSeries::Series& series = series_.all()[found.place];
  if (series.is_dropped) return {};
  const Labels* labels = nullptr;
  if (series.reference == SeriesReference{}) {
    Result<Labels> fresh = read();
    if (!fresh) return fresh.error();
    series.is_dropped = fresh->empty();
    if (series.is_dropped) return {};
    labels = &fresh_labels_.emplace_back(std::move(*fresh));
    if (found.is_new) {
      series.name = names_.try_emplace(std::string(labels->get(metric_name_label)), names_.size()).first->second;
      ++names_version_;
      ++added_count_;
    }
  }
  series.has_own_time = has_own_time;
  BatchSample& staged = staged_.emplace_back(sample);
  staged.series = series.reference;
  staged.labels = labels;
  if (!sample.histogram.empty()) staged.histogram = histograms_.emplace_back(sample.histogram);
  staged_places_.push_back(static_cast<std::uint32_t>(found.place));
  return {};
}

template <class Parser>
Status TargetSeries::stage_sample(const Parser& parser, Instant at) {
  const std::optional<std::int64_t> own_ms = terms_->honors_timestamps ? parser.timestamp_ms() : std::nullopt;
  BatchSample sample;
  sample.at = own_ms ? Instant{*own_ms} : at;
  sample.value = parser.value();
  sample.histogram = histogram_of(parser);
  const std::size_t staged_count = staged_.size();
  const PageSeries::Found found =
      is_expected(parser) ? PageSeries::Found{series_.see_expected()} : series_.find_or_add(parser.series_text());
  const Status staged = stage(found, sample, own_ms.has_value(), [&] { return final_labels(parser); });
  if (staged_.size() > staged_count) stage_exemplars(parser);
  return staged;
}

template <class Parser>
void TargetSeries::stage_exemplars(const Parser& parser) {
  if (head_.limits().exemplar_count_max == 0) return;
  std::vector<metrics::exposition::Exemplar> found = exemplars_of(parser);
  if (found.empty()) return;
  for (metrics::exposition::Exemplar& each : found) {
    const Instant at = each.timestamp_ms ? Instant{*each.timestamp_ms} : staged_.back().at;
    exemplars_.push_back({staged_.size() - 1, {std::move(each.labels), each.value, at, each.timestamp_ms.has_value()}});
  }
}

template <class Parser>
Status TargetSeries::stage_page(Parser parser, Instant at) {
  while (true) {
    expect(parser, expects_ ? series_.expected_text() : std::string_view());
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

Status TargetSeries::stage_samples(std::span<const OwnSample> samples, Instant at) {
  for (const OwnSample& own : samples) {
    BatchSample sample;
    sample.at = at;
    sample.value = own.value;
    sample.histogram = own.histogram;
    const auto read = [&]() -> Result<Labels> { return terms_->honors_labels ? own.labels : with_target(own.labels); };
    if (Status staged = stage(series_.find_or_add(own.labels.text()), sample, false, read); !staged) return staged;
  }
  return {};
}

ScrapeReport TargetSeries::store_page(const AnsweredPage& page, Instant at) {
  // A text that one format allows may be none in another, and what is expected is not checked.
  expects_ = page.format == format_;
  format_ = page.format;
  return store([&] { return stage_answer(page, at); }, at);
}

ScrapeReport TargetSeries::store_samples(std::span<const OwnSample> samples, Instant at) {
  return store([&] { return stage_samples(samples, at); }, at);
}

template <class StageAll>
ScrapeReport TargetSeries::store(StageAll stage_all, Instant at) {
  begin_round();
  Status staged = stage_all();
  if (staged && !append_staged()) {
    // Once more with the labels of what the store has forgotten; what it took is the same sample again, which is no refusal.
    const std::size_t added_count = added_count_;
    begin_round();
    staged = stage_all();
    added_count_ = added_count;
    if (staged) static_cast<void>(append_staged());
  }
  ScrapeReport report;
  report.scraped_count = sample_count_;
  report.kept_count = staged_.size();
  if (!staged) {
    report.error = staged.error().text();
    end_series(at);
    return report;
  }
  report.is_up = true;
  report.added_count = added_count_;
  for (const BatchSample& sample : staged_) {
    ++(sample.taken ? report.stored_count : report.refused_count);
    if (sample.taken) continue;
    // What the store has no room for must not pass for a good scrape; a sample out of order is the target's own affair.
    const AppendRefusal reason = sample.taken.error();
    if (reason != AppendRefusal::too_many_series && reason != AppendRefusal::memory_full) continue;
    report.is_up = false;
    report.error = "the store refused samples: " + std::string(word(reason));
  }
  for (StagedExemplar& each : exemplars_) {
    const BatchSample& sample = staged_[each.sample];
    if (!sample.taken) continue;
    const std::optional<Labels> series = head_.labels(sample.series);
    if (series) static_cast<void>(head_.exemplars().add(*series, std::move(each.exemplar)));
  }
  end_unseen(at);
  return report;
}

bool TargetSeries::append_staged() {
  const bool has_refused = head_.append(staged_).refused_count != 0;
  bool knows_all = true;
  if (!has_refused && fresh_labels_.empty()) return true;  // the references are what they were
  for (std::size_t i = 0; i < staged_.size(); ++i) {
    PageSeries::Series& series = series_.all()[staged_places_[i]];
    if (staged_[i].taken) {
      series.reference = staged_[i].series;
    } else if (staged_[i].taken.error() == AppendRefusal::unknown_series) {
      series.reference = SeriesReference{};
      knows_all = false;
    }
  }
  return knows_all;
}

void TargetSeries::end_series(Instant at) {
  begin_round();
  end_unseen(at);
}

void TargetSeries::end_unseen(Instant at) {
  const bool has_ended = series_.seen_count() != series_.all().size() || !former_.empty();
  if (has_ended) write_ends(at);
  drop_staged();
  former_.clear();
  series_.end_round();
  if (!has_ended) return;
  forget_names();
  ++names_version_;
}

void TargetSeries::write_ends(Instant at) {
  // What the page has under another text is not at its end: rules may bring two texts to one series.
  std::set<std::uint32_t> present;  // slots: one stands for one series at a time
  if (!terms_->relabel.empty() || !former_.empty())
    for (const BatchSample& staged : staged_) present.insert(staged.series.slot);
  std::vector<BatchSample> batch;
  const auto end = [&](SeriesReference series) {
    if (present.contains(series.slot)) return;
    BatchSample& sample = batch.emplace_back();
    sample.series = series;
    sample.at = at;
    sample.value = metrics::tsdb::stale_marker();
  };
  for (const SeriesReference series : former_) end(series);
  for (const PageSeries::Series& series : series_.all()) {
    // Never stored yet, or without a time of ours: there is nothing to end.
    if (series_.is_seen(series) || series.has_own_time || series.reference == SeriesReference{}) continue;
    end(series.reference);
  }
  if (!batch.empty()) static_cast<void>(head_.append(batch));
}

// Those of no series: what is left is numbered anew.
void TargetSeries::forget_names() {
  constexpr std::uint32_t unused = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> numbers(names_.size(), unused);
  for (const PageSeries::Series& series : series_.all())
    if (!series.is_dropped) numbers[series.name] = 0;
  std::uint32_t count = 0;
  std::erase_if(names_, [&](const auto& name) { return numbers[name.second] == unused; });
  for (auto& [name, number] : names_) number = numbers[number] = count++;
  for (PageSeries::Series& series : series_.all())
    if (!series.is_dropped) series.name = numbers[series.name];
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
  std::array<BatchSample, 5> batch;
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
  for (const auto& [name, number] : names_) names.insert(name);
  return {names.begin(), names.end()};
}

}  // namespace watchbill::drivers::scrape
