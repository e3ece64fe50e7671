// /federate: the newest samples of selected series, for another Prometheus to scrape. As Prometheus 2.42 answers it
// (web/federate.go): nothing older than the look-back, no staleness markers, every family untyped, external labels added where a
// series has none of that name, and `instance=""` so that the scraping side does not add its own.
#include <algorithm>
#include <map>

#include "api/prometheus.h"
#include "api/routes.h"
#include "api/running.h"
#include "metrics/exposition/number.h"
#include "metrics/exposition/page.h"
#include "metrics/promql/evaluate.h"
#include "metrics/promql/series_selector.h"

namespace watchbill::api {
namespace {

namespace tsdb = metrics::tsdb;

struct Federated {
  MatcherSets sets;
  std::map<std::string, std::string> added;  // external labels by name
};

void append_sample(std::string& out, const Labels& labels, const tsdb::Sample& sample, const Federated& federated) {
  out.append(labels.get(metric_name_label));
  char separator = '{';
  const auto append_label = [&](std::string_view name, std::string_view value) {
    out.push_back(separator);
    separator = ',';
    out.append(name).append("=\"");
    for (const char c : value) {
      if (c == '\\') out.append("\\\\");
      else if (c == '\n') out.append("\\n");
      else if (c == '"') out.append("\\\"");
      else out.push_back(c);
    }
    out.push_back('"');
  };
  for (const auto& [name, value] : labels)
    if (name != metric_name_label) append_label(name, value);
  for (const auto& [name, value] : federated.added)
    if (!labels.has(name)) append_label(name, value);
  out.append("} ");  // `instance` is always there
  metrics::exposition::append_number(out, sample.v);
  out.append(" ").append(std::to_string(sample.t_ms)).append("\n");
}

// By family name, then by all labels; each series once, whichever selectors find it.
std::map<std::string_view, std::map<Labels, tsdb::Sample>> newest_of(const tsdb::Snapshot& snapshot, const MatcherSets& sets,
                                                                     Instant now) {
  const Instant from = now - metrics::promql::EvaluationOptions{}.lookback;
  std::map<std::string_view, std::map<Labels, tsdb::Sample>> families;
  for (const auto& matchers : sets) {
    if (matchers.empty()) continue;  // `{}` finds nothing there
    for (const tsdb::SeriesView& series : snapshot.select(matchers, from, now)) {
      const std::optional<tsdb::Sample> newest = series.last(now);
      const std::string_view name = series.labels().get(metric_name_label);
      if (!newest || name.empty() || newest->t_ms < from.ms || tsdb::is_stale(newest->v)) continue;
      families[name].emplace(series.labels(), *newest);
    }
  }
  return families;
}

void write_page(const CallPointer& call, const Federated& federated) {
  const tsdb::Snapshot snapshot = call->services.watch.head.snapshot();
  std::string page;
  for (const auto& [name, samples] : newest_of(snapshot, federated.sets, call->services.watch.now())) {
    page.append("# TYPE ").append(name).append(" untyped\n");
    for (const auto& [labels, sample] : samples) append_sample(page, labels, sample, federated);
  }
  call->answer(ports::HttpResponse{
      200, {{"Content-Type", std::string(metrics::exposition::Page::content_type)}}, std::move(page)});
}

void federate(const CallPointer& call) {
  Federated federated;
  for (const std::string& text : parameters(*call, "match[]")) {
    auto matchers = metrics::promql::parse_series_selector(text);
    if (!matchers)
      return call->answer(ports::HttpResponse{
          400, {{"Content-Type", "text/plain; charset=utf-8"}}, matchers.error().text() + "\n"});
    federated.sets.push_back(std::move(*matchers));
  }
  federated.added.emplace("instance", "");
  for (const auto& [name, value] : call->services.running().external_labels) federated.added[name] = value;
  answer_from_store(call, [federated = std::move(federated)](const CallPointer& asked) { write_page(asked, federated); });
}

}  // namespace

Routes federation_routes() {
  const std::vector<Member> selection{{"match[]", ValueKind::text, "a selector; again for more of them"}};
  return {{"GET", "/federate", "the newest samples of selected series in Prometheus' text format", "viewer", selection, {}, {},
           federate, Decides::route, Dialect::prometheus}};
}

}  // namespace watchbill::api
