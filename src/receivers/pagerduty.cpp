// PagerDuty's Events API: version 2 with a routing_key, version 1 with a service_key. Source: Alertmanager 0.25 notify/pagerduty.
#include <array>

#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

using Texts = std::map<std::string, std::string>;

constexpr std::size_t event_bytes_max = 512'000;
constexpr std::size_t summary_characters_max = 1024;
constexpr std::string_view first_api = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";
constexpr std::string_view details_removed =
    "Custom details have been removed because the original event exceeds the maximum size of 512KB";

std::string_view event_type(const Rendering& rendering) { return rendering.is_firing() ? "trigger" : "resolve"; }

// Everything of an event, rendered once: it is written again without its details when it is too long.
struct Event {
  std::string key;
  std::string description, client, client_url;
  std::string source, severity, component_class, component, group;
  std::vector<std::array<std::string, 3>> images;  // src, alt, href
  std::vector<std::array<std::string, 2>> links;   // href, text
  Texts details;
};

// One whose template failed would make the far side refuse the event.
std::string severity_of(Rendering& rendering) {
  const std::size_t failures = rendering.failure_count();
  std::string severity = rendering.text("severity");
  const bool has_failed = rendering.failure_count() > failures;
  return has_failed || rendering.setting("severity").empty() ? "error" : severity;
}

void add_pictures(Event& event, Rendering& rendering) {
  const PlanValue::List& images = rendering.list("images");
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto part = [&](std::string_view member) { return member_text(rendering, images[i], "images", i, member); };
    std::array<std::string, 3> image{part("src"), part("alt"), part("href")};
    if (!image[0].empty()) event.images.push_back(std::move(image));
  }
  const PlanValue::List& links = rendering.list("links");
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto part = [&](std::string_view member) { return member_text(rendering, links[i], "links", i, member); };
    std::array<std::string, 2> link{part("href"), part("text")};
    if (!link[0].empty()) event.links.push_back(std::move(link));
  }
}

std::string first_event(const Event& event, std::string_view type, const std::string& group_key) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("service_key").string(event.key).key("incident_key").string(group_key);
  out.key("event_type").string(type);
  write_unless_empty(out, "description", event.description);
  out.key("event_action").string("").key("payload").null();
  write_unless_empty(out, "client", event.client);
  write_unless_empty(out, "client_url", event.client_url);
  if (!event.details.empty()) write_texts(out.key("details"), event.details);
  out.end_object();
  return body;
}

void write_payload(JsonWriter& out, const Event& event) {
  out.key("payload").begin_object().key("summary").string(event.description);
  out.key("source").string(event.source).key("severity").string(event.severity);
  write_unless_empty(out, "class", event.component_class);
  write_unless_empty(out, "component", event.component);
  write_unless_empty(out, "group", event.group);
  if (!event.details.empty()) write_texts(out.key("custom_details"), event.details);
  out.end_object();
}

std::string second_event(const Event& event, std::string_view type, const std::string& group_key) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("routing_key").string(event.key).key("dedup_key").string(group_key);
  out.key("event_action").string(type);
  write_payload(out, event);
  write_unless_empty(out, "client", event.client);
  write_unless_empty(out, "client_url", event.client_url);
  if (!event.images.empty()) {
    out.key("images").begin_array();
    for (const auto& [source, alternative, link] : event.images)
      out.begin_object().key("src").string(source).key("alt").string(alternative).key("href").string(link).end_object();
    out.end_array();
  }
  if (!event.links.empty()) {
    out.key("links").begin_array();
    for (const auto& [link, text] : event.links)
      out.begin_object().key("href").string(link).key("text").string(text).end_object();
    out.end_array();
  }
  out.end_object();
  return body;
}

using WriteEvent = std::string (*)(const Event& event, std::string_view type, const std::string& group_key);

Step event_call(Event event, const Rendering& rendering, std::string url, WriteEvent write) {
  if (event.key.empty()) return cannot_be_told("no_key");
  const std::string group_key = group_hash(rendering.notification());
  std::string body = write(event, event_type(rendering), group_key);
  // Go's encoder ends the text with a line feed, which counts there.
  if (body.size() + 1 > event_bytes_max) {
    event.details = {{"error", std::string(details_removed)}};
    body = write(event, event_type(rendering), group_key);
  }
  ports::HttpCall call = post_json(std::move(url), std::move(body));
  call.may_be_sent_twice = true;  // the key of the group makes one incident of both
  return call;
}

Step compose_pagerduty(Rendering& rendering) {
  Event event;
  event.details = rendering.texts("details");
  event.description = cut_characters(needed_title(rendering, "description"), summary_characters_max);
  event.client = rendering.text("client");
  event.client_url = rendering.text("client_url");
  event.source = rendering.text("source");
  event.severity = severity_of(rendering);
  event.component_class = rendering.text("class");
  event.component = rendering.text("component");
  event.group = rendering.text("group");
  add_pictures(event, rendering);
  event.key = rendering.rendered_secret("routing_key");
  return event_call(std::move(event), rendering, address(rendering, "url"), second_event);
}

Step compose_first_pagerduty(Rendering& rendering) {
  Event event;
  event.details = rendering.texts("details");
  event.description = cut_characters(needed_title(rendering, "description"), summary_characters_max);
  if (rendering.is_firing()) {
    event.client = rendering.text("client");
    event.client_url = rendering.text("client_url");
  }
  event.key = rendering.rendered_secret("service_key");
  return event_call(std::move(event), rendering, std::string(first_api), first_event);
}

// 403 is how version 1 says "too many".
Verdict judge_first_pagerduty(const ports::HttpAnswer& answer) { return judge_with(answer, {403}); }

}  // namespace

ConversationPointer begin_pagerduty(ChannelPointer channel, Notification notification, Instant now) {
  if (channel->secrets.contains("service_key"))
    return one_call(std::move(channel), std::move(notification), now, compose_first_pagerduty, judge_first_pagerduty);
  return one_call(std::move(channel), std::move(notification), now, compose_pagerduty);
}

}  // namespace watchbill::receivers
