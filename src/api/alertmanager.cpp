#include "api/alertmanager.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "api/outside_alerts.h"
#include "api/prometheus.h"
#include "base/ascii.h"
#include "core/route/membership.h"
#include "core/route/muting.h"
#include "core/route/payload.h"

namespace watchbill::api {
namespace {

// A reader holds the follower's state for a moment only.
constexpr std::size_t shown_of_piece = 64;

ports::HttpResponse json_answer(std::uint32_t status, std::string body) {
  ports::HttpResponse response{status, {{"Content-Type", "application/json"}}, std::move(body)};
  constexpr std::uint32_t too_many_requests = 429, unavailable = 503;
  if (status == too_many_requests || status == unavailable) response.headers.push_back({"Retry-After", "5"});
  return response;
}

std::string generator_url(const core::State& state, const std::string& id, const core::alert::Alert& alert) {
  if (!alert.generator_url.empty()) return alert.generator_url;
  const std::string& url = core::route::routing_of(state.route).external_url;
  return url.empty() || alert.source == AlertSource::outside ? "" : url + "/api/watchbill/v1/alerts/" + id;
}

std::vector<ShownGroup> groups_of(const core::State& state, const Labels& labels, bool with_groups) {
  std::vector<ShownGroup> groups;
  if (!with_groups) {
    const core::route::Routing& routing = core::route::routing_of(state.route);
    if (state.route.tree)
      for (const std::uint32_t route : state.route.tree->match(labels))
        groups.push_back({route, {}, routing.routes[route].receiver});
    return groups;
  }
  // A receiver with several integrations has a group for each, which all hold the same alerts.
  for (core::route::Membership& each : core::route::memberships_of(state.route, labels))
    if (groups.empty() || groups.back().route != each.route)
      groups.push_back({each.route, std::move(each.labels), std::move(each.receiver)});
  return groups;
}

void add_mutings(const core::State& state, Instant at, ShownAlert& alert) {
  for (Muting& muting : core::route::mutings_of(state.route, alert.labels, at)) {
    switch (muting.by) {
      case MuteReason::silence: alert.silenced_by.push_back(std::move(muting.id)); break;
      case MuteReason::inhibition: {
        const core::alert::Alert* source = state.alert.alerts.find(muting.id);
        alert.inhibited_by.push_back(source == nullptr ? muting.id : core::route::fingerprint(source->labels));
        break;
      }
      case MuteReason::time_interval: break;  // of a route, not of the alert
    }
  }
}

bool is_asked_for(const AlertAsk& ask, const ShownAlert& alert) {
  const bool is_active = alert.inhibited_by.empty() && alert.silenced_by.empty();
  return (ask.active || !is_active) && (ask.silenced || alert.silenced_by.empty()) &&
         (ask.inhibited || alert.inhibited_by.empty());
}

struct FoundAlert {
  ShownAlert alert;
  bool is_outside{false};
};

// One that fires, as the core has it; nothing when it is not asked for.
std::optional<FoundAlert> found_alert(const core::State& state, const std::string& id, const core::alert::Alert& alert,
                                      const AlertAsk& ask, Instant now, bool with_groups) {
  if (alert.phase != AlertPhase::firing || !alert.fired_at || !ask.filter.match(alert.labels)) return std::nullopt;
  FoundAlert out;
  out.is_outside = alert.source == AlertSource::outside;
  out.alert.labels = alert.labels;
  out.alert.groups = groups_of(state, alert.labels, with_groups);
  if (ask.receiver) {
    const auto is_other = [&](const ShownGroup& group) { return !ask.receiver->matches_whole(group.receiver); };
    if (std::all_of(out.alert.groups.begin(), out.alert.groups.end(), is_other)) return std::nullopt;
    if (with_groups) std::erase_if(out.alert.groups, is_other);
  }
  add_mutings(state, now, out.alert);
  if (!is_asked_for(ask, out.alert)) return std::nullopt;
  out.alert.annotations = alert.annotations;
  out.alert.starts_at = out.alert.updated_at = *alert.fired_at;
  out.alert.ends_at = out.is_outside ? alert.ends_at.value_or(now + ask.validity) : now + ask.validity;
  out.alert.generator_url = generator_url(state, id, alert);
  return out;
}

// What its sender said since it fired; false: that it is over.
bool add_last_word(const OutsideAlerts* outside, Instant now, ShownAlert& alert) {
  if (outside == nullptr) return true;
  std::optional<outside::Heard> heard = outside->find(alert.labels);
  if (!heard) return true;
  alert.annotations = std::move(heard->annotations);
  alert.ends_at = heard->ends_at;
  alert.generator_url = std::move(heard->generator_url);
  alert.starts_at = heard->starts_at;
  alert.updated_at = heard->updated_at;
  return alert.ends_at >= now;
}

template <class Texts>
void write_text_array(JsonWriter& json, std::string_view name, const Texts& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

}  // namespace

std::string alertmanager_error(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out + "\n";
}

std::string alertmanager_error(const Refused& refused) {
  return alertmanager_error(std::string(word(refused.reason)) + ": " + refused.message);
}

void answer_alertmanager(Call& call, std::uint32_t status, std::string_view text) {
  call.answer(json_answer(status, alertmanager_error(text)));
}

void answer_fault(Call& call, const outside::BodyFault& fault) {
  constexpr int own_codes = 600, unprocessable = 422;
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("code").integer(fault.code).key("message").string(fault.message).end_object();
  call.answer(json_answer(static_cast<std::uint32_t>(fault.code >= own_codes ? unprocessable : fault.code), std::move(out)));
}

void answer_json(Call& call, std::string json) { call.answer(std::move(json)); }

bool refuse_other_media(Call& call) {
  constexpr int unsupported = 415;
  const std::string* type = ports::find_field(call.request.headers, "Content-Type");
  const std::string plain = type == nullptr || type->empty() ? "application/octet-stream"
                                                             : std::string(trimmed(type->substr(0, type->find(';'))));
  if (ports::is_equal_ignoring_case(plain, "application/json")) return false;
  answer_fault(call, {unsupported, "unsupported media type " + quoted(plain.substr(0, 100)) +
                                       ", only [application/json] are allowed"});
  return true;
}

void answer_beside(const CallPointer& call, std::function<void(const CallPointer&)> work) {
  if (call->services.watch.run([call, work = std::move(work)] { work(call); })) return;
  answer_alertmanager(*call, 503, "busy: too many queries are waiting");
}

Result<std::vector<LabelMatcher>, std::string> filter_parameters(const Call& call) {
  std::vector<LabelMatcher> out;
  for (const auto& [name, text] : call.request.query) {
    if (name != "filter") continue;
    Result<LabelMatcher> matcher = parse_matcher(text);
    if (!matcher && matcher.error().detail.find("regular expression") != std::string::npos)
      return "error parsing regexp: " + matcher.error().text();
    if (!matcher) return "bad matcher format: " + text.substr(0, 1024);
    if (out.size() == matcher_count_max) return "at most " + std::to_string(matcher_count_max) + " filters are read";
    out.push_back(std::move(*matcher));
  }
  return out;
}

bool truth_parameter(const Call& call, std::string_view name) {
  const std::string* text = call.query(name);
  if (text == nullptr || text->empty()) return true;
  constexpr std::array<std::string_view, 11> truths{"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t",
                                                    "enabled", "active"};
  return std::find(truths.begin(), truths.end(), lowered(*text)) != truths.end();
}

Result<AlertAsk, std::string> alert_ask(const Call& call) {
  AlertAsk ask;
  auto filter = filter_parameters(call);
  if (!filter) return std::move(filter.error());
  if (auto compiled = Matchers::compile(*filter)) ask.filter = std::move(*compiled);
  else return "error parsing regexp: " + compiled.error().text();
  if (const std::string* receiver = call.query("receiver"); receiver != nullptr && !receiver->empty()) {
    auto pattern = Pattern::compile(*receiver, {.captures = false});
    if (!pattern) return "failed to parse receiver param: error parsing regexp: " + pattern.error().detail;
    ask.receiver = std::move(*pattern);
  }
  ask.active = truth_parameter(call, "active");
  ask.inhibited = truth_parameter(call, "inhibited");
  ask.silenced = truth_parameter(call, "silenced");
  // As drivers/notify/alert_relay.h tells others.
  Duration interval_max = Duration::minutes(1);
  if (call.services.watch.groups)
    for (const RuleGroupView& group : call.services.watch.groups().views)
      interval_max = std::max(interval_max, group.compiled.interval);
  ask.validity = interval_max * 4;
  return ask;
}

std::vector<ShownAlert> shown_alerts(const Services& services, const AlertAsk& ask, bool with_groups) {
  const Instant now = services.watch.now();
  std::vector<ShownAlert> out;
  std::string next;
  for (bool is_more = true; is_more;) {
    is_more = false;
    std::vector<FoundAlert> piece;
    services.follower.read([&](const core::State& state, const ChainHead&) {
      std::size_t visited = 0;
      state.alert.alerts.each_from(next, [&](const std::string& id, const core::alert::Alert& alert) {
        if (visited++ == shown_of_piece) {
          next = id;
          is_more = true;
          return false;
        }
        if (auto one = found_alert(state, id, alert, ask, now, with_groups)) piece.push_back(std::move(*one));
        return true;
      });
    });
    for (FoundAlert& each : piece) {
      if (each.is_outside && !add_last_word(services.outside, now, each.alert)) continue;
      each.alert.fingerprint = core::route::fingerprint(each.alert.labels);
      out.push_back(std::move(each.alert));
    }
  }
  // An alert of ours that a Prometheus finds too is one to them: the older one.
  std::sort(out.begin(), out.end(), [](const ShownAlert& a, const ShownAlert& b) {
    return std::tie(a.fingerprint, a.labels, a.starts_at) < std::tie(b.fingerprint, b.labels, b.starts_at);
  });
  out.erase(std::unique(out.begin(), out.end(), [](const ShownAlert& a, const ShownAlert& b) { return a.labels == b.labels; }),
            out.end());
  return out;
}

void write_alert(JsonWriter& json, const ShownAlert& alert, const std::vector<std::string>& receivers) {
  json.begin_object().key("annotations").begin_object();
  for (const auto& [name, value] : alert.annotations) json.key(name).string(value);
  json.end_object().key("endsAt").string(format_rfc3339(alert.ends_at)).key("fingerprint").string(alert.fingerprint);
  json.key("receivers").begin_array();
  for (const std::string& receiver : receivers) json.begin_object().key("name").string(receiver).end_object();
  json.end_array().key("startsAt").string(format_rfc3339(alert.starts_at)).key("status").begin_object();
  write_text_array(json, "inhibitedBy", alert.inhibited_by);
  write_text_array(json, "silencedBy", alert.silenced_by);
  const bool is_active = alert.inhibited_by.empty() && alert.silenced_by.empty();
  json.key("state").string(is_active ? "active" : "suppressed").end_object();
  json.key("updatedAt").string(format_rfc3339(alert.updated_at));
  if (!alert.generator_url.empty()) json.key("generatorURL").string(alert.generator_url);
  json.key("labels");
  write_labels(json, alert.labels);
  json.end_object();
}

}  // namespace watchbill::api
