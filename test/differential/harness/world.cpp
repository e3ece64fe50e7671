#include "differential/harness/world.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

#include "differential/harness/random.h"

namespace watchbill::differential {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const double stale = std::bit_cast<double>(std::uint64_t{0x7FF0'0000'0000'0002});

const std::vector<Metric> all_metrics{
    {"alive", false, {{"instance", {"a", "b", "c"}}, {"job", {"api", "web"}}}},
    {"build_info", false, {{"instance", {"a", "b", "c"}}, {"version", {"v1", "v2"}}}},
    {"errors_total", true, {{"instance", {"a", "b", "c"}}, {"job", {"api", "web"}}}},
    {"jittered", false, {{"instance", {"a", "b"}}}},
    {"lonely", false, {}},
    {"requests_total", true, {{"code", {"200", "404", "500"}}, {"instance", {"a", "b", "c"}}, {"job", {"api", "web"}}}},
    {"sparse", false, {{"n", {"1", "2", "3"}}}},
    {"temperature", false, {{"floor", {"1", "2"}}, {"room", {"attic", "cellar", "oven"}}}},
    {"took_seconds_bucket", true, {{"job", {"api", "odd", "web"}}, {"le", {"+Inf", "0.1", "0.5", "1", "5"}}}},
    {"took_seconds_count", true, {{"job", {"api", "web"}}}},
    {"took_seconds_sum", true, {{"job", {"api", "web"}}}},
    {"wild", false, {{"kind", {"big", "inf", "mixed", "nan", "neginf", "negzero", "tiny", "zero"}}}},
};

// The value of a series at its sample `index`; it may hold what came before.
class Course {
 public:
  Course(const Metric& metric, const Labels& labels, Random random) : metric_(metric), labels_(labels), random_(random) {
    level_ = static_cast<double>(random_.below(200)) / 4;
    const std::string_view bound = labels_.get("le");
    share_ = bound == "+Inf" ? 5 : bound == "5" ? 4 : bound == "1" ? 3 : bound == "0.5" ? 2 : 1;
  }

  double next(std::size_t index) {
    if (metric_.name == "wild") return wild(index);
    if (metric_.name == "build_info") return 1;
    if (metric_.name == "alive") return random_.chance(85) ? 1 : 0;
    if (!metric_.is_counter) return level_ += static_cast<double>(random_.below(41)) / 4 - 5;
    if (metric_.name.starts_with("took") ? index % 61 == 60 : random_.chance(4)) level_ = 0;
    return level_ += static_cast<double>(random_.below(9)) * share_;
  }

 private:
  double wild(std::size_t index) {
    const std::string_view kind = labels_.get("kind");
    if (kind == "big") return random_.chance(50) ? 1e22 : -1.5e300;
    if (kind == "inf") return infinity;
    if (kind == "neginf") return -infinity;
    if (kind == "nan") return nan;
    if (kind == "negzero") return -0.0;
    if (kind == "tiny")
      return 3e-300 * static_cast<double>(1 + index % 7);  // no less: Go's logarithms of denormal numbers are wrong
    if (kind == "zero") return 0;
    constexpr double mixed[] = {0.1, nan, -3e-7, infinity, 7, -infinity, 1e16, 0.3};
    return random_.pick(mixed);
  }

  const Metric& metric_;
  const Labels& labels_;
  Random random_;
  double level_{0};
  double share_{1};
};

// Whether a series has no sample at its slot: before it is born, in its gaps, after it died.
bool is_missing(const Metric& metric, std::size_t series, std::size_t slot, Random& random) {
  if (metric.name == "sparse") return slot % (9 + 7 * series) != 0;
  if (metric.name == "errors_total" && series == 1) return slot < 50;
  if (metric.name == "errors_total" && series == 4) return slot > 110;
  if (metric.name == "temperature" && series % 3 == 1) return slot % 53 > 25 && slot % 53 < 50;  // longer than the lookback
  if (metric.name == "build_info") return (series % 2 == 0) == (slot >= 80);                     // a new version at half time
  return random.chance(metric.name == "jittered" ? 10 : 3);
}

void fill(const Metric& metric, std::size_t number, Instant begin, Random random, WorldSeries& series) {
  constexpr std::int64_t interval_ms = 15'000;
  Course course(metric, series.labels, Random(random.next()));
  bool is_present = true;
  const auto slot_count = static_cast<std::size_t>(world_span.ms / interval_ms);
  for (std::size_t slot = 0; slot <= slot_count; ++slot) {
    std::int64_t at_ms = begin.ms + static_cast<std::int64_t>(slot) * interval_ms;
    if (metric.name == "jittered") at_ms += static_cast<std::int64_t>(random.below(9000));
    if (slot != 0 && is_missing(metric, number, slot, random)) {
      // A scrape that no longer has the series says so; a scrape that failed, here, does not.
      if (is_present && random.chance(70)) series.samples.push_back({Instant{at_ms}, stale});
      is_present = false;
      continue;
    }
    is_present = true;
    series.samples.push_back({Instant{at_ms}, course.next(slot)});
  }
}

const Metric latency{"latency", true, {{"instance", {"a", "b"}}, {"job", {"api", "web"}}}};

// Counts in a few buckets that grow, and begin anew now and then. Observations lie in the middle of their buckets, or nearly.
void fill_histograms(Instant begin, Random random, WorldSeries& series) {
  constexpr std::int64_t interval_ms = 15'000;
  metrics::histogram::Histogram value;
  value.schema = 0;
  value.zero_threshold = 0.001;
  const auto slot_count = static_cast<std::size_t>(world_span.ms / interval_ms);
  for (std::size_t slot = 0; slot <= slot_count; ++slot) {
    if (random.chance(3)) {
      value.positive.clear();
      value.zero_count = value.count = value.sum = 0;
    }
    for (std::int32_t index = -2; index <= 2; ++index) {
      const auto more = static_cast<double>(random.below(4));
      const std::size_t place = static_cast<std::size_t>(index + 2);
      if (value.positive.size() <= place) value.positive.push_back({index, 1 + more});
      else value.positive[place].count += more;
      value.sum += more * 0.25;
    }
    value.zero_count += static_cast<double>(random.below(2));
    value.count = value.zero_count;
    for (const metrics::histogram::BucketCount& bucket : value.positive) value.count += bucket.count;
    if (slot != 0 && random.chance(4)) continue;
    series.histograms.push_back({Instant{begin.ms + static_cast<std::int64_t>(slot) * interval_ms}, value});
  }
}

// Every combination of label values, in order.
void combine(const Metric& metric, std::size_t depth, Labels labels, std::vector<WorldSeries>& out) {
  if (depth == metric.labels.size()) {
    // A histogram without its last bucket.
    if (labels.get("job") == "odd" && labels.get("le") == "+Inf") return;
    out.push_back({std::move(labels), {}, {}});
    return;
  }
  for (const std::string& value : metric.labels[depth].second) {
    labels.set(metric.labels[depth].first, value);
    combine(metric, depth + 1, labels, out);
  }
}

}  // namespace

std::span<const Metric> metrics() { return all_metrics; }
const Metric& native_metric() { return latency; }

std::vector<WorldSeries> world(std::uint64_t seed, Instant begin) {
  Random random(seed);
  std::vector<WorldSeries> out;
  for (const Metric& metric : all_metrics) {
    const std::size_t first = out.size();
    combine(metric, 0, Labels({{"__name__", metric.name}}), out);
    for (std::size_t i = first; i < out.size(); ++i) fill(metric, i - first, begin, Random(random.next()), out[i]);
  }
  const auto behind =
      std::find_if(out.begin(), out.end(), [](const WorldSeries& each) { return each.labels.get("__name__") > latency.name; });
  std::vector<WorldSeries> native;
  combine(latency, 0, Labels({{"__name__", latency.name}}), native);
  for (WorldSeries& each : native) fill_histograms(begin, Random(random.next()), each);
  out.insert(behind, std::make_move_iterator(native.begin()), std::make_move_iterator(native.end()));
  return out;
}

}  // namespace watchbill::differential
