// VictorOps (Splunk On-Call), its generic REST endpoint. Source: Alertmanager 0.25 notify/victorops.
#include <algorithm>

#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t victorops_message_characters_max = 20'480;

// As Go writes a path: slashes stay.
std::string victorops_path(std::string_view text) {
  std::string out;
  for (;;) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    out += percent_encoded(text.substr(0, slash));
    if (slash == text.size()) return out;
    out.push_back('/');
    text.remove_prefix(slash + 1);
  }
}

std::string victorops_message_type(Rendering& rendering) {
  if (!rendering.is_firing()) return "RECOVERY";
  std::string type = rendering.text("message_type");
  return type == "INFO" || type == "WARNING" || type == "CRITICAL" ? type : "CRITICAL";
}

Step compose_victorops(Rendering& rendering) {
  const std::string key = address(rendering, "api_key");
  if (key.empty()) return cannot_be_told("no_api_key");
  std::map<std::string, std::string> fields;
  fields["message_type"] = victorops_message_type(rendering);
  fields["entity_id"] = group_hash(rendering.notification());
  fields["entity_display_name"] = rendering.title("entity_display_name");
  fields["state_message"] = cut_characters(rendering.message("state_message"), victorops_message_characters_max);
  fields["monitoring_tool"] = rendering.text("monitoring_tool");
  for (auto& [name, text] : rendering.texts("custom_fields")) fields[name] = std::move(text);
  std::string body;
  JsonWriter out(body);
  write_texts(out, fields);
  const std::string path = victorops_path(key) + "/" + victorops_path(rendering.text("routing_key"));
  return post_json(address_below(address(rendering, "api_url"), path), std::move(body));
}

}  // namespace

ConversationPointer begin_victorops(ChannelPointer channel, Notification notification, Instant now) {
  return one_call(std::move(channel), std::move(notification), now, compose_victorops);
}

}  // namespace watchbill::receivers
