#include "cli/event_text.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "cli/json_text.h"
#include "model/codec.h"
#include "model/labels.h"
#include "model/limits.h"
#include "model/plan.h"

namespace watchbill::cli {
namespace {

constexpr std::size_t type_width = 21;          // most types fit, so that what they say stands in one column
constexpr std::size_t digest_digits_shown = 12;
constexpr std::size_t told_alerts_shown = 8;    // of one message
constexpr std::size_t plan_steps_shown = 12;
constexpr std::size_t text_bytes_shown = 400;   // of one value: outputs of programs may be long
constexpr std::int64_t instants_from_ms = 100'000'000'000;  // 1973: what is larger is a time, what is smaller a duration

// What only programs need: the envelope, random parts, and how the keeper counts its reports.
constexpr std::array<std::string_view, 7> unsaid_names{"type", "version", "after", "seed", "report", "start_ticks", "told"};

// Digests of bytes that people look at, if ever, by other means than typing them.
constexpr std::array<std::string_view, 8> digest_names{"body",  "configuration", "digest", "expression",
                                                       "files", "head",          "plan",   "terms"};

std::string cut(std::string text) {
  if (text.size() > text_bytes_shown)
    text.replace(text_bytes_shown, std::string::npos, "… (" + std::to_string(text.size()) + " bytes)");
  return text;
}

// Within one story the day stands in the record's line.
std::string time_of_day(Instant at) { return format_rfc3339(at).substr(11, 12); }

std::string plain_or_quoted(const std::string& text) {
  const bool is_plain = !text.empty() && text.find_first_of(" \t\n\"=") == std::string::npos;
  return is_plain ? text : quoted(text);
}

std::string labels_text(const JsonValue& object) {
  std::vector<Labels::Pair> pairs;
  for (const auto& [name, value] : *object.as_object())
    if (value.as_string() != nullptr) pairs.emplace_back(name, *value.as_string());
  return Labels(std::move(pairs)).text();
}

std::string value_text(std::string_view name, const JsonValue& value) {
  if (const std::string* text = value.as_string()) {
    const bool is_digest = std::find(digest_names.begin(), digest_names.end(), name) != digest_names.end();
    return is_digest && text->size() == Digest::hex_size ? text->substr(0, digest_digits_shown) : cut(plain_or_quoted(*text));
  }
  if (const std::int64_t* number = value.as_integer(); number != nullptr && name.ends_with("_ms"))
    return *number >= instants_from_ms ? time_of_day(Instant{*number}) : format_duration(Duration{*number});
  if (value.as_object() != nullptr && (name == "labels" || name == "element")) return labels_text(value);
  std::string out;
  append_json(out, value);
  return cut(std::move(out));
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// The members of an event or a command with meaning for a reader.
Fields fields_of(std::string_view object, const TellingSources& sources, std::initializer_list<std::string_view> left_out = {}) {
  Fields fields;
  const Result<JsonValue> parsed = parse_json(object);
  if (!parsed || parsed->as_object() == nullptr) return fields;
  for (const auto& [name, value] : *parsed->as_object()) {
    if (std::find(unsaid_names.begin(), unsaid_names.end(), name) != unsaid_names.end()) continue;
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
    const std::string text = value_text(name, value);
    if (text == sources.asked) continue;
    const bool is_time = value.as_integer() != nullptr && name.ends_with("_ms");
    fields.emplace_back(is_time ? name.substr(0, name.size() - 3) : name, text);
  }
  return fields;
}

std::string joined(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out.append(out.empty() ? "" : " ").append(name).append("=").append(value);
  return out;
}

template <class T>
std::string object_of(const T& event) {
  std::string out;
  JsonWriter json(out);
  encode_event(json, RecordedEvent{event, std::nullopt});
  return out;
}

// --- alerts ---

// "WebDown{instance="a", job="web"}"
std::string alert_text(Labels labels) {
  const std::string name(labels.get("alertname"));
  labels.remove("alertname");
  return name + labels.text();
}

void add_samples(std::vector<std::string>& lines, const std::vector<SeenSeries>& series, std::size_t samples_max) {
  for (const SeenSeries& each : series) {
    std::string line = "sample   " + each.labels.text() + " ";
    const std::size_t first = each.samples.size() > samples_max ? each.samples.size() - samples_max : 0;
    if (first > 0) line += " (" + std::to_string(first) + " before: --samples)";
    for (std::size_t i = first; i < each.samples.size(); ++i)
      line += " " + each.samples[i].value + " @" + time_of_day(each.samples[i].at);
    lines.push_back(std::move(line));
  }
}

template <class T>
std::vector<std::string> begun_alert(const T& event, std::string first, const TellingSources& sources) {
  std::vector<std::string> lines{std::move(first)};
  if (event.alert.text != sources.asked) lines.push_back("alert    " + event.alert.text);
  for (const auto& [name, text] : event.annotations)
    lines.push_back(name + std::string(name.size() < 8 ? 9 - name.size() : 1, ' ') + cut(text));
  add_samples(lines, event.samples, sources.samples_max);
  return lines;
}

// --- messages ---

// What a stored message says: its alerts, or the text of a step.
void add_message(std::vector<std::string>& lines, const Digest& body, const TellingSources& sources) {
  const std::optional<std::string> bytes = sources.blob ? sources.blob(body) : std::nullopt;
  const Result<JsonValue> message = bytes ? parse_json(*bytes) : Result<JsonValue>(JsonValue{});
  if (!message) return;
  if (const std::string text = member(*message, "text"); !text.empty()) lines.push_back("says     " + cut(plain_or_quoted(text)));
  const JsonValue* alerts = message->find("alerts");
  if (alerts == nullptr || alerts->as_array() == nullptr) return;
  std::size_t shown = 0;
  for (const JsonValue& alert : *alerts->as_array()) {
    if (shown++ == told_alerts_shown) break;
    const JsonValue* labels = alert.find("labels");
    std::string line = "says     " + member(alert, "status") + "  ";
    if (labels != nullptr && labels->as_object() != nullptr) {
      std::vector<Labels::Pair> pairs;
      for (const auto& [name, value] : *labels->as_object()) pairs.emplace_back(name, *value.as_string());
      line += alert_text(Labels(std::move(pairs)));
    }
    lines.push_back(line + ", since " + member(alert, "startsAt"));
  }
  if (alerts->as_array()->size() > told_alerts_shown)
    lines.push_back("         and " + std::to_string(alerts->as_array()->size() - told_alerts_shown) + " more");
}

// --- plans ---

std::string action_text(ActionKind kind, const PlanValues& args) {
  const std::string fields = joined(fields_of(canonical_text(args), {}));
  return std::string(word(kind)) + (fields.empty() ? "" : " " + fields);
}

// What a run of it does, step by step.
void add_plan(std::vector<std::string>& lines, const Digest& digest, const TellingSources& sources) {
  const std::optional<std::string> bytes = sources.blob ? sources.blob(digest) : std::nullopt;
  const std::optional<Plan> plan = bytes ? read_plan(*bytes, Limits{}) : std::nullopt;
  if (!plan) return;
  lines.push_back("runbook  " + plan->name +
                  (plan->steps.size() == 1 ? ", 1 step" : ", " + std::to_string(plan->steps.size()) + " steps"));
  std::size_t shown = 0;
  for (const PlanStep& step : plan->steps) {
    if (shown++ == plan_steps_shown) break;
    std::string line = "step     " + step.path + " " + step.name + ": " + std::string(word(step.verb));
    for (const PlanAction& action : step.actions) line += " " + action_text(action.kind, action.args);
    lines.push_back(std::move(line));
    if (step.verify) lines.push_back("         verify " + action_text(step.verify->kind, step.verify->args) + " for " +
                                     format_duration(step.verify->for_) + " within " + format_duration(step.verify->within));
    if (step.undo)
      for (const PlanAction& action : step.undo->actions)
        lines.push_back("         undo " + action_text(action.kind, action.args));
    if (!step.irreversible.empty()) lines.push_back("         irreversible: " + cut(step.irreversible));
  }
  if (plan->steps.size() > plan_steps_shown)
    lines.push_back("         and " + std::to_string(plan->steps.size() - plan_steps_shown) + " more");
}

// --- one event of each kind ---

// Most events are well told by their fields; those that are not have an overload.
struct Tell {
  const TellingSources& sources;

  template <class T>
  std::vector<std::string> operator()(const T& event) const {
    return {joined(fields_of(object_of(event), sources))};
  }
  std::vector<std::string> operator()(const RuleEvaluated& event) const {
    std::vector<std::string> lines{event.name + " in " + event.group + ", " +
                                   (event.kind == LookKind::slot ? "slot of " : "early look at ") + time_of_day(event.at)};
    const std::string text = sources.expression ? sources.expression(event.name, event.group, event.expression) : std::string();
    if (!text.empty()) lines.push_back("rule     " + text);
    if (!event.held.empty()) lines.push_back("held     " + std::to_string(event.held.size()) + " at one more slot of k_of_n");
    if (!event.kept.empty())
      lines.push_back("kept     " + std::to_string(event.kept.size()) + " by keep_firing_for or recover");
    return lines;
  }
  std::vector<std::string> operator()(const AlertBecamePending& event) const {
    // Without `for` only an alert whose slots are counted is pending.
    const std::string wait =
        event.hold > Duration{} ? ", fires after " + format_duration(event.hold) : ", its slots are counted (k_of_n)";
    return begun_alert(event, alert_text(event.labels) + "  value " + event.value + wait, sources);
  }
  std::vector<std::string> operator()(const AlertFired& event) const {
    std::string first = alert_text(event.labels);
    if (!event.value.empty()) first += "  value " + event.value;
    if (event.active_at != event.at) first += ", active since " + time_of_day(event.active_at);
    return begun_alert(event, std::move(first), sources);
  }
  std::vector<std::string> operator()(const AlertResolved& event) const {
    std::vector<std::string> lines{alert_text(event.labels) + "  " + std::string(word(event.cause)) + ", was " +
                                   std::string(word(event.was))};
    if (event.alert.text != sources.asked) lines.push_back("alert    " + event.alert.text);
    return lines;
  }
  std::vector<std::string> operator()(const BindingTriggered& event) const {
    return {joined(fields_of(object_of(event), sources, {"labels", "alert"}))};
  }
  std::vector<std::string> operator()(const PlanProposed& event) const {
    std::vector<std::string> lines{joined(fields_of(object_of(event), sources, {"labels", "alert", "approvals"})) +
                                   (event.approvals > 0 ? " approvals=" + std::to_string(event.approvals) : "")};
    add_plan(lines, event.plan, sources);
    return lines;
  }
  std::vector<std::string> operator()(const NotificationIntended& event) const {
    std::vector<std::string> lines{joined(fields_of(object_of(event), sources, {"alerts", "group"}))};
    add_message(lines, event.body, sources);
    const bool is_asked_of = event.delivery.text == sources.asked;
    for (std::size_t i = 0; is_asked_of && i < std::min(event.alerts.size(), told_alerts_shown); ++i)
      lines.push_back("alert    " + event.alerts[i].text);
    return lines;
  }
  std::vector<std::string> operator()(const NotificationNotSent& event) const {
    return {joined(fields_of(object_of(event), sources, {"alerts", "group"}))};
  }
  std::vector<std::string> operator()(const ConfigRejected& event) const {
    std::vector<std::string> lines{joined(fields_of(object_of(event), sources, {"findings"}))};
    for (const RejectedFinding& finding : event.findings)
      lines.push_back(finding.file + ":" + std::to_string(finding.line) + ":" + std::to_string(finding.column) + "  " +
                      finding.path + " [" + finding.code + "]");
    return lines;
  }
};

}  // namespace

std::vector<std::string> event_story(const Event& event, const TellingSources& sources) {
  std::vector<std::string> lines = std::visit(Tell{sources}, static_cast<const AnyEvent&>(event));
  std::string type(type_of(event));
  if (type.size() < type_width) type.append(type_width - type.size(), ' ');
  lines.front() = lines.front().empty() ? std::string(type_of(event)) : type + " " + lines.front();
  for (std::size_t i = 1; i < lines.size(); ++i) lines[i].insert(0, std::string(type_width + 1, ' '));
  return lines;
}

std::string cause_story(const RecordBody& body, const TellingSources& sources) {
  const Command& cause = body.cause;
  std::string out = cause.actor.name;
  if (!cause.actor.roles.empty()) {
    out.append(" (");
    for (std::size_t i = 0; i < cause.actor.roles.size(); ++i) out.append(i == 0 ? "" : ", ").append(cause.actor.roles[i]);
    out.append(")");
  }
  out.append(cause.actor.kind == ActorKind::caller ? " asked " : ": ").append(type_of(cause.body));
  // A report of our own says mostly what its events say again.
  std::set<std::pair<std::string, std::string>> said;
  if (cause.actor.kind == ActorKind::engine)
    for (const RecordedEvent& each : body.events)
      for (auto& field : fields_of(object_of(each.event), sources)) said.insert(std::move(field));
  Fields fields = fields_of(canonical_body(cause.body), sources, {"changes"});
  std::erase_if(fields, [&said, &cause](const auto& field) {
    return said.contains(field) || (cause.actor.kind == ActorKind::engine && (field.second == "0" || field.second == "0s"));
  });
  if (!fields.empty()) out.append(" ").append(joined(fields));
  if (cause.request) out.append(", request id ").append(cause.request->id);
  return out;
}

}  // namespace watchbill::cli
