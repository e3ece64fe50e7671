// /api/v1/status/*, scrape_pools and alertmanagers, as Prometheus 2.42 answers them.
#include <algorithm>
#include <limits>
#include <map>
#include <string_view>
#include <unordered_map>

#include "api/prometheus.h"
#include "api/routes.h"
#include "api/running.h"

namespace watchbill::api {
namespace {

namespace tsdb = metrics::tsdb;

constexpr std::string_view api_version = "2.42.0";  // whose API is answered
constexpr std::size_t top_count = 10;               // of each list of status/tsdb, as there

// --- what was written and told ---

void show_configuration(const CallPointer& call) {
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("yaml").string(call->services.running().configuration).end_object();
  answer_data(*call, data);
}

void show_flags(const CallPointer& call) {
  std::string data;
  JsonWriter json(data);
  json.begin_object();
  for (const auto& [name, value] : call->services.running().flags) json.key(name).string(value);
  json.end_object();
  answer_data(*call, data);
}

// There are no goroutines here, and none of Go's settings.
void show_runtime(const CallPointer& call) {
  const Running running = call->services.running();
  const Result<ProcessFigures> process = call->services.process();
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("startTime");
  write_instant(json, process ? Instant{static_cast<std::int64_t>(process->start_seconds * 1000)} : Instant{});
  json.key("CWD").string(running.working_directory).key("reloadConfigSuccess").boolean(running.is_last_reload_taken);
  json.key("lastConfigTime");
  write_instant(json, running.read_at);
  json.key("corruptionCount").integer(0).key("goroutineCount").integer(0).key("GOMAXPROCS").integer(0).key("GOGC").string("");
  json.key("GODEBUG").string("").key("storageRetention").string(format_duration(running.retention)).end_object();
  answer_data(*call, data);
}

// Clients choose what they ask for by this version: it is the one whose API is answered. Ours is the branch.
void show_build(const CallPointer& call) {
  const std::string& build = call->services.build;
  const std::size_t plus = build.find('+');
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("version").string(api_version);
  json.key("revision").string(plus == std::string::npos ? "unknown" : build.substr(plus + 1));
  json.key("branch").string("watchbill-" + build.substr(0, plus)).key("buildUser").string("").key("buildDate").string("");
  json.key("goVersion").string("").end_object();
  answer_data(*call, data);
}

// Stored samples are not a log of segments: there is nothing that replays.
void show_replay(const CallPointer& call) { answer_data(*call, R"({"min":0,"max":0,"current":0})"); }

void list_pools(const CallPointer& call) {
  std::vector<std::string> jobs = call->services.running().jobs;
  std::sort(jobs.begin(), jobs.end());
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("scrapePools").begin_array();
  for (const std::string& job : jobs) json.string(job);
  json.end_array().end_object();
  answer_data(*call, data);
}

// Those of `alerting`, whether they answer or not, as there.
void list_alertmanagers(const CallPointer& call) {
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("activeAlertmanagers").begin_array();
  for (const std::string& url : call->services.running().alertmanagers)
    json.begin_object().key("url").string(url).end_object();
  json.end_array().key("droppedAlertmanagers").begin_array().end_array().end_object();
  answer_data(*call, data);
}

// --- the store ---

// What the series of one moment are made of. The texts belong to the snapshot.
struct Cardinality {
  struct OfName {
    std::unordered_map<std::string_view, std::uint64_t> series_by_value;
    std::uint64_t value_bytes{0};
  };
  std::map<std::string_view, OfName> names;
  std::uint64_t pair_count{0};
  std::size_t series_count{0};
  std::int64_t oldest_ms{std::numeric_limits<std::int64_t>::max()};  // as there when nothing is stored
  std::int64_t newest_ms{std::numeric_limits<std::int64_t>::min()};
};

Cardinality cardinality_of(const std::vector<tsdb::SeriesView>& all) {
  Cardinality out;
  out.series_count = all.size();
  for (const tsdb::SeriesView& series : all) {
    out.oldest_ms = std::min(out.oldest_ms, series.oldest_at().ms);
    out.newest_ms = std::max(out.newest_ms, series.newest_at().ms);
    for (const auto& [name, value] : series.labels()) {
      Cardinality::OfName& of_name = out.names[name];
      if (++of_name.series_by_value[value] > 1) continue;
      of_name.value_bytes += value.size();
      ++out.pair_count;
    }
  }
  return out;
}

struct Ranked {
  std::string name;
  std::uint64_t value{0};
};

// The largest, each list cut while it grows: pairs can be millions.
class Ranking {
 public:
  void add(std::string_view name, std::string_view suffix, std::uint64_t value) {
    if (ranked_.size() == top_count && value <= ranked_.back().value) return;
    std::string text(name);
    if (!suffix.empty()) text.append("=").append(suffix);
    const auto before = [](const Ranked& a, const Ranked& b) {
      return a.value != b.value ? a.value > b.value : a.name < b.name;
    };
    Ranked entry{std::move(text), value};
    ranked_.insert(std::upper_bound(ranked_.begin(), ranked_.end(), entry, before), std::move(entry));
    if (ranked_.size() > top_count) ranked_.pop_back();
  }
  void write(JsonWriter& json, std::string_view key) const {
    json.key(key).begin_array();
    for (const Ranked& each : ranked_)
      json.begin_object().key("name").string(each.name).key("value").raw(std::to_string(each.value)).end_object();
    json.end_array();
  }

 private:
  std::vector<Ranked> ranked_;
};

void write_rankings(JsonWriter& json, const Cardinality& cardinality) {
  Ranking by_metric, values_by_name, bytes_by_name, by_pair;
  for (const auto& [name, of_name] : cardinality.names) {
    values_by_name.add(name, "", of_name.series_by_value.size());
    bytes_by_name.add(name, "", of_name.value_bytes);
    // Hashing must not decide which of equal ones are told: names do.
    std::map<std::string_view, std::uint64_t> ordered(of_name.series_by_value.begin(), of_name.series_by_value.end());
    for (const auto& [value, count] : ordered) {
      by_pair.add(name, value, count);
      if (name == metric_name_label) by_metric.add(value, "", count);
    }
  }
  by_metric.write(json, "seriesCountByMetricName");
  values_by_name.write(json, "labelValueCountByLabelName");
  bytes_by_name.write(json, "memoryInBytesByLabelName");
  by_pair.write(json, "seriesCountByLabelValuePair");
}

void write_store(const CallPointer& call) {
  const tsdb::Head& head = call->services.watch.head;
  const tsdb::Snapshot snapshot = head.snapshot();
  const Cardinality cardinality =
      cardinality_of(snapshot.select(std::vector<tsdb::Matcher>{}, Instant{}, Instant::never()));
  std::string data;
  JsonWriter json(data);
  json.begin_object().key("headStats").begin_object();
  json.key("numSeries").raw(std::to_string(cardinality.series_count));
  json.key("numLabelPairs").raw(std::to_string(cardinality.pair_count));
  json.key("chunkCount").raw(std::to_string(head.statistics().chunk_count));
  json.key("minTime").raw(std::to_string(cardinality.oldest_ms));
  json.key("maxTime").raw(std::to_string(cardinality.newest_ms)).end_object();
  write_rankings(json, cardinality);
  json.end_object();
  answer_data(*call, data);
}

// Every label of every series is counted: not on the loop.
void show_store(const CallPointer& call) { answer_from_pool(call, write_store); }

}  // namespace

Routes prometheus_status_routes() {
  const auto route = [](std::string_view pattern, std::string_view summary, void (*handle)(const CallPointer&)) {
    return Route{"GET", pattern, summary, "viewer", {}, {}, {}, handle, Decides::route, Dialect::prometheus};
  };
  return {
      route("/api/v1/status/config", "what is scraped and which rules are read, as YAML without secrets", show_configuration),
      route("/api/v1/status/flags", "Prometheus' flags that have a meaning here", show_flags),
      route("/api/v1/status/runtimeinfo", "since when this runs, and what it was told", show_runtime),
      route("/api/v1/status/buildinfo", "the version whose API this is", show_build),
      route("/api/v1/status/tsdb", "how many series there are, and of which labels", show_store),
      route("/api/v1/status/walreplay", "always done: stored samples are not replayed", show_replay),
      route("/api/v1/scrape_pools", "the jobs of scrape_configs", list_pools),
      route("/api/v1/alertmanagers", "other Alertmanagers that are told of alerts", list_alertmanagers),
  };
}

}  // namespace watchbill::api
