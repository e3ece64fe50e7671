#include "core/route/payload.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/json.h"

namespace watchbill::core::route {
namespace {

using Texts = std::map<std::string, std::string>;

constexpr std::string_view no_end = "0001-01-01T00:00:00Z";  // Go's zero time: how Alertmanager writes "not over"

template <class Pairs>
void write_texts(JsonWriter& out, const Pairs& pairs) {
  out.begin_object();
  for (const auto& [name, value] : pairs) out.key(name).string(value);
  out.end_object();
}

// What all of them have, with one value; as there, what is missing is empty.
void keep_common(Texts& common, const auto& pairs) {
  std::erase_if(common, [&](const auto& each) {
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == each.first; });
    return found == pairs.end() ? !each.second.empty() : found->second != each.second;
  });
}

// Fewer labels first; then by name, where a label that is missing comes first, and value (common/model LabelSet.Before).
bool comes_before(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  auto at = a.begin();
  auto other = b.begin();
  for (; at != a.end(); ++at, ++other) {
    if (at->first != other->first) return at->first > other->first;  // the smaller name is the one that the other set lacks
    if (at->second != other->second) return at->second < other->second;
  }
  return false;
}

bool comes_before(const GroupedAlert& a, const GroupedAlert& b) {
  for (const std::string_view first : {std::string_view("job"), std::string_view("instance")}) {
    if (a.labels.get(first) == b.labels.get(first)) continue;
    if (!a.labels.has(first) || !b.labels.has(first)) return a.labels.has(first);
    return a.labels.get(first) < b.labels.get(first);
  }
  return comes_before(a.labels, b.labels);
}

// As Go quotes a text for a regular expression: links of templates search for it.
std::string quoted_for_pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string_view status_of(const GroupedAlert& alert) noexcept { return alert.ends_at ? "resolved" : "firing"; }

std::string alert_text(const Telling& telling, const std::string& external_url) {
  const GroupedAlert& alert = *telling.second;
  std::string text;
  JsonWriter out(text);
  out.begin_object().key("status").string(status_of(alert));
  write_texts(out.key("labels"), alert.labels);
  write_texts(out.key("annotations"), alert.annotations);
  out.key("startsAt").string(format_rfc3339(alert.starts_at));
  out.key("endsAt").string(alert.ends_at ? format_rfc3339(*alert.ends_at) : std::string(no_end));
  const bool is_outside = alert.source == AlertSource::outside;
  out.key("generatorURL").string(is_outside ? alert.generator_url : external_url + "/api/watchbill/v1/alerts/" + telling.first);
  out.key("fingerprint").string(fingerprint(alert.labels)).end_object();
  return text;
}

// As many as there is room for, at least one.
std::vector<std::string> texts_of(const std::vector<Telling>& alerts, const PayloadTerms& terms) {
  std::vector<std::string> texts;
  for (std::size_t bytes = 0; texts.size() < alerts.size() && (texts.empty() || bytes < terms.bytes_max);
       bytes += texts.back().size())
    texts.push_back(alert_text(alerts[texts.size()], terms.external_url));
  return texts;
}

}  // namespace

std::string group_key(const std::string& route_key, const Labels& labels) { return route_key + ":" + labels.text(); }

std::string fingerprint(const Labels& labels) {
  constexpr std::uint64_t offset_basis = 14695981039346656037ULL, prime = 1099511628211ULL;
  constexpr char separator = '\xff';
  std::uint64_t sum = offset_basis;
  const auto add = [&](std::string_view text) {
    for (const char byte : text) sum = (sum ^ static_cast<unsigned char>(byte)) * prime;
    sum = (sum ^ static_cast<unsigned char>(separator)) * prime;
  };
  for (const auto& [name, value] : labels) {
    add(name);
    add(value);
  }
  std::string hex(16, '0');
  for (std::size_t i = 0; i < hex.size(); ++i) hex[i] = "0123456789abcdef"[(sum >> (60 - 4 * i)) & 15U];
  return hex;
}

std::string payload(const Group& group, std::vector<Telling> alerts, const PayloadTerms& terms) {
  std::sort(alerts.begin(), alerts.end(), [](const Telling& a, const Telling& b) { return comes_before(*a.second, *b.second); });
  const std::size_t all_count = alerts.size();
  if (terms.alerts_max != 0 && terms.alerts_max < all_count) alerts.resize(terms.alerts_max);
  Texts labels(alerts.front().second->labels.begin(), alerts.front().second->labels.end());
  Texts annotations = alerts.front().second->annotations;
  bool is_firing = false;
  for (const Telling& telling : alerts) {
    keep_common(labels, telling.second->labels);
    keep_common(annotations, telling.second->annotations);
    is_firing = is_firing || !telling.second->ends_at;
  }
  std::vector<std::string> texts = texts_of(alerts, terms);
  if (texts.size() < alerts.size()) {
    // Not all have room: what fires is told before what has ended.
    std::stable_partition(alerts.begin(), alerts.end(), [](const Telling& each) { return !each.second->ends_at; });
    texts = texts_of(alerts, terms);
  }

  std::string text;
  JsonWriter out(text);
  out.begin_object().key("receiver").string(quoted_for_pattern(group.receiver));
  out.key("status").string(is_firing ? "firing" : "resolved").key("alerts").begin_array();
  for (const std::string& each : texts) out.raw(each);
  out.end_array();
  write_texts(out.key("groupLabels"), group.labels);
  write_texts(out.key("commonLabels"), labels);
  write_texts(out.key("commonAnnotations"), annotations);
  out.key("externalURL").string(terms.external_url).key("version").string("4");
  out.key("groupKey").string(group_key(terms.route_key, group.labels));
  out.key("truncatedAlerts").integer(static_cast<std::int64_t>(all_count - texts.size())).end_object();
  return text;
}

}  // namespace watchbill::core::route
