#include "drivers/scrape/scraper.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/assert.h"
#include "base/sha256.h"
#include "drivers/scrape/call_settings.h"
#include "metrics/exposition/page_format.h"

namespace watchbill::drivers::scrape {
namespace {

using metrics::exposition::accepted_formats;
using metrics::exposition::accepted_formats_with_protobuf;
using metrics::exposition::page_format;
using metrics::exposition::PageFormat;

PageFormat format_of(const ports::HttpAnswer& answer) {
  const std::string* type = ports::find_field(answer.headers, "content-type");
  return type == nullptr ? PageFormat::text : page_format(*type);
}

// The slot's own time for what is asked for at most 2 ms (1 % of a short interval) after it, as in Prometheus 2.42: times that
// are equally far apart cost a bit each in memory, others a byte. Never a time to come: an early look would not see the samples.
Instant time_of_samples(Instant now, Instant slot, Duration interval) {
  const Duration tolerance = std::min(Duration::milliseconds(2), Duration{interval.ms / 100});
  return now >= slot && now <= slot + tolerance ? slot : now;
}

// Where in its interval a target is asked.
Duration offset_of(const Labels& labels, Duration interval) {
  const Digest digest = sha256(labels.text());
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < 8; ++i) hash = hash << 8 | digest.bytes[i];
  return Duration{static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval.ms))};
}

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                          c == '.' || c == '~';
    if (is_plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(hex[byte >> 4U]);
    out.push_back(hex[byte & 15U]);
  }
}

}  // namespace

std::string seconds_text(Duration duration) {
  std::string text = fmt::format("{}.{:03}", duration.ms / 1000, duration.ms % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string target_url(std::string_view scheme, std::string_view address, std::string_view path,
                       const std::map<std::string, std::vector<std::string>>& parameters) {
  std::string url = std::string(scheme) + "://" + std::string(address) + std::string(path);
  char separator = path.find('?') == std::string_view::npos ? '?' : '&';
  for (const auto& [name, values] : parameters)
    for (const std::string& value : values) {
      url.push_back(separator);
      append_encoded(url, name);
      url.push_back('=');
      append_encoded(url, value);
      separator = '&';
    }
  return url;
}

struct Scraper::Running {
  Running(Target what, metrics::tsdb::Head& head) : target(std::move(what)), series(target.labels, target.terms, head) {}

  Target target;
  std::function<std::vector<OwnSample>(Instant)> read;  // of an internal one
  TargetSeries series;
  TargetStatus status;
  Instant slot;      // that the timer stands for
  Instant begun_at;  // when the last call was made
  std::optional<ports::TimerId> timer;
  std::optional<ports::HttpCallId> call;
  bool is_over{false};
};

Scraper::~Scraper() { stop(); }

void Scraper::stop() {
  for (auto& [labels, running] : running_) end(*running);
  running_.clear();
}

void Scraper::end(Running& running) {
  running.is_over = true;
  if (running.timer) links_.loop.cancel(*running.timer);
  if (running.call) links_.client.cancel(*running.call);
  running.timer.reset();
  running.call.reset();
}

void Scraper::configure(std::vector<Target> targets) {
  std::map<Labels, std::shared_ptr<Running>> former;
  former.swap(running_);
  for (Target& target : targets) {
    WB_ASSERT(target.interval > Duration{} && target.timeout <= target.interval, "the configuration is checked");
    Labels labels = target.labels;
    const auto known = former.find(labels);
    const bool is_same = known != former.end() && known->second->target.url == target.url &&
                         known->second->target.interval == target.interval;
    if (is_same) {
      known->second->target = std::move(target);
      known->second->series.change_terms(known->second->target.terms);
      running_.emplace(std::move(labels), std::move(known->second));
      former.erase(known);
      continue;
    }
    auto running = std::make_shared<Running>(std::move(target), links_.head);
    if (running_.emplace(std::move(labels), running).second) plan(running, links_.now());
  }
  for (auto& [labels, running] : former) {
    if (running->read) {
      running_.emplace(labels, running);
      continue;
    }
    end(*running);
    // One that only moved goes on under the same labels: its series must not end.
    if (running_.contains(labels)) continue;
    leave(*running);
  }
}

void Scraper::leave(Running& running) {
  running.series.end_series(links_.now());
  running.series.end_report(links_.now());
}

void Scraper::remove_internal(const Labels& labels) {
  const auto at = running_.find(labels);
  if (at == running_.end() || !at->second->read) return;
  end(*at->second);
  leave(*at->second);
  running_.erase(at);
}

void Scraper::add_internal(Internal source) {
  Target target;
  target.labels = source.labels;
  target.interval = source.interval;
  if (source.honors_labels) {
    SampleTerms terms;
    terms.honors_labels = true;
    target.terms = std::make_shared<const SampleTerms>(std::move(terms));
  }
  auto running = std::make_shared<Running>(std::move(target), links_.head);
  running->read = std::move(source.read);
  if (running_.emplace(source.labels, running).second) plan(running, links_.now());
}

void Scraper::append_own(std::span<const OwnSample> samples) {
  const Instant at = links_.now();
  std::vector<metrics::tsdb::BatchSample> batch(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    batch[i].labels = &samples[i].labels;
    batch[i].at = at;
    batch[i].value = samples[i].value;
    batch[i].histogram = samples[i].histogram;
  }
  if (!batch.empty()) static_cast<void>(links_.head.append(batch));
  // What ends in the millisecond of its last sample ends in the next one.
  for (metrics::tsdb::BatchSample& sample : batch) {
    const bool is_end = metrics::tsdb::is_stale(sample.value);
    if (!is_end || sample.taken || sample.taken.error() != metrics::tsdb::AppendRefusal::duplicate_timestamp) continue;
    sample.at = sample.at + Duration::milliseconds(1);
    static_cast<void>(links_.head.append(std::span(&sample, 1)));
  }
}

void Scraper::plan(const std::shared_ptr<Running>& running, Instant after) {
  const Duration interval = running->target.interval;
  const Duration offset = offset_of(running->target.labels, interval);
  running->slot = Instant{offset.ms + ((after.ms - offset.ms) / interval.ms + 1) * interval.ms};
  running->timer = links_.loop.after(running->slot - links_.now(), [this, weak = std::weak_ptr<Running>(running)] {
    const auto target = weak.lock();
    if (target && !target->is_over) ask(target);
  });
}

void Scraper::ask(const std::shared_ptr<Running>& running) {
  running->timer.reset();
  const Instant now = links_.now();
  const Instant slot = running->slot;
  const Duration interval = running->target.interval;
  const Instant at = time_of_samples(now, slot, interval);
  // A timer that comes some ms early by this clock is that of its slot: planned from `now` the same slot would come again.
  plan(running, at < slot && slot - at < interval / 2 ? slot : at);
  if (running->read) return finish(running, at, running->series.store_samples(running->read(at), at));
  if (running->call) return;  // the former call is not back: its timeout is due at this very instant
  running->begun_at = now;
  if (!running->target.refused.empty()) return fail(running, at, running->target.refused);
  Result<ports::HttpCall> call = call_of(running->target);
  if (!call) return fail(running, at, call.error().text());
  running->call = links_.client.start(std::move(*call), [this, weak = std::weak_ptr<Running>(running),
                                                         at](const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
    const auto target = weak.lock();
    if (!target || target->is_over) return;
    target->call.reset();
    take(target, at, answer);
  });
}

Result<ports::HttpCall> Scraper::call_of(const Target& target) const {
  ports::HttpCall call;
  call.url = target.url;
  const bool wants_native = target.terms->keeps_native_histograms;
  call.headers = {{"Accept", std::string(wants_native ? accepted_formats_with_protobuf : accepted_formats)},
                  {"User-Agent", "watchbill"},
                  {"X-Prometheus-Scrape-Timeout-Seconds", seconds_text(target.timeout)}};
  if (Status settled = settle_call(target.client, call); !settled) return settled.error();
  call.timeout = target.timeout;
  call.body_bytes_max = target.body_bytes_max;
  call.accepts_compression = target.accepts_compression;
  call.may_be_sent_twice = true;
  return call;
}

void Scraper::fail(const std::shared_ptr<Running>& running, Instant asked_at, std::string why) {
  running->series.end_series(asked_at);
  ScrapeReport report;
  report.error = std::move(why);
  report.took = links_.now() - running->begun_at;
  finish(running, asked_at, std::move(report));
}

void Scraper::take(const std::shared_ptr<Running>& running, Instant asked_at,
                   const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
  if (!answer) {
    const bool is_body_limit = answer.error().kind == ports::HttpFailureKind::response_too_large;
    const std::string limit = is_body_limit ? "; body_size_limit: a page has at most " +
                                                  std::to_string(running->target.body_bytes_max) + " bytes"
                                            : "";
    return fail(running, asked_at, std::string(word(answer.error().kind)) + ": " + answer.error().detail + limit);
  }
  if (answer->status != 200)
    return fail(running, asked_at, "server returned HTTP status " + std::to_string(answer->status) +
                                       (answer->not_followed.empty() ? "" : ", " + answer->not_followed));
  ScrapeReport report = running->series.store_page({answer->body, format_of(*answer)}, asked_at);
  report.took = links_.now() - running->begun_at;
  finish(running, asked_at, std::move(report));
}

// Samples bear the time at which they were asked for, or of their slot, as in Prometheus.
void Scraper::finish(const std::shared_ptr<Running>& running, Instant asked_at, ScrapeReport report) {
  running->series.write_report(report, asked_at);
  TargetStatus& status = running->status;
  status.is_up = report.is_up;
  status.last_at = asked_at;
  status.took = report.took;
  status.last_error = report.error;
  if (!report.is_up) {
    status.latest_error = report.error;
    status.latest_error_at = asked_at;
  }
  if (links_.on_stored) links_.on_stored(running->series);
}

std::vector<TargetStatus> Scraper::statuses() const {
  std::vector<TargetStatus> out;
  for (const auto& [labels, running] : running_) {
    TargetStatus status = running->status;
    status.labels = labels;
    status.url = running->target.url;
    out.push_back(std::move(status));
  }
  return out;
}

std::vector<Labels> Scraper::unscraped() const {
  std::vector<Labels> out;
  for (const auto& [labels, running] : running_)
    if (running->status.last_at == Instant{}) out.push_back(labels);
  return out;
}

}  // namespace watchbill::drivers::scrape
