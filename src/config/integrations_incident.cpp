// Who keeps incidents and tickets: pagerduty, opsgenie, victorops, jira, incidentio.
#include <array>
#include <cctype>

#include <fmt/core.h>

#include "config/integrations.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

// --- pagerduty

constexpr auto pagerduty_image =
    table<PlanValues>("receivers[].pagerduty_configs[].images[]", template_key<PlanValues>("src", "", "the URL of the image"),
                      template_key<PlanValues>("alt", "", "text in its place"), template_key<PlanValues>("href", "", "a link"));
constexpr auto pagerduty_link =
    table<PlanValues>("receivers[].pagerduty_configs[].links[]", template_key<PlanValues>("href", "", "where it leads"),
                      template_key<PlanValues>("text", "", "what it is called"));

constexpr auto pagerduty = table<IntegrationConfiguration>(
    "receivers[].pagerduty_configs[]", resolved_key("true"), http_config_key(),
    secret_key("routing_key", "of an integration of Events API v2; this one or service_key", secret_template_type),
    secret_file_key("routing_key_file"),
    secret_key("service_key", "of an integration of Events API v1", secret_template_type), secret_file_key("service_key_file"),
    url_key("url", "", "of Events API v2; else pagerduty_url of global"),
    template_key("client", R"({{ template "pagerduty.default.client" . }})", "who tells"),
    template_key("client_url", R"({{ template "pagerduty.default.clientURL" . }})", "a link back"),
    template_key("description", R"({{ template "pagerduty.default.description" .}})", "at most 1024 characters"),
    setting_key<IntegrationConfiguration, store_texts>("details", templates_type, "",
                                                       "beside firing, resolved, num_firing and num_resolved"),
    whole<IntegrationConfiguration, store_in<IntegrationConfiguration, store_objects<pagerduty_image, check_nothing>>>(
        "images", settings_list_type, "", "shown with the incident"),
    whole<IntegrationConfiguration, store_in<IntegrationConfiguration, store_objects<pagerduty_link, check_nothing>>>(
        "links", settings_list_type, "", "shown with the incident"),
    template_key("source", "", "what is affected; else client"), template_key("severity", "", "else error"),
    template_key("class", "", "of the event"), template_key("component", "", "of the source"),
    template_key("group", "", "of components"),
    setting_key<IntegrationConfiguration, store_go_duration>("timeout", "duration (Go)", "", "of one call; 0s: as all"));

void check_pagerduty(const Cursor& at, IntegrationConfiguration& out) {
  if (!has_secret(out, "routing_key") && !has_secret(out, "service_key"))
    at.complain("missing_key", "expected one of the keys routing_key, routing_key_file, service_key and service_key_file");
  need_setting(at, out, "url", "pagerduty_url");
  if (!is_filled(out, "source")) out.settings["source"] = PlanValue(std::string(text_of(out.settings, "client")));
  const auto written = out.settings.find("details");
  PlanValues details;
  if (written != out.settings.end() && written->second.as_map() != nullptr) details = *written->second.as_map();
  details.try_emplace("firing", R"({{ template "pagerduty.default.instances" .Alerts.Firing }})");
  details.try_emplace("resolved", R"({{ template "pagerduty.default.instances" .Alerts.Resolved }})");
  details.try_emplace("num_firing", "{{ .Alerts.Firing | len }}");
  details.try_emplace("num_resolved", "{{ .Alerts.Resolved | len }}");
  out.settings["details"] = std::move(details);
}

// --- opsgenie

constexpr auto responder = table<PlanValues>(
    "receivers[].opsgenie_configs[].responders[]", template_key<PlanValues>("id", "", "one of id, name and username"),
    template_key<PlanValues>("name", "", "of a team, an escalation or a schedule"),
    template_key<PlanValues>("username", "", "of a user"),
    template_key<PlanValues>("type", "", "team, teams, user, escalation or schedule"));

void check_responder(const Cursor& at, PlanValues& out) {
  if (text_of(out, "id").empty() && text_of(out, "name").empty() && text_of(out, "username").empty())
    at.complain("missing_key", "expected one of the keys id, name and username");
  std::string type(text_of(out, "type"));
  if (type.find("{{") != std::string::npos) return;
  for (char& c : type) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 5> types{"team", "teams", "user", "escalation", "schedule"};
  if (std::find(types.begin(), types.end(), type) == types.end())
    return at.complain("out_of_range", fmt::format("expected type to be team, teams, user, escalation or schedule, found \"{}\"",
                                                   text_of(out, "type")));
  out["type"] = std::move(type);
}

constexpr auto opsgenie = table<IntegrationConfiguration>(
    "receivers[].opsgenie_configs[]", resolved_key("true"), http_config_key(),
    secret_key("api_key", "else opsgenie_api_key of global", secret_template_type), secret_file_key("api_key_file"),
    url_key("api_url", "", "else opsgenie_api_url of global"),
    template_key("message", R"({{ template "opsgenie.default.message" . }})", "at most 130 characters"),
    template_key("description", R"({{ template "opsgenie.default.description" . }})", "of the alert"),
    template_key("source", R"({{ template "opsgenie.default.source" . }})", "a link back"),
    setting_key<IntegrationConfiguration, store_texts>("details", templates_type, "", "beside the labels of the group"),
    template_key("entity", "", "what the alert is about"),
    whole<IntegrationConfiguration, store_in<IntegrationConfiguration, store_objects<responder, check_responder>>>(
        "responders", settings_list_type, "", "who is told there"),
    template_key("actions", "", "names, with commas between"), template_key("tags", "", "names, with commas between"),
    template_key("note", "", "added to the alert"), template_key("priority", "", "P1 to P5"),
    truth_key("update_alerts", "false", "message and description follow the group"));

void check_opsgenie(const Cursor& at, IntegrationConfiguration& out) {
  need_secret(at, out, "api_key", "opsgenie_api_key");
  end_with_slash(out, "api_url");
}

// --- victorops

constexpr auto victorops = table<IntegrationConfiguration>(
    "receivers[].victorops_configs[]", resolved_key("true"), http_config_key(),
    secret_key("api_key", "else victorops_api_key of global"), secret_file_key("api_key_file"),
    url_key("api_url", "", "else victorops_api_url of global"),
    required(setting_key<IntegrationConfiguration, store_filled>("routing_key", template_type, "", "who is told there")),
    template_key("message_type", "CRITICAL", "CRITICAL, WARNING or INFO; of what is resolved RECOVERY"),
    template_key("entity_display_name", R"({{ template "victorops.default.entity_display_name" . }})", "what it is about"),
    template_key("state_message", R"({{ template "victorops.default.state_message" . }})", "at most 20480 characters"),
    template_key("monitoring_tool", R"({{ template "victorops.default.monitoring_tool" . }})", "who tells"),
    setting_key<IntegrationConfiguration, store_texts>("custom_fields", templates_type, "", "beside those of the kind"));

void check_victorops(const Cursor& at, IntegrationConfiguration& out) {
  need_secret(at, out, "api_key", "victorops_api_key");
  end_with_slash(out, "api_url");
  const auto written = out.settings.find("custom_fields");
  if (written == out.settings.end() || written->second.as_map() == nullptr) return;
  for (const std::string_view name : {"routing_key", "message_type", "state_message", "entity_display_name", "monitoring_tool",
                                      "entity_id", "entity_state"})
    if (written->second.as_map()->contains(std::string(name)))
      value_of(at, "custom_fields")
          ->complain("out_of_range", fmt::format("expected no field {}: each message has it already; name it otherwise", name));
}

// --- jira

constexpr auto jira_field = table<IntegrationConfiguration>(
    "receivers[].jira_configs[].{summary,description}", template_key("template", "", "the text"),
    truth_key("enable_update", "true", "whether a ticket that is there gets it anew"));

// The template, or an object with it.
void read_jira_field(const Cursor& at, IntegrationConfiguration& out) {
  if (at.node().kind == NodeKind::scalar) return store_text(at, out.settings);
  IntegrationConfiguration field;
  if (!read_object(at, jira_field, field)) return;
  const std::string name(at.name());
  if (const auto found = field.settings.find("template"); found != field.settings.end()) out.settings[name] = found->second;
  if (const auto found = field.settings.find("enable_update"); found != field.settings.end())
    out.settings[name + ".enable_update"] = found->second;
}

constexpr std::array<std::string_view, 3> jira_types{"auto", "cloud", "datacenter"};
constexpr std::string_view jira_summary = R"({{ template "jira.default.summary" . }})";
constexpr std::string_view jira_description = R"({{ template "jira.default.description" . }})";

constexpr auto jira = table<IntegrationConfiguration>(
    "receivers[].jira_configs[]", resolved_key("true"), http_config_key(),
    url_key("api_url", "", "else jira_api_url of global; its path ends in /rest/api/2 or /rest/api/3"),
    whole<IntegrationConfiguration, store_word<jira_types, IntegrationConfiguration>>("api_type", "auto, cloud or datacenter",
                                                                                      "auto", "auto: by the host of api_url"),
    required(setting_key<IntegrationConfiguration, store_filled>("project", template_type, "", "the key of the project")),
    required(setting_key<IntegrationConfiguration, store_filled>("issue_type", template_type, "", "of the ticket")),
    whole<IntegrationConfiguration, read_jira_field>("summary", "template or settings", jira_summary, "at most 255 characters"),
    whole<IntegrationConfiguration, read_jira_field>("description", "template or settings", jira_description, "of the ticket"),
    setting_key<IntegrationConfiguration, store_list>("labels", template_list_type, "", "of the ticket"),
    template_key("priority", R"({{ template "jira.default.priority" . }})", "of the ticket"),
    text_key("reopen_transition", "", "what opens a ticket again"), text_key("resolve_transition", "", "what closes a ticket"),
    text_key("wont_fix_resolution", "", "tickets with it are left alone"),
    setting_key<IntegrationConfiguration, store_duration>("reopen_duration", "duration", "",
                                                          "a ticket that was closed so long ago is not opened again"),
    setting_key<IntegrationConfiguration, store_anything>("fields", "map of anything, templates", "", "other fields"));

void check_jira(const Cursor& at, IntegrationConfiguration& out) {
  need_setting(at, out, "api_url", "jira_api_url");
  for (const auto& [name, text] : {std::pair{"summary", jira_summary}, std::pair{"description", jira_description}}) {
    out.settings.try_emplace(name, std::string(text));
    out.settings.try_emplace(std::string(name) + ".enable_update", "true");
  }
}

// --- incidentio

constexpr auto incidentio = table<IntegrationConfiguration>(
    "receivers[].incidentio_configs[]", resolved_key("true"), http_config_key(),
    url_key("url", "", "of the alert source; exactly one of url and url_file"), secret_file_key("url_file"),
    secret_key("alert_source_token", "this, or http_config.authorization"), secret_file_key("alert_source_token_file"),
    whole<IntegrationConfiguration, store_max_alerts>("max_alerts", "number", "0", "of one message; 0: all"),
    setting_key<IntegrationConfiguration, store_go_duration>("timeout", "duration (Go)", "", "of one call; 0s: as all"));

void check_incidentio(const Cursor& at, IntegrationConfiguration& out) {
  if (at.has("url") == out.secret_files.contains("url"))
    at.complain("missing_key", "expected exactly one of the keys url and url_file");
  const bool is_authorized = !out.client.authorization.empty() && out.client.authorization != "Basic";
  const bool has_token = has_secret(out, "alert_source_token");
  if (is_authorized && has_token)
    at.complain("out_of_range", "expected at most one of alert_source_token and http_config.authorization");
  if (!is_authorized && !has_token)
    at.complain("missing_key",
                "expected one of the keys alert_source_token, alert_source_token_file and http_config.authorization");
}

}  // namespace

std::vector<Integration> incident_integrations() {
  return {
      {IntegrationKind::pagerduty,
       pagerduty.view(),
       check_pagerduty,
       {{"url", "pagerduty_url"}},
       {pagerduty_image.view(), pagerduty_link.view()}},
      {IntegrationKind::opsgenie,
       opsgenie.view(),
       check_opsgenie,
       {{"api_key", "opsgenie_api_key"}, {"api_url", "opsgenie_api_url"}},
       {responder.view()}},
      {IntegrationKind::victorops,
       victorops.view(),
       check_victorops,
       {{"api_key", "victorops_api_key"}, {"api_url", "victorops_api_url"}},
       {}},
      {IntegrationKind::jira, jira.view(), check_jira, {{"api_url", "jira_api_url"}}, {jira_field.view()}},
      {IntegrationKind::incidentio, incidentio.view(), check_incidentio, {}, {}}};
}

}  // namespace watchbill::config
