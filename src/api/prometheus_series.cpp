// /api/v1/series, labels, label/{name}/values, metadata and targets/metadata, as Prometheus 2.42 answers them.
#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "api/prometheus.h"
#include "api/routes.h"
#include "metrics/promql/series_selector.h"

namespace watchbill::api {
namespace {

namespace tsdb = metrics::tsdb;

// Whose series are meant, and how much of them is told; 0: all of it.
struct Selection {
  MatcherSets sets;
  Instant from, to;
  std::size_t limit{0};
};

Result<Selection, PrometheusError> selection_of(const Call& call) {
  Selection selection;
  const auto from = time_parameter(call, "start", Instant{});
  if (!from) return from.error();
  const auto to = time_parameter(call, "end", Instant::never());
  if (!to) return to.error();
  auto sets = matcher_sets(call);
  if (!sets) return sets.error();
  const auto limit = count_parameter(call, "limit", 0);
  if (!limit) return limit.error();
  return Selection{std::move(*sets), *from, *to, *limit};
}

// Adds texts up to the limit, and says when there were more.
void answer_texts(Call& call, const std::vector<std::string>& texts, std::size_t limit) {
  std::string data;
  JsonWriter json(data);
  json.begin_array();
  const std::size_t count = limit == 0 ? texts.size() : std::min(limit, texts.size());
  for (std::size_t i = 0; i < count; ++i) json.string(texts[i]);
  json.end_array();
  std::vector<std::string> warnings;
  if (count < texts.size()) warnings.emplace_back("results truncated due to limit");
  answer_data(call, data, warnings);
}

// What `find` gives for each set of matchers, or for no matcher at all: sorted, each once.
template <class Find>
std::vector<std::string> union_of(const MatcherSets& sets, const Find& find) {
  const std::vector<tsdb::Matcher> all;
  if (sets.empty()) return find(all);
  std::set<std::string> out;
  for (const auto& matchers : sets)
    for (std::string& text : find(matchers)) out.insert(std::move(text));
  return {out.begin(), out.end()};
}

void list_labels(const CallPointer& call) {
  auto wanted = selection_of(*call);
  if (!wanted) return answer_error(*call, wanted.error());
  answer_from_store(call, [selection = std::move(*wanted)](const CallPointer& asked) {
    const tsdb::Snapshot snapshot = asked->services.watch.head.snapshot();
    const auto names = union_of(selection.sets, [&](const std::vector<tsdb::Matcher>& matchers) {
      return snapshot.label_names(matchers, selection.from, selection.to);
    });
    answer_texts(*asked, names, selection.limit);
  });
}

void list_values(const CallPointer& call) {
  const std::string name = call->path("name");
  if (!is_label_name(name))
    return answer_error(*call, {PrometheusErrorType::bad_data, "invalid label name: " + quoted(name)});
  auto wanted = selection_of(*call);
  if (!wanted) return answer_error(*call, wanted.error());
  answer_from_store(call, [name, selection = std::move(*wanted)](const CallPointer& asked) {
    const tsdb::Snapshot snapshot = asked->services.watch.head.snapshot();
    const auto values = union_of(selection.sets, [&](const std::vector<tsdb::Matcher>& matchers) {
      return snapshot.label_values(name, matchers, selection.from, selection.to);
    });
    answer_texts(*asked, values, selection.limit);
  });
}

void write_all(const CallPointer& call, const Selection& selection) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  std::set<Labels> found;
  for (const auto& matchers : selection.sets)
    for (const tsdb::SeriesView& series : snapshot.select(matchers, selection.from, selection.to)) found.insert(series.labels());
  std::string data;
  JsonWriter json(data);
  json.begin_array();
  std::size_t count = 0;
  for (const Labels& labels : found) {
    if (selection.limit != 0 && count == selection.limit) break;
    ++count;
    write_labels(json, labels);
  }
  json.end_array();
  std::vector<std::string> warnings;
  if (count < found.size()) warnings.emplace_back("results truncated due to limit");
  answer_data(*call, data, warnings);
}

void list_series(const CallPointer& call) {
  // As there: this path alone names the parameter.
  if (const auto sets = matcher_sets(*call); !sets)
    return answer_error(*call, invalid_parameter("match[]", sets.error().message));
  auto wanted = selection_of(*call);
  if (!wanted) return answer_error(*call, wanted.error());
  if (wanted->sets.empty()) return answer_error(*call, {PrometheusErrorType::bad_data, "no match[] parameter provided"});
  answer_from_store(call, [selection = std::move(*wanted)](const CallPointer& asked) { write_all(asked, selection); });
}

// The families that series of these names may belong to: parts of histograms and summaries bear longer names.
std::set<std::string> families_of(const std::vector<std::string>& names) {
  std::set<std::string> families(names.begin(), names.end());
  for (const std::string_view part : {"_bucket", "_count", "_sum"})
    for (const std::string& name : names)
      if (name.ends_with(part)) families.insert(name.substr(0, name.size() - part.size()));
  return families;
}

// How many are told at most: no bound without the parameter, and with a negative one.
Result<std::size_t, PrometheusError> metadata_limit(const Call& call) {
  const std::string* text = parameter(call, "limit");
  if (text == nullptr || text->empty()) return std::numeric_limits<std::size_t>::max();
  std::int64_t limit = 0;
  const char* const end = text->data() + text->size();
  const auto [after, failure] = std::from_chars(text->data() + (text->starts_with('+') ? 1 : 0), end, limit);
  if (failure != std::errc{} || after != end)
    return PrometheusError{PrometheusErrorType::bad_data, "limit must be a number"};
  return limit < 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(limit);
}

void write_description(JsonWriter& json, const tsdb::Metadata& known) {
  json.key("type").string(known.type.empty() ? "unknown" : known.type);
  json.key("help").string(known.help).key("unit").string(known.unit);
}

void write_metadata(const CallPointer& call, const std::string& metric, std::size_t limit) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  std::set<std::string> names{metric};
  if (metric.empty())
    names = families_of(snapshot.label_values(metric_name_label, std::vector<tsdb::Matcher>{}, Instant{}, Instant::never()));
  std::string data;
  JsonWriter json(data);
  json.begin_object();
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (count == limit) break;
    const tsdb::Metadata* known = snapshot.metadata(name);
    if (known == nullptr) continue;
    ++count;
    json.key(name).begin_array().begin_object();
    write_description(json, *known);
    json.end_object().end_array();
  }
  json.end_object();
  answer_data(*call, data);
}

void list_metadata(const CallPointer& call) {
  const auto limit = metadata_limit(*call);
  if (!limit) return answer_error(*call, limit.error());
  const std::string* metric = parameter(*call, "metric");
  answer_from_store(call, [limit = *limit, name = metric == nullptr ? std::string() : *metric](const CallPointer& asked) {
    write_metadata(asked, name, limit);
  });
}

// --- what each target tells ---

// Which families of which targets.
struct TargetFamilies {
  std::vector<Labels> targets;
  std::string metric;  // empty: all of them
  std::size_t limit{0};
};

// The store knows what a family is and not who said so: it is told for each target that has series of it.
std::set<std::string> families_of_target(const tsdb::Snapshot& snapshot, const Labels& target) {
  std::vector<tsdb::Matcher> matchers;
  for (const auto& [name, value] : target) matchers.push_back(tsdb::Matcher::equal(name, value));
  return families_of(snapshot.label_values(metric_name_label, matchers, Instant{}, Instant::never()));
}

void write_target_metadata(const CallPointer& call, const TargetFamilies& wanted) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  std::string data;
  JsonWriter json(data);
  json.begin_array();
  std::size_t count = 0;
  for (const Labels& target : wanted.targets) {
    if (count >= wanted.limit) break;  // a target is told whole, as there
    for (const std::string& name : families_of_target(snapshot, target)) {
      const tsdb::Metadata* known = snapshot.metadata(name);
      if (known == nullptr || (!wanted.metric.empty() && name != wanted.metric)) continue;
      ++count;
      json.begin_object().key("target");
      write_labels(json, target);
      if (wanted.metric.empty()) json.key("metric").string(name);
      write_description(json, *known);
      json.end_object();
    }
  }
  json.end_array();
  answer_data(*call, data);
}

void list_target_metadata(const CallPointer& call) {
  const auto limit = metadata_limit(*call);
  if (!limit) return answer_error(*call, limit.error());
  TargetFamilies wanted;
  wanted.limit = *limit;
  std::vector<tsdb::Matcher> matchers;
  if (const std::string* text = parameter(*call, "match_target"); text != nullptr && !text->empty()) {
    auto parsed = metrics::promql::parse_series_selector(*text);
    if (!parsed) return answer_error(*call, invalid_parameter("match_target", parsed.error().text()));
    matchers = std::move(*parsed);
  }
  if (const std::string* metric = parameter(*call, "metric"); metric != nullptr) wanted.metric = *metric;
  for (const TargetView& target : call->services.watch.targets())
    if (std::all_of(matchers.begin(), matchers.end(), [&target](const tsdb::Matcher& matcher) {
          return matcher.matches(target.labels.get(matcher.name()));
        }))
      wanted.targets.push_back(target.labels);
  answer_from_store(call, [wanted = std::move(wanted)](const CallPointer& asked) { write_target_metadata(asked, wanted); });
}

}  // namespace

Routes prometheus_series_routes() {
  const std::vector<Member> selection{{"match[]", ValueKind::text, "a selector; again for more of them"},
                                      {"start", ValueKind::text, "seconds or RFC 3339"},
                                      {"end", ValueKind::text, "seconds or RFC 3339"},
                                      {"limit", ValueKind::number, "how many at most; 0: all"}};
  const std::vector<Member> metadata{{"metric", ValueKind::text, "only this family"},
                                     {"limit", ValueKind::number, "how many families at most"}};
  const std::vector<Member> of_targets{{"match_target", ValueKind::text, "a selector of targets by their labels"},
                                       {"metric", ValueKind::text, "only this family"},
                                       {"limit", ValueKind::number, "no further target when there are so many"}};
  const auto route = [](std::string_view method, std::string_view pattern, std::string_view summary, std::vector<Member> query,
                        void (*handle)(const CallPointer&)) {
    return Route{method, pattern, summary, "viewer", std::move(query), {}, {}, handle, Decides::route, Dialect::prometheus};
  };
  return {
      route("GET", "/api/v1/series", "series that a selector finds", selection, list_series),
      route("POST", "/api/v1/series", "series that a selector finds", selection, list_series),
      route("GET", "/api/v1/labels", "names of labels", selection, list_labels),
      route("POST", "/api/v1/labels", "names of labels", selection, list_labels),
      route("GET", "/api/v1/label/{name}/values", "values of a label", selection, list_values),
      route("GET", "/api/v1/metadata", "type and help of families, as targets tell them", metadata, list_metadata),
      route("GET", "/api/v1/targets/metadata", "type and help of families, target by target", of_targets, list_target_metadata),
  };
}

}  // namespace watchbill::api
