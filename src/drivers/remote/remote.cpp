#include "drivers/remote/remote.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/ascii.h"
#include "base/sha256.h"
#include "model/codec.h"

namespace watchbill::drivers::remote {
namespace {

// All that decides which samples stand in which request.
std::string fingerprint_of(const RemoteWriteConfiguration& written, const metrics::sender::Terms& terms) {
  std::string text = terms.external_labels.text() + "\n" + std::to_string(written.queue.samples_per_request) +
                     (written.sends_histograms ? " histograms" : "");
  for (const RelabelConfiguration& rule : written.relabel) text += "\n" + canonical_text(rule);
  return sha256(text).hex().substr(0, 32);
}

// What the HTTP client counts calls by: "host:port" of a URL that the configuration has checked.
std::string host_of(std::string_view url) {
  const bool is_tls = url.starts_with("https:");
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::string host = lowered(url.substr(0, url.find_first_of("/?#")));
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && host.find(']', colon) == std::string::npos;
  return has_port ? host : host + (is_tls ? ":443" : ":80");
}

}  // namespace

Result<std::vector<Remote>> remotes_of(std::span<const RemoteWriteConfiguration> written, const Labels& external_labels) {
  constexpr std::size_t label_digits = 6;
  std::vector<Remote> out;
  std::map<std::string, std::size_t> nameless;  // by URL
  std::map<std::string, std::uint32_t> count_by_host;
  for (const RemoteWriteConfiguration& each : written) ++count_by_host[host_of(each.url)];
  for (const RemoteWriteConfiguration& each : written) {
    auto rules = metrics::relabel::Rules::compile(each.relabel);
    if (!rules) return rules.error();
    metrics::sender::Terms terms;
    terms.identity =
        sha256(each.name.empty() ? "url " + std::to_string(nameless[each.url]++) + " " + each.url : "name " + each.name).hex();
    terms.external_labels = external_labels;
    terms.relabel = std::move(*rules);
    terms.sends_histograms = each.sends_histograms;
    terms.sends_exemplars = each.sends_exemplars;
    terms.queue.capacity = each.queue.capacity;
    terms.queue.samples_per_request = each.queue.samples_per_request;
    const std::uint32_t shards = std::max(shards_max / count_by_host[host_of(each.url)], 1U);
    terms.queue.shard_count_max = std::min(each.queue.shard_count_max, shards);
    terms.queue.shard_count_min = std::min(each.queue.shard_count_min, shards);
    terms.queue.deadline = each.queue.deadline;
    terms.queue.backoff_min = each.queue.backoff_min;
    terms.queue.backoff_max = each.queue.backoff_max;
    terms.queue.retries_429 = each.queue.retries_429;
    terms.sends_metadata = !each.metadata.is_left_out;
    terms.metadata_interval = each.metadata.interval;
    terms.families_per_request = each.metadata.families_per_request;
    terms.fingerprint = fingerprint_of(each, terms);
    std::string label = each.name.empty() ? terms.identity.substr(0, label_digits) : each.name;
    out.push_back({each, std::move(label), std::make_shared<const metrics::sender::Terms>(std::move(terms))});
  }
  return out;
}

bool is_same(const Remote& a, const Remote& b) {
  return a.written == b.written && a.terms->identity == b.terms->identity &&
         a.terms->external_labels == b.terms->external_labels &&
         a.terms->queue.shard_count_max == b.terms->queue.shard_count_max;
}

}  // namespace watchbill::drivers::remote
