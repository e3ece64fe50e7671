#include "differential/routing/harness/view.h"

#include <algorithm>
#include <variant>

#include "base/json.h"
#include "base/time.h"

namespace watchbill::routing_differential {
namespace {

std::string text_of(const JsonValue& value) { return value.as_string() == nullptr ? "?" : *value.as_string(); }

std::string text_at(const JsonValue& value, std::string_view name) {
  const JsonValue* found = value.find(name);
  return found != nullptr && found->as_string() != nullptr ? *found->as_string() : std::string();
}

LabelSet labels_at(const JsonValue& value, std::string_view name) {
  LabelSet out;
  const JsonValue* found = value.find(name);
  if (found == nullptr || found->as_object() == nullptr) return {{"?", "no " + std::string(name)}};
  for (const auto& [key, member] : *found->as_object()) out[key] = text_of(member);
  return out;
}

const JsonValue::Array& array_at(const JsonValue& value, std::string_view name) {
  static const JsonValue::Array empty;
  const JsonValue* found = value.find(name);
  return found != nullptr && found->as_array() != nullptr ? *found->as_array() : empty;
}

std::optional<std::int64_t> time_at(const JsonValue& value, std::string_view name) {
  const std::string text = text_at(value, name);
  if (text.starts_with("0001-01-01T00:00:00")) return std::nullopt;
  const Result<Instant> parsed = parse_rfc3339(text);
  return parsed ? parsed->ms : -1;
}

std::string in_brackets(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& each : texts) out += (out.empty() ? "" : ", ") + each;
  return "[" + out + "]";
}

SeenAlert alert_of(const JsonValue& value, const Comments& comments) {
  SeenAlert out;
  out.labels = labels_at(value, "labels");
  out.annotations = labels_at(value, "annotations");
  out.fingerprint = text_at(value, "fingerprint");
  out.generator_url = text_at(value, "generatorURL");
  out.starts_at_ms = time_at(value, "startsAt").value_or(-1);
  for (const JsonValue& receiver : array_at(value, "receivers")) out.receivers.push_back(text_at(receiver, "name"));
  if (const JsonValue* status = value.find("status"); status != nullptr) {
    out.state = text_at(*status, "state");
    for (const JsonValue& each : array_at(*status, "inhibitedBy")) out.inhibited_by.push_back(text_of(each));
    for (const JsonValue& each : array_at(*status, "silencedBy")) {
      const auto found = comments.find(text_of(each));
      out.silenced_by.push_back(found == comments.end() ? "unknown silence" : found->second);
    }
  }
  for (std::vector<std::string>* each : {&out.receivers, &out.inhibited_by, &out.silenced_by})
    std::sort(each->begin(), each->end());
  return out;
}

std::string silence_of(const JsonValue& value, const std::string& state) {
  std::vector<std::string> matchers;
  for (const JsonValue& each : array_at(value, "matchers")) {
    const auto is = [&](std::string_view name) {
      const JsonValue* found = each.find(name);
      const bool* claim = found == nullptr ? nullptr : std::get_if<bool>(&found->value);
      return claim != nullptr && *claim;
    };
    const std::string symbol = std::string(is("isEqual") ? "=" : "!") + (is("isRegex") ? "~" : "=");
    matchers.push_back(text_at(each, "name") + symbol + text_at(each, "value"));
  }
  std::sort(matchers.begin(), matchers.end());
  // Its beginning is each side's own when it has begun.
  const std::string begin = state == "pending" ? text_at(value, "startsAt") : "now";
  const Result<Instant> end = parse_rfc3339(text_at(value, "endsAt"));
  return text_at(value, "comment") + " by " + text_at(value, "createdBy") + " " + state + " " + in_brackets(matchers) + " from " +
         begin + " to " + (end ? format_rfc3339(*end) : "?");
}

}  // namespace

std::string SeenAlert::text() const {
  return fingerprint + " " + routing_differential::text(labels) + " " + routing_differential::text(annotations) + " since " +
         format_rfc3339({starts_at_ms}) + " " + state + (inhibited_by.empty() ? "" : ", inhibited") + " silenced by " +
         in_brackets(silenced_by) + " for " + in_brackets(receivers);
}

std::string SeenGroup::text() const {
  std::string out = receiver + " " + routing_differential::text(labels);
  for (const SeenAlert& each : alerts) out += "\n  " + each.text();
  return out;
}

Snapshot snapshot_of(const Answers& answers, const Comments& comments) {
  Snapshot out{{}, {}, {}, answers.alerts, answers.groups, answers.silences, {}};
  const auto alerts = parse_json(answers.alerts), groups = parse_json(answers.groups), silences = parse_json(answers.silences);
  for (const auto* each : {&alerts, &groups, &silences})
    if (!*each || (*each)->as_array() == nullptr) {
      out.fault = "an answer that is no array of JSON";
      return out;
    }
  const auto by_fingerprint = [](const SeenAlert& a, const SeenAlert& b) { return a.fingerprint < b.fingerprint; };
  for (const JsonValue& each : *alerts->as_array()) out.alerts.push_back(alert_of(each, comments));
  std::stable_sort(out.alerts.begin(), out.alerts.end(), by_fingerprint);
  for (const JsonValue& each : *groups->as_array()) {
    const JsonValue* receiver = each.find("receiver");
    SeenGroup group{receiver == nullptr ? "?" : text_at(*receiver, "name"), labels_at(each, "labels"), {}};
    for (const JsonValue& alert : array_at(each, "alerts")) group.alerts.push_back(alert_of(alert, comments));
    std::stable_sort(group.alerts.begin(), group.alerts.end(), by_fingerprint);
    out.groups.push_back(std::move(group));
  }
  std::sort(out.groups.begin(), out.groups.end(), [](const SeenGroup& a, const SeenGroup& b) { return a.text() < b.text(); });
  for (const JsonValue& each : *silences->as_array()) {
    const JsonValue* status = each.find("status");
    const std::string state = status == nullptr ? "?" : text_at(*status, "state");
    if (state != "expired") out.silences.push_back(silence_of(each, state));
  }
  std::sort(out.silences.begin(), out.silences.end());
  return out;
}

// --- messages ---

Message message_of(const Delivery& delivery) {
  Message out;
  out.raw = delivery.path + " " + delivery.body;
  out.at = delivery.at;
  const Result<JsonValue> parsed = parse_json(delivery.body);
  if (!parsed || parsed->as_object() == nullptr) {
    out.fault = "a message that is no object of JSON";
    return out;
  }
  out.key = delivery.path + " " + text_at(*parsed, "groupKey");
  out.receiver = text_at(*parsed, "receiver");
  out.status = text_at(*parsed, "status");
  out.version = text_at(*parsed, "version");
  out.group_labels = labels_at(*parsed, "groupLabels");
  out.common_labels = labels_at(*parsed, "commonLabels");
  out.common_annotations = labels_at(*parsed, "commonAnnotations");
  const JsonValue* truncated = parsed->find("truncatedAlerts");
  out.truncated = truncated != nullptr && truncated->as_integer() != nullptr ? *truncated->as_integer() : -1;
  for (const JsonValue& each : array_at(*parsed, "alerts"))
    out.alerts.push_back({labels_at(each, "labels"), labels_at(each, "annotations"), text_at(each, "status"),
                          text_at(each, "fingerprint"), text_at(each, "generatorURL"), time_at(each, "startsAt").value_or(-1),
                          time_at(each, "endsAt")});
  return out;
}

std::string ToldAlert::text() const {
  return status + " " + fingerprint + " " + routing_differential::text(labels) + " " + routing_differential::text(annotations) +
         " from " + format_rfc3339({starts_at_ms}) + " to " + (ends_at_ms ? format_rfc3339({*ends_at_ms}) : std::string("open"));
}

std::string Message::text() const {
  std::string out = key + " to " + receiver + ": " + status + ", version " + version + ", group " +
                    routing_differential::text(group_labels) + ", common " + routing_differential::text(common_labels) + " " +
                    routing_differential::text(common_annotations) + ", truncated " + std::to_string(truncated);
  for (const ToldAlert& each : alerts) out += "\n    " + each.text();
  return out;
}

std::vector<std::string> Message::having(const std::string& wanted) const {
  std::vector<std::string> out;
  for (const ToldAlert& each : alerts)
    if (each.status == wanted) out.push_back(routing_differential::text(each.labels));
  std::sort(out.begin(), out.end());
  return out;
}

std::string fault_in_itself(const Message& message) {
  if (!message.fault.empty()) return message.fault;
  if (message.alerts.empty()) return "a message without alerts";
  LabelSet labels = message.alerts.front().labels, annotations = message.alerts.front().annotations;
  // An annotation may be empty, and is then as one that is not there.
  const auto keep = [](LabelSet& common, const LabelSet& other) {
    std::erase_if(common, [&](const auto& each) {
      const auto found = other.find(each.first);
      return (found == other.end() ? std::string() : found->second) != each.second;
    });
  };
  bool is_firing = false;
  for (const ToldAlert& each : message.alerts) {
    keep(labels, each.labels);
    keep(annotations, each.annotations);
    is_firing = is_firing || each.status == "firing";
  }
  if (labels != message.common_labels) return "commonLabels are not those that all alerts have";
  if (annotations != message.common_annotations) return "commonAnnotations are not those that all alerts have";
  if ((message.status == "firing") != is_firing) return "the status is not that of the alerts";
  return {};
}

}  // namespace watchbill::routing_differential
