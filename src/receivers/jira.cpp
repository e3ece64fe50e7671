// Jira: looks for the issue that carries the group's label, then creates or updates it, then moves it along its workflow. An
// issue is never created for a group that is over. Source: Alertmanager 0.34 notify/jira; Jira's REST API, versions 2 and 3.
#include <algorithm>

#include "base/ascii.h"
#include "receivers/one_call.h"

namespace watchbill::receivers {
namespace {

constexpr std::size_t jira_summary_characters_max = 255;
constexpr std::size_t jira_description_characters_max = 32'767;
constexpr std::size_t jira_paragraphs_max = 200;
constexpr JsonLimits jira_answer_limits{1U << 20, 32, 50'000};  // a workflow's transitions say much of each status

std::optional<JsonValue> jira_object_in(const ports::HttpAnswer& answer) {
  Result<JsonValue> body = parse_json(answer.body, jira_answer_limits);
  if (!body || body->as_object() == nullptr) return std::nullopt;
  return std::move(*body);
}

// The text at the end of a path of names, or "".
std::string jira_text_in(const JsonValue* value, std::initializer_list<std::string_view> path) {
  for (const std::string_view name : path) value = value == nullptr ? nullptr : value->find(name);
  return value == nullptr || value->as_string() == nullptr ? std::string() : *value->as_string();
}

// A text of the query language.
std::string jql_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c >= '\0' && c < ' ' ? ' ' : c);
  }
  return out + "\"";
}

std::string quoted_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string named_json(std::string_view name) {
  std::string out;
  JsonWriter(out).begin_object().key("name").string(name).end_object();
  return out;
}

// A plain text as a document of API version 3: each line a paragraph.
std::string jira_document(std::string_view text) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("type").string("doc").key("version").integer(1).key("content").begin_array();
  for (std::size_t count = 0; !text.empty() && count < jira_paragraphs_max;) {
    const std::size_t end = count + 1 == jira_paragraphs_max ? text.size() : std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end), " \t\r\n");
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    ++count;
    json.begin_object().key("type").string("paragraph").key("content").begin_array();
    json.begin_object().key("type").string("text").key("text").string(line).end_object().end_array().end_object();
  }
  json.end_array().end_object();
  return out;
}

// What a text of a custom field became. As Alertmanager, which reads it as YAML, numbers, truth, lists and maps are sent as such;
// here they are what JSON takes for them.
std::string jira_field_text(const std::string& rendered) {
  const std::string_view text = trimmed(rendered, " \t\r\n");
  if (text.empty()) return "null";
  const Result<JsonValue> value = parse_json(text, jira_answer_limits);
  if (!value || value->as_string() != nullptr) return quoted_json(rendered);
  std::string out;
  append_json(out, *value);
  return out;
}

std::string jira_field(Rendering& rendering, const PlanValue& value, const std::string& what) {
  if (const std::string* text = value.as_text()) return jira_field_text(rendering.rendered(*text, what));
  if (const std::int64_t* number = value.as_integer()) return std::to_string(*number);
  std::string out;
  JsonWriter json(out);
  if (const PlanValue::List* list = value.as_list()) {
    json.begin_array();
    for (std::size_t i = 0; i < list->size(); ++i)
      json.raw(jira_field(rendering, (*list)[i], what + "[" + std::to_string(i) + "]"));
    json.end_array();
  } else if (const PlanValue::Map* map = value.as_map()) {
    std::map<std::string, std::string> members;
    for (const auto& [name, each] : *map)
      members[rendering.rendered(name, what + "." + name)] = jira_field(rendering, each, what + "." + name);
    json.begin_object();
    for (const auto& [name, each] : members) json.key(name).raw(each);
    json.end_object();
  } else {
    json.null();
  }
  return out;
}

class JiraAttempt final : public Attempt {
 public:
  JiraAttempt(ChannelPointer channel, Notification notification, Instant now)
      : Attempt(channel, std::move(notification), now), channel_(std::move(channel)) {
    api_url_ = address(rendering(), "api_url");
    label_ = "ALERT{" + group_hash(rendering().notification()) + "}";
    project_ = rendering().text("project");
  }

  Step begin() override {
    if (project_.empty()) return cannot_be_told("no_project");
    std::string body;
    JsonWriter out(body);
    out.begin_object().key("fields").begin_array().string("status").end_array();
    out.key("jql").string(query()).key("maxResults").integer(2).end_object();
    return call("POST", search_url(), std::move(body));
  }

  Step go_on(const ports::HttpAnswer& answer) override {
    const Verdict verdict = judge(answer);
    if (verdict.answer != DeliveryAnswer::accepted) return verdict;
    switch (asked_) {
      case Asked::issues: return tell(answer);
      case Asked::issue: return transition_.empty() ? Step(verdict) : ask_transitions();
      case Asked::transitions: return move_along(answer);
      case Asked::move: break;
    }
    return verdict;
  }

 private:
  enum class Asked : std::uint8_t { issues, issue, transitions, move };  // what the answer that comes next is to

  ports::HttpCall call(std::string method, std::string url, std::string body) const {
    ports::HttpCall call = json_call(std::move(method), std::move(url), std::move(body));
    call.headers.push_back({"Accept-Language", "en"});
    return call;
  }
  std::string below(const std::string& path) const { return address_below(api_url_, path); }
  bool is_version_3() const { return trimmed(api_url_, "/").ends_with("/3"); }

  // Open issues of the group; where closed ones are opened again, also those that were closed not long ago.
  std::string query() {
    std::string jql;
    if (const std::string resolution = rendering().setting("wont_fix_resolution"); !resolution.empty())
      jql += "(resolution is EMPTY or resolution != " + jql_text(resolution) + ") and ";
    const std::int64_t minutes = rendering().number("reopen_duration") / 60'000;
    const bool reopens = rendering().is_firing() && minutes > 0 && !rendering().setting("reopen_transition").empty();
    if (reopens) jql += "(resolutiondate is EMPTY OR resolutiondate >= -" + std::to_string(minutes) + "m) and ";
    else jql += "statusCategory != Done and ";
    return jql + "project=" + jql_text(project_) + " and labels=" + jql_text(label_) + " order by status ASC,resolutiondate DESC";
  }

  // Jira Cloud searches at a path of its own that only version 3 has.
  std::string search_url() {
    const std::string type = rendering().setting("api_type");
    const std::string_view host = std::string_view(api_url_).substr(0, api_url_.find('/', api_url_.find("//") + 2));
    if (type != "cloud" && (type == "datacenter" || !host.ends_with("atlassian.net"))) return below("search");
    std::string url = below("search/jql");
    if (const std::size_t at = url.find("/rest/api/2/"); at != std::string::npos) url.replace(at, 12, "/rest/api/3/");
    return url;
  }

  Step tell(const ports::HttpAnswer& answer) {
    const std::optional<JsonValue> body = jira_object_in(answer);
    if (!body) return Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}};
    const JsonValue* issues = body->find("issues");
    asked_ = Asked::issue;
    if (issues == nullptr || issues->as_array() == nullptr || issues->as_array()->empty()) {
      if (!rendering().is_firing()) return Verdict{DeliveryAnswer::accepted, "no_issue", {}};
      return call("POST", below("issue"), issue(false));
    }
    const JsonValue& found = issues->as_array()->front();
    const std::string key = jira_text_in(&found, {"key"});
    if (key.empty()) return Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}};
    issue_path_ = "issue/" + percent_encoded(key);
    const JsonValue* fields = found.find("fields");
    const bool has_status = fields != nullptr && fields->find("status") != nullptr;
    const bool is_done = jira_text_in(fields, {"status", "statusCategory", "key"}) == "done";
    if (has_status && rendering().is_firing() == is_done)
      transition_ = rendering().setting(is_done ? "reopen_transition" : "resolve_transition");
    return call("PUT", below(issue_path_), issue(true));
  }

  std::string issue(bool is_there) {
    std::map<std::string, std::string> fields;  // what it is in JSON
    const std::string summary = cut_characters(needed_title(rendering(), "summary"), jira_summary_characters_max);
    const std::string told = description();
    if (!is_there || rendering().setting("summary.enable_update") != "false") fields["summary"] = quoted_json(summary);
    if (!told.empty() && (!is_there || rendering().setting("description.enable_update") != "false")) fields["description"] = told;
    fields["issuetype"] = named_json(rendering().text("issue_type"));
    fields["labels"] = labels();
    if (const std::string priority = rendering().text("priority"); !priority.empty()) fields["priority"] = named_json(priority);
    fields["project"] = "{\"key\":" + quoted_json(project_) + "}";
    const auto own = channel_->configuration.settings.find("fields");
    if (own != channel_->configuration.settings.end() && own->second.as_map() != nullptr)
      for (const auto& [name, value] : *own->second.as_map()) fields[name] = jira_field(rendering(), value, "fields." + name);
    std::string text;
    JsonWriter out(text);
    out.begin_object().key("fields").begin_object();
    for (const auto& [name, value] : fields) out.key(name).raw(value);
    out.end_object().end_object();
    return text;
  }

  // Version 3 wants a document. Alertmanager sends nothing when the template makes none: here a plain text becomes one.
  std::string description() {
    const std::string text = cut_characters(rendering().message("description"), jira_description_characters_max);
    if (!is_version_3()) return text.empty() ? std::string() : quoted_json(text);
    const std::string_view whole = trimmed(text, " \t\r\n");
    if (whole.empty()) return {};
    const Result<JsonValue> document = parse_json(whole, jira_answer_limits);
    return document && document->as_object() != nullptr ? std::string(whole) : jira_document(whole);
  }

  std::string labels() {
    std::vector<std::string> labels{label_};
    const PlanValue::List& own = rendering().list("labels");
    for (std::size_t i = 0; i < own.size(); ++i) {
      const std::string* source = own[i].as_text();
      std::string label = source == nullptr ? "" : rendering().rendered(*source, "labels[" + std::to_string(i) + "]");
      if (!label.empty()) labels.push_back(std::move(label));  // Jira takes no empty one
    }
    std::sort(labels.begin(), labels.end());
    std::string text;
    JsonWriter out(text);
    out.begin_array();
    for (const std::string& label : labels) out.string(label);
    out.end_array();
    return text;
  }

  Step ask_transitions() {
    asked_ = Asked::transitions;
    return call("GET", below(issue_path_ + "/transitions"), "");
  }

  Step move_along(const ports::HttpAnswer& answer) {
    const std::optional<JsonValue> body = jira_object_in(answer);
    if (!body) return Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}};
    const JsonValue* transitions = body->find("transitions");
    if (transitions != nullptr && transitions->as_array() != nullptr)
      for (const JsonValue& each : *transitions->as_array()) {
        const std::string id = jira_text_in(&each, {"id"});
        if (jira_text_in(&each, {"name"}) != transition_ || id.empty()) continue;
        asked_ = Asked::move;
        return call("POST", below(issue_path_ + "/transitions"), "{\"transition\":{\"id\":" + quoted_json(id) + "}}");
      }
    return Verdict{DeliveryAnswer::final, "no_such_transition", {}};
  }

  const ChannelPointer channel_;
  std::string api_url_;
  std::string label_;  // by which the group's issue is found again
  std::string project_;
  std::string issue_path_;  // of the issue that was found
  std::string transition_;  // that it still has to make
  Asked asked_{Asked::issues};
};

}  // namespace

ConversationPointer begin_jira(ChannelPointer channel, Notification notification, Instant now) {
  return std::make_unique<JiraAttempt>(std::move(channel), std::move(notification), now);
}

}  // namespace watchbill::receivers
