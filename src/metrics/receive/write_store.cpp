#include "metrics/receive/write_store.h"

#include <algorithm>
#include <span>

#include "base/characters.h"
#include "base/json.h"
#include "metrics/histogram/codec.h"
#include "metrics/remote/block.h"
#include "metrics/tsdb/exemplar_store.h"

namespace watchbill::metrics::receive {

using remote::WriteRequestReader;
using tsdb::AppendRefusal;
using tsdb::BatchSample;

namespace {

constexpr std::size_t append_samples_max = 5'000;  // about a millisecond
constexpr std::size_t bytes_of_name = 128;         // that is remembered, beside its own
constexpr std::size_t exemplars_per_add = 1'000;   // scrapes and queries wait for the store of exemplars meanwhile
constexpr std::size_t kept_samples_max = 100'000;  // memory of a larger request is given back

void add(WriteCounts::Count& count, std::uint64_t by = 1) noexcept { count.fetch_add(by, std::memory_order_relaxed); }

void count_dropped(WriteCounts& counts, ExemplarRefusal reason, std::size_t exemplar_count) noexcept {
  add(counts.exemplars_dropped[static_cast<std::size_t>(reason)], exemplar_count);
}

bool is_want_of_room(AppendRefusal refusal) noexcept {
  return refusal == AppendRefusal::too_many_series || refusal == AppendRefusal::memory_full;
}

// The words of Prometheus' errors, where it has the same one.
std::string_view sentence(AppendRefusal refusal) noexcept {
  switch (refusal) {
    case AppendRefusal::out_of_order: return "out of order sample";
    case AppendRefusal::duplicate_timestamp: return "duplicate sample for timestamp";
    case AppendRefusal::too_old: return "out of bounds";
    case AppendRefusal::too_far_ahead: return "out of bounds: too far in the future";
    case AppendRefusal::no_labels: return "empty labelset: invalid sample";
    case AppendRefusal::too_many_series:
    case AppendRefusal::memory_full:
    case AppendRefusal::too_many_samples:
    case AppendRefusal::bad_label_name:
    case AppendRefusal::too_many_labels:
    case AppendRefusal::label_name_too_long:
    case AppendRefusal::label_value_too_long:
    case AppendRefusal::unknown_series: return word(refusal);
  }
  return word(refusal);
}

// The labels for a message, which must not become a megabyte long.
std::string shortened(std::string text) {
  constexpr std::size_t bytes_max = 300;
  if (text.size() <= bytes_max) return text;
  return std::string(beginning_of(text, bytes_max)) + "…";
}

std::string series_text(std::string_view encoded_labels) {
  const Result<Labels> labels = remote::decode_labels(encoded_labels);
  return labels ? shortened(labels->text()) : std::string("{…}");
}

}  // namespace

std::string_view word(WriteRefusal refusal) noexcept {
  switch (refusal) {
    case WriteRefusal::bad_labels: return "bad_labels";
    case WriteRefusal::bad_histogram: return "bad_histogram";
  }
  return "";
}

std::string_view word(ExemplarRefusal refusal) noexcept {
  switch (refusal) {
    case ExemplarRefusal::bad_labels: return "bad_labels";
    case ExemplarRefusal::no_series: return "no_series";
    case ExemplarRefusal::out_of_order: return "out_of_order";
    case ExemplarRefusal::too_long: return "too_long";
    case ExemplarRefusal::off: return "off";
  }
  return "";
}

WriteStore::WriteStore(tsdb::Head& head) : WriteStore(head, Limits()) {}
WriteStore::WriteStore(tsdb::Head& head, const Limits& limits) : head_(head), limits_(limits), reader_sets_(1) {}

void WriteStore::configure(const std::vector<rules::RuleGroup>& groups) {
  groups_ = &groups;
  young_.clear();
  old_.clear();
  forget_names();
  reader_set_numbers_.clear();
  reader_sets_.assign(1, {});
}

WriteReport WriteStore::store(std::string_view block) {
  WriteReport report;
  add(counts_.requests);
  Status staged;
  Result<std::string> body = remote::decompress(block, limits_.request.body_bytes_max);
  const std::size_t body_bytes = body ? body->size() : 0;
  if (!body) staged = body.error();
  else staged = stage(*body, report);
  if (!staged) {
    report = {};
    report.unreadable = staged.error();
    add(counts_.unreadable_requests);
  } else {
    write();
    write_exemplars();
    tell(report);
  }
  report.body_bytes = body_bytes;
  staged_.clear();
  batch_.clear();
  if (batch_.capacity() > kept_samples_max) batch_.shrink_to_fit();
  labels_.clear();
  histograms_.clear();
  gathered_.clear();
  touched_.clear();
  staged_exemplars_.clear();
  exemplars_.clear();
  if (exemplars_.capacity() > kept_samples_max) exemplars_.shrink_to_fit();
  refused_before_ = {};
  return report;
}

// --- reading the request ---

Status WriteStore::stage(std::string_view body, WriteReport& report) {
  std::vector<remote::FamilyMetadata> families;
  WriteRequestReader reader(body, limits_.request);
  for (std::size_t entry_count = 0;; ++entry_count) {
    switch (reader.next()) {
      case WriteRequestReader::Entry::end:
        if (entry_count == 0 && !body.empty())
          return Error{ErrorKind::invalid, "read", "WriteRequest",
                       "it has neither series nor metadata, expected a request of remote write 1.0"};
        for (const remote::FamilyMetadata& family : families) describe(family);
        return {};
      case WriteRequestReader::Entry::malformed: return reader.error();
      case WriteRequestReader::Entry::metadata: families.push_back(reader.metadata()); break;
      case WriteRequestReader::Entry::series: stage_series(reader, body, report); break;
    }
  }
}

void WriteStore::stage_series(const WriteRequestReader& reader, std::string_view body, WriteReport& report) {
  const std::size_t sample_count = reader.samples().size() + reader.histograms().size();
  if (sample_count == 0 && reader.exemplars().empty()) return;
  std::string_view encoded = reader.encoded_labels();
  const bool is_in_body = encoded.empty() || (encoded.data() >= body.data() && encoded.data() < body.data() + body.size());
  if (!is_in_body) encoded = gathered_.emplace_back(encoded);
  const LabelDigest digest = label_digest(encoded);
  Known* known = find(digest);
  // Senders put exemplars into an entry of their own, behind the samples or in a later request.
  if (sample_count == 0) return stage_exemplars(reader, encoded, known);
  const Labels* labels = nullptr;
  if (known == nullptr || known->reference == tsdb::SeriesReference{}) {
    Result<Labels> read = remote::decode_labels(encoded);
    if (!read) return refuse(WriteRefusal::bad_labels, sample_count, read.error().text(), report);
    labels = &labels_.emplace_back(std::move(*read));
    if (known == nullptr) known = remember(digest, *labels);
  }
  const std::size_t before = batch_.size();
  add_samples(reader, report);
  for (std::size_t i = before; i < batch_.size(); ++i) {
    batch_[i].series = known->reference;
    batch_[i].labels = labels;
  }
  if (batch_.size() > before) staged_.push_back({encoded, known, batch_.size() - before});
  stage_exemplars(reader, encoded, known);
}

void WriteStore::stage_exemplars(const WriteRequestReader& reader, std::string_view encoded, Known* known) {
  if (reader.exemplars().empty()) return;
  staged_exemplars_.push_back({encoded, known, reader.exemplars().size()});
  exemplars_.insert(exemplars_.end(), reader.exemplars().begin(), reader.exemplars().end());
}

void WriteStore::add_samples(const WriteRequestReader& reader, WriteReport& report) {
  for (const remote::Sample& sample : reader.samples()) {
    BatchSample& added = batch_.emplace_back();
    added.at = sample.at;
    added.value = sample.value;
  }
  for (const std::string_view message : reader.histograms()) {
    Result<remote::HistogramSample> sample = remote::decode_histogram(message);
    if (!sample) {
      refuse(WriteRefusal::bad_histogram, 1, sample.error().text(), report);
      continue;
    }
    BatchSample& added = batch_.emplace_back();
    added.at = sample->at;
    // The end of a histogram's series is a marker like any other's, not a histogram without observations.
    if (tsdb::is_stale(sample->value.sum)) added.value = tsdb::stale_marker();
    else added.histogram = histograms_.emplace_back(histogram::encode(sample->value));
  }
}

void WriteStore::describe(const remote::FamilyMetadata& family) {
  const bool is_text = find_invalid_utf8(family.help) == std::string_view::npos && family.help.size() <= limits_.help_bytes_max;
  const bool is_unit = find_invalid_utf8(family.unit) == std::string_view::npos && family.unit.size() <= limits_.help_bytes_max;
  if (!is_metric_name(family.family) || family.family.size() > head_.limits().label_value_bytes_max) return;
  head_.describe(family.family, {std::string(word(family.type)), is_text ? std::string(family.help) : std::string(),
                                 is_unit ? std::string(family.unit) : std::string()});
}

// --- series that were met before ---

WriteStore::Known* WriteStore::find(const LabelDigest& digest) {
  if (const auto at = young_.find(digest); at != young_.end()) return &at->second;
  const auto at = old_.find(digest);
  if (at == old_.end()) return nullptr;
  return &young_.insert(old_.extract(at)).position->second;
}

void WriteStore::forget_names() {
  readers_by_name_.clear();
  known_name_bytes_ = 0;
}

WriteStore::Known* WriteStore::remember(const LabelDigest& digest, const Labels& labels) {
  return &young_.emplace(digest, Known{{}, readers_of(labels)}).first->second;
}

std::uint32_t WriteStore::readers_of(const Labels& labels) {
  if (groups_ == nullptr) return 0;
  const std::vector<std::string> name{std::string(labels.get(metric_name_label))};
  // The store refuses such a name; here it would be remembered.
  if (name.front().size() > head_.limits().label_value_bytes_max) return 0;
  auto candidates = readers_by_name_.find(name.front());
  if (candidates == readers_by_name_.end()) {
    candidates = readers_by_name_.emplace(name.front(), rules::early_readers(*groups_, Labels(), name)).first;
    known_name_bytes_ += name.front().size() + bytes_of_name;
  }
  if (candidates->second.empty()) return 0;
  Labels others = labels;
  others.remove(metric_name_label);
  std::vector<rules::RulePlace> readers;
  for (const rules::RulePlace& place : candidates->second)
    if ((*groups_)[place.group].rules[place.rule].selectors.may_read(others, name)) readers.push_back(place);
  if (readers.empty()) return 0;
  const auto [at, is_new] = reader_set_numbers_.try_emplace(readers, static_cast<std::uint32_t>(reader_sets_.size()));
  if (is_new) reader_sets_.push_back(std::move(readers));
  return at->second;
}

// --- writing ---

void WriteStore::write() {
  append(batch_);
  write_outdated();
  std::size_t at = 0;
  for (const Staged& staged : staged_) {
    bool is_any_taken = false;
    for (std::size_t i = at; i < at + staged.count; ++i) {
      if (!batch_[i].taken) continue;
      is_any_taken = true;
      staged.known->reference = batch_[i].series;
    }
    if (is_any_taken && staged.known->readers != 0) touched_.insert(staged.known->readers);
    at += staged.count;
  }
}

// In parts: scrapes and snapshots wait for the head meanwhile.
void WriteStore::append(std::span<BatchSample> batch) {
  for (std::size_t from = 0; from < batch.size(); from += append_samples_max)
    head_.append(batch.subspan(from, std::min(append_samples_max, batch.size() - from)));
}

// Series that left the store since they were met need their labels again.
void WriteStore::write_outdated() {
  std::vector<BatchSample> again;
  std::vector<std::size_t> places;
  std::size_t at = 0;
  for (const Staged& staged : staged_) {
    const Labels* labels = nullptr;  // of this series, once one of its samples needs them: not always the first
    for (std::size_t i = at; i < at + staged.count; ++i) {
      if (batch_[i].taken || batch_[i].taken.error() != AppendRefusal::unknown_series) continue;
      if (labels == nullptr) {
        Result<Labels> read = remote::decode_labels(staged.encoded_labels);
        if (!read) break;  // its digest was met with other labels
        labels = &labels_.emplace_back(std::move(*read));
      }
      batch_[i].labels = labels;
      again.push_back(batch_[i]);
      places.push_back(i);
    }
    at += staged.count;
  }
  append(again);
  for (std::size_t i = 0; i < again.size(); ++i) batch_[places[i]] = again[i];
}

// Behind the samples: an exemplar belongs to a series that is there. Its labels may be a megabyte: they are read, and looked up,
// once for all its exemplars.
void WriteStore::write_exemplars() {
  std::span<const std::string_view> left = exemplars_;
  for (const Staged& staged : staged_exemplars_) {
    const std::span<const std::string_view> messages = left.first(staged.count);
    left = left.subspan(staged.count);
    if (head_.limits().exemplar_count_max == 0) {
      count_dropped(counts_, ExemplarRefusal::off, staged.count);
    } else if (staged.known == nullptr || staged.known->reference == tsdb::SeriesReference{}) {
      count_dropped(counts_, ExemplarRefusal::no_series, staged.count);
    } else if (const Result<Labels> series = remote::decode_labels(staged.encoded_labels); series) {
      for (std::size_t at = 0; at < messages.size(); at += exemplars_per_add)
        write_exemplars(*series, messages.subspan(at, std::min(exemplars_per_add, messages.size() - at)));
    } else {
      count_dropped(counts_, ExemplarRefusal::bad_labels, staged.count);
    }
  }
}

void WriteStore::write_exemplars(const Labels& series, std::span<const std::string_view> messages) {
  std::vector<tsdb::Exemplar> read;
  for (const std::string_view message : messages) {
    Result<remote::ExemplarSample> exemplar = remote::decode_exemplar(message);
    if (exemplar) read.push_back({std::move(exemplar->labels), exemplar->value, exemplar->at, true});
    else count_dropped(counts_, ExemplarRefusal::bad_labels, 1);
  }
  for (const tsdb::ExemplarStore::Taken taken : head_.exemplars().add(series, std::move(read))) {
    switch (taken) {
      case tsdb::ExemplarStore::Taken::stored:
      case tsdb::ExemplarStore::Taken::repeated: add(counts_.exemplars); break;
      case tsdb::ExemplarStore::Taken::out_of_order: count_dropped(counts_, ExemplarRefusal::out_of_order, 1); break;
      case tsdb::ExemplarStore::Taken::too_long: count_dropped(counts_, ExemplarRefusal::too_long, 1); break;
      case tsdb::ExemplarStore::Taken::off: count_dropped(counts_, ExemplarRefusal::off, 1); break;
    }
  }
}

void WriteStore::tell(WriteReport& report) {
  std::size_t at = 0;
  for (const Staged& staged : staged_) {
    for (std::size_t i = at; i < at + staged.count; ++i) {
      if (batch_[i].taken) {
        ++report.taken_count;
        continue;
      }
      const AppendRefusal reason = batch_[i].taken.error();
      const bool is_first_for_room = is_want_of_room(reason) && !report.is_store_full;
      if (report.refusal.empty() || is_first_for_room)
        report.refusal = std::string(sentence(reason)) + ", series " + series_text(staged.encoded_labels) + " at " +
                         std::to_string(batch_[i].at.ms) + " ms";
      report.is_store_full = report.is_store_full || is_want_of_room(reason);
      ++report.refused_count;
      add(counts_.refused[static_cast<std::size_t>(reason)]);
    }
    at += staged.count;
  }
  add(counts_.samples, report.taken_count);
  for (std::size_t i = 0; i < write_refusal_count; ++i) add(counts_.refused_before[i], refused_before_[i]);
  std::set<rules::RulePlace> readers;
  for (const std::uint32_t number : touched_) readers.insert(reader_sets_[number].begin(), reader_sets_[number].end());
  report.readers.assign(readers.begin(), readers.end());
  if (known_name_bytes_ > limits_.known_name_bytes_max) forget_names();
  if (young_.size() < limits_.known_series_max) return;
  old_ = std::move(young_);
  young_.clear();
}

void WriteStore::refuse(WriteRefusal reason, std::size_t count, std::string text, WriteReport& report) {
  if (report.refusal.empty()) report.refusal = shortened(std::move(text));
  report.refused_count += count;
  refused_before_[static_cast<std::size_t>(reason)] += count;
}

}  // namespace watchbill::metrics::receive
