#include "drivers/scrape/job.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "base/time.h"

namespace watchbill::drivers::scrape {
namespace {

constexpr std::string_view parameter_prefix = "__param_";
constexpr std::size_t body_bytes_max = 64U << 20;  // where the bill says nothing

// As Prometheus 2.42: a target without a port has that of its scheme.
std::string with_port(const std::string& address, std::string_view scheme) {
  const std::string port = scheme == "https" ? ":443" : ":80";
  const std::size_t colon = address.rfind(':');
  const bool is_bare_v6 = address.find(':') != colon && !address.ends_with(']') && address.front() != '[';
  if (is_bare_v6) return "[" + address + "]" + port;
  const bool has_port = colon != std::string::npos && !address.ends_with(']');
  return has_port ? address : address + port;
}

Labels discovered_labels(const ScrapeConfiguration& job, const std::string& address, const Labels& of_group) {
  Labels labels = of_group;
  const auto fill_in = [&labels](std::string_view name, std::string_view value) {
    if (!labels.has(name)) labels.set(name, value);
  };
  labels.set("__address__", address);
  fill_in("__metrics_path__", job.metrics_path);
  fill_in("__scheme__", job.scheme);
  fill_in("__scrape_interval__", format_duration(job.scrape_interval));
  fill_in("__scrape_timeout__", format_duration(job.scrape_timeout));
  fill_in("job", job.job);
  for (const auto& [name, values] : job.params)
    if (!values.empty()) labels.set(std::string(parameter_prefix) + name, values.front());
  return labels;
}

// What a label says of time, after relabelling.
Result<Duration> read_time(const Labels& labels, std::string_view name) {
  const std::string text(labels.get(name));
  const Result<Duration> value = parse_duration(text);
  if (value && value->ms > 0) return *value;
  return Error{ErrorKind::invalid, "read", std::string(name),
               fmt::format("expected a duration of more than 0, found \"{}\"", text)};
}

class Populated {
 public:
  Populated(const Job& job, Labels labels) : job_(job), labels_(std::move(labels)) {}

  Result<Target> target() {
    if (!labels_.has("__address__")) return fault("there is no __address__");
    const std::string scheme(labels_.has("__scheme__") ? labels_.get("__scheme__") : "http");
    if (scheme != "http" && scheme != "https") return fault("expected http or https as __scheme__, found \"" + scheme + "\"");
    const std::string address = with_port(std::string(labels_.get("__address__")), scheme);
    if (address.find('/') != std::string::npos)
      return fault("expected HOST:PORT as __address__, found \"" + address + "\"");
    const Result<Duration> interval = read_time(labels_, "__scrape_interval__");
    if (!interval) return interval.error();
    const Result<Duration> timeout = read_time(labels_, "__scrape_timeout__");
    if (!timeout) return timeout.error();
    if (*timeout > *interval)
      return fault(fmt::format("__scrape_timeout__ {} is longer than __scrape_interval__ {}", format_duration(*timeout),
                               format_duration(*interval)));
    Target target;
    target.labels = public_labels();
    if (!target.labels.has("instance")) target.labels.set("instance", address);
    target.url = target_url(scheme, address, labels_.get("__metrics_path__"), parameters());
    target.interval = *interval;
    target.timeout = *timeout;
    target.terms = job_.terms;
    target.client = job_.written.client;
    target.accepts_compression = !job_.written.refuses_compression;
    const std::uint64_t limit = job_.written.limits.body_bytes;
    target.body_bytes_max = limit == 0 ? body_bytes_max : static_cast<std::size_t>(limit) - 1;
    return target;
  }

 private:
  static Error fault(std::string detail) { return Error{ErrorKind::invalid, "make", "the target", std::move(detail)}; }

  [[nodiscard]] Labels public_labels() const {
    std::vector<Labels::Pair> pairs;
    for (const auto& [name, value] : labels_)
      if (!name.starts_with("__")) pairs.emplace_back(name, value);
    return Labels(std::move(pairs));
  }

  // Those of the job, the first value of each as the rules left it, and those that the rules made.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> parameters() const {
    std::map<std::string, std::vector<std::string>> out = job_.written.params;
    for (const auto& [name, value] : labels_) {
      if (!name.starts_with(parameter_prefix)) continue;
      std::vector<std::string>& values = out[name.substr(parameter_prefix.size())];
      if (values.empty()) values.push_back(value);
      else values.front() = value;
    }
    return out;
  }

  const Job& job_;
  const Labels labels_;
};

bool has_bad_name(const Labels& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const auto& pair) { return !is_label_name(pair.first); });
}

void add_target(const Job& job, Labels discovered, JobTargets& out, std::map<Labels, std::string>& urls) {
  Labels labels = discovered;
  if (!job.relabel.apply(labels)) return out.dropped.push_back(std::move(discovered));
  const std::string address(discovered.get("__address__"));
  const auto fail = [&](const std::string& why) {
    out.failures.push_back(fmt::format("job {}: target {}: {}", job.written.job, address, why));
  };
  if (has_bad_name(labels)) return fail("relabel_configs made a label whose name is none: " + labels.text().substr(0, 200));
  Result<Target> target = Populated(job, std::move(labels)).target();
  if (!target) return fail(target.error().detail);
  const auto [known, is_new] = urls.try_emplace(target->labels, target->url);
  if (is_new) return out.active.push_back({job.written.job, std::move(discovered), std::move(*target)});
  if (known->second != target->url)
    fail("another target has the labels " + target->labels.text() + " already; it is not scraped");
}

}  // namespace

Result<Job> compile(const ScrapeConfiguration& written) {
  auto relabel = metrics::relabel::Rules::compile(written.relabel);
  if (!relabel) return relabel.error();
  auto of_samples = metrics::relabel::Rules::compile(written.metric_relabel);
  if (!of_samples) return of_samples.error();
  SampleTerms terms;
  terms.limits = written.limits;
  terms.honors_labels = written.honors_labels;
  terms.honors_timestamps = !written.ignores_timestamps;
  terms.keeps_native_histograms = written.histograms.native;
  terms.keeps_classic_histograms = written.histograms.classic;
  terms.written = written.metric_relabel;
  terms.relabel = std::move(*of_samples);
  return Job{written, std::move(*relabel), std::make_shared<const SampleTerms>(std::move(terms))};
}

JobTargets targets_of(const Job& job, std::span<const StaticTargets> groups) {
  JobTargets out;
  std::map<Labels, std::string> urls;
  for (const StaticTargets& group : groups)
    for (const std::string& address : group.targets)
      add_target(job, discovered_labels(job.written, address, group.labels), out, urls);
  const std::uint64_t limit = job.written.limits.target_count_max;
  if (limit == 0 || out.active.size() <= limit) return out;
  const std::string refused =
      fmt::format("target_limit exceeded (number of targets: {}, limit: {})", out.active.size(), limit);
  for (FoundTarget& found : out.active) found.target.refused = refused;
  return out;
}

}  // namespace watchbill::drivers::scrape
