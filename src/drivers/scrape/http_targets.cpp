#include "drivers/scrape/http_targets.h"

#include <algorithm>
#include <utility>

#include "drivers/scrape/call_settings.h"
#include "drivers/scrape/scraper.h"

namespace watchbill::drivers::scrape {
namespace {

constexpr std::string_view url_label = "__meta_url";
constexpr std::size_t body_bytes_max = 16U << 20;  // of one answer, as of a file

Error fault(ErrorKind kind, const std::string& url, std::string detail) {
  return Error{kind, "ask for targets", url, std::move(detail)};
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// application/json, with or without the charset utf-8, as Prometheus takes it.
bool is_json(std::string_view type) {
  type = trim(type);
  const std::size_t end = std::min(type.find(';'), type.size());
  if (!ports::is_equal_ignoring_case(type.substr(0, end), "application/json")) return false;
  if (end == type.size()) return true;
  const std::string_view charset = trim(type.substr(end + 1));
  return ports::is_equal_ignoring_case(charset, "charset=utf-8") || ports::is_equal_ignoring_case(charset, "charset=\"utf-8\"");
}

}  // namespace

void HttpTargets::configure(const std::vector<HttpDiscoveryConfiguration>& wanted) {
  std::vector<std::shared_ptr<Source>> former;
  former.swap(sources_);
  for (const HttpDiscoveryConfiguration& each : wanted) {
    const auto is_it = [&each](const std::shared_ptr<Source>& source) { return source->written == each; };
    if (std::any_of(sources_.begin(), sources_.end(), is_it)) continue;  // two jobs ask it alike
    if (const auto known = std::find_if(former.begin(), former.end(), is_it); known != former.end()) {
      sources_.push_back(*known);
      continue;
    }
    sources_.push_back(std::make_shared<Source>());
    sources_.back()->written = each;
    ask(sources_.back());
  }
  for (const std::shared_ptr<Source>& source : former)
    if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) end(*source);
}

void HttpTargets::stop() {
  for (const std::shared_ptr<Source>& source : sources_) end(*source);
  sources_.clear();
}

void HttpTargets::end(Source& source) {
  source.is_over = true;
  if (source.timer) links_.loop.cancel(*source.timer);
  if (source.call) links_.client.cancel(*source.call);
  source.timer.reset();
  source.call.reset();
}

void HttpTargets::ask(const std::shared_ptr<Source>& source) {
  const HttpDiscoveryConfiguration& written = source->written;
  const auto again = [this, weak = std::weak_ptr<Source>(source)] {
    const auto due = weak.lock();
    if (due && !due->is_over) ask(due);
  };
  source->timer = links_.loop.after(written.refresh_interval, again);
  if (source->call) return;  // the former call is not back: its timeout is due at this very instant
  ports::HttpCall call;
  call.url = written.url;
  call.headers = {{"Accept", "application/json"},
                  {"User-Agent", "watchbill"},
                  {"X-Prometheus-Refresh-Interval-Seconds", seconds_text(written.refresh_interval)}};
  if (Status settled = settle_call(written.client, call); !settled) return take(*source, settled.error());
  call.timeout = written.refresh_interval;
  call.body_bytes_max = body_bytes_max;
  call.accepts_compression = true;
  call.may_be_sent_twice = true;
  source->call = links_.client.start(std::move(call), [this, weak = std::weak_ptr<Source>(source)](
                                                          const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
    const auto asked = weak.lock();
    if (!asked || asked->is_over) return;
    asked->call.reset();
    take(*asked, groups_in(*asked, answer));
  });
}

Result<HttpTargets::Groups> HttpTargets::groups_in(const Source& source,
                                                   const Result<ports::HttpAnswer, ports::HttpFailure>& answer) const {
  const std::string& url = source.written.url;
  if (!answer) return fault(ErrorKind::interrupted, url, std::string(word(answer.error().kind)) + ": " + answer.error().detail);
  if (answer->status != 200)
    return fault(ErrorKind::invalid, url, "server returned HTTP status " + std::to_string(answer->status) +
                                                  (answer->not_followed.empty() ? "" : ", " + answer->not_followed));
  const std::string* type = ports::find_field(answer->headers, "content-type");
  if (type == nullptr || !is_json(*type))
    return fault(ErrorKind::invalid, url, "expected the Content-Type application/json, found \"" +
                                              (type == nullptr ? std::string() : type->substr(0, 100)) + "\"");
  Result<Groups> groups = links_.parse(answer->body, url);
  if (groups)
    for (StaticTargets& group : *groups) group.labels.set(url_label, url);
  return groups;
}

void HttpTargets::take(Source& source, Result<Groups> groups) {
  std::string complaint = groups ? "" : groups.error().text();
  if (complaint != source.complaint)
    links_.complain(complaint.empty() ? "targets: " + source.written.url + " answers again"
                                      : "targets: " + complaint + "; " +
                                            (source.groups.empty() ? "it gives none" : "those that it named last stay"));
  source.complaint = std::move(complaint);
  if (!groups && links_.failed) links_.failed(source.written);
  if (!groups || *groups == source.groups) return;
  source.groups = std::move(*groups);
  links_.on_change();
}

HttpTargets::Groups HttpTargets::groups_of(const HttpDiscoveryConfiguration& source) const {
  const auto is_it = [&source](const std::shared_ptr<Source>& each) { return each->written == source; };
  const auto known = std::find_if(sources_.begin(), sources_.end(), is_it);
  return known == sources_.end() ? Groups() : (*known)->groups;
}

}  // namespace watchbill::drivers::scrape
