#include "metrics/sender/sent_series.h"

#include <utility>

#include "metrics/remote/message.h"

namespace watchbill::metrics::sender {
namespace {

// FNV-1a: it must not depend on the process.
std::uint64_t hash_of(std::string_view bytes) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return hash ^ (hash >> 32);
}

}  // namespace

SentSeries sent_series(Labels labels, const Terms& terms) {
  for (const auto& [name, value] : terms.external_labels)
    if (!labels.has(name)) labels.set(name, value);
  if (!terms.relabel.apply(labels) || labels.empty()) return {};
  SentSeries out;
  out.encoded_labels = remote::encode_labels(labels);
  out.hash = hash_of(out.encoded_labels);
  return out;
}

void KnownSeries::begin_segment(tsdb::LogSegment segment) {
  before_ = segment.run == segment_.run ? std::move(now_) : nullptr;
  now_ = std::make_shared<SeriesTable>();
  segment_ = segment;
}

void KnownSeries::explain(const tsdb::LogDecoder& entry) {
  const std::uint64_t number = entry.number();
  std::shared_ptr<const SentSeries>& series = (*now_)[number];
  // A number means the same series in all of a run, and samples may point at what was made of it.
  if (series != nullptr) return;
  if (before_ != nullptr)
    if (const auto known = before_->find(number); known != before_->end()) {
      series = known->second;
      return;
    }
  series = std::make_shared<const SentSeries>(sent_series(entry.labels(), terms_));
}

const SentSeries* KnownSeries::find(std::uint64_t number) {
  if (const auto known = now_->find(number); known != now_->end()) return known->second.get();
  if (before_ == nullptr) return nullptr;
  const auto known = before_->find(number);
  if (known == before_->end()) return nullptr;
  return ((*now_)[number] = known->second).get();
}

}  // namespace watchbill::metrics::sender
