#include "app/watch/discovery_counts.h"

#include <algorithm>
#include <map>
#include <utility>

namespace watchbill::app::watch {
namespace {

using api::DiscoveryKind;

bool has_kind(const ScrapeConfiguration& job, std::size_t kind) {
  switch (static_cast<DiscoveryKind>(kind)) {
    case DiscoveryKind::dns: return !job.dns_discovery.empty();
    case DiscoveryKind::file: return !job.file_discovery.empty();
    case DiscoveryKind::http: return !job.http_discovery.empty();
  }
  return false;
}

template <class T>
bool has(const std::vector<T>& list, const T& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

}  // namespace

void DiscoveryCounts::configure(const std::vector<drivers::scrape::Job>& jobs) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, api::DiscoveryView::Job> former;
  for (api::DiscoveryView::Job& job : view_.jobs) former.emplace(job.name, std::move(job));
  view_.jobs.clear();
  written_.clear();
  for (const drivers::scrape::Job& job : jobs) {
    written_.push_back(job.written);
    api::DiscoveryView::Job& shown = view_.jobs.emplace_back();
    if (const auto known = former.find(job.written.job); known != former.end()) shown = std::move(known->second);
    shown.name = job.written.job;
    for (std::size_t kind = 0; kind < api::discovery_kind_count; ++kind)
      shown.failure_counts[kind] =
          has_kind(job.written, kind) ? std::optional(shown.failure_counts[kind].value_or(0)) : std::nullopt;
  }
}

// With the mutex held.
template <class Has>
void DiscoveryCounts::count(DiscoveryKind kind, const Has& has_it) {
  const auto at = static_cast<std::size_t>(kind);
  ++view_.failure_counts[at];
  for (std::size_t i = 0; i < written_.size(); ++i)
    if (has_it(written_[i])) view_.jobs[i].failure_counts[at] = view_.jobs[i].failure_counts[at].value_or(0) + 1;
}

void DiscoveryCounts::failed(const std::string& file_pattern) {
  const std::lock_guard lock(mutex_);
  count(DiscoveryKind::file, [&](const ScrapeConfiguration& job) {
    return std::any_of(job.file_discovery.begin(), job.file_discovery.end(),
                       [&](const FileDiscoveryConfiguration& source) { return has(source.files, file_pattern); });
  });
}

void DiscoveryCounts::failed(const HttpDiscoveryConfiguration& source) {
  const std::lock_guard lock(mutex_);
  count(DiscoveryKind::http, [&](const ScrapeConfiguration& job) { return has(job.http_discovery, source); });
}

void DiscoveryCounts::looked_up(const DnsDiscoveryConfiguration& source, bool is_good) {
  const std::lock_guard lock(mutex_);
  ++view_.dns_lookup_count;
  if (is_good) return;
  count(DiscoveryKind::dns, [&](const ScrapeConfiguration& job) { return has(job.dns_discovery, source); });
}

void DiscoveryCounts::found(const std::string& job, std::size_t target_count) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(view_.jobs.begin(), view_.jobs.end(), [&](const auto& each) { return each.name == job; });
  if (at != view_.jobs.end()) at->target_count = target_count;
}

api::DiscoveryView DiscoveryCounts::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace watchbill::app::watch
