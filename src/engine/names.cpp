#include "engine/names.h"

#include <algorithm>

#include "base/json.h"

namespace watchbill::engine {
namespace {

// Whether the bytes of a plan are of a runbook of this name.
bool is_of_runbook(const std::optional<std::string>& plan, const std::string& name) {
  const Result<JsonValue> value = plan ? parse_json(*plan) : Result<JsonValue>(JsonValue());
  const JsonValue* found = value ? value->find("name") : nullptr;
  return found != nullptr && found->as_string() != nullptr && *found->as_string() == name;
}

}  // namespace

Status Names::take(const StoredRecord& record, const BlobLookup& blobs) {
  // Most records are dismissed by their bytes alone; a name that JSON writes with escapes is looked for in the events.
  const bool is_plain = name_.find_first_of("\"\\") == std::string::npos;
  const bool may_mean_it = record.payload && (!is_plain || record.payload->find(name_) != std::string::npos ||
                                              record.payload->find("\"PlanProposed\"") != std::string::npos);
  if (!may_mean_it) return {};
  const Result<RecordEvents, DecodeFailure> body = decode_events(*record.payload);
  const std::optional<RecordHeader> header = decode_header(record.header);
  if (!body || !header)
    return Error{ErrorKind::corrupt, "read record", std::to_string(record.sequence), body ? "its header" : body.error().what};
  for (const RecordedEvent& each : body->events) note(each.event, header->time, blobs);
  return {};
}

void Names::note(const Event& event, Instant at, const BlobLookup& blobs) {
  if (const auto* pending = std::get_if<AlertBecamePending>(&event)) note_alert(pending->alert, pending->labels, at);
  if (const auto* fired = std::get_if<AlertFired>(&event)) note_alert(fired->alert, fired->labels, at);
  if (const auto* proposed = std::get_if<PlanProposed>(&event)) note_run(*proposed, at, blobs);
}

void Names::note_alert(const AlertId& alert, const Labels& labels, Instant at) {
  if (labels.get("alertname") != name_) return;
  Labels shown = labels;
  shown.remove("alertname");
  meanings_[alert.text] = Meaning{alert.text, "alert", shown.text(), at};
}

void Names::note_run(const PlanProposed& event, Instant at, const BlobLookup& blobs) {
  auto known = plans_.find(event.plan);
  if (known == plans_.end()) known = plans_.emplace(event.plan, is_of_runbook(blobs(event.plan), name_)).first;
  if (!known->second) return;
  const std::string detail = event.binding.empty() ? "asked by " + event.requester : "for " + event.binding;
  meanings_[event.run] = Meaning{event.run, event.mode == BindingMode::suggest ? "suggestion" : "run", detail, at};
}

std::vector<Meaning> Names::meanings() const {
  std::vector<Meaning> out;
  for (const auto& [id, meaning] : meanings_) out.push_back(meaning);
  std::stable_sort(out.begin(), out.end(), [](const Meaning& a, const Meaning& b) { return a.at < b.at; });
  return out;
}

}  // namespace watchbill::engine
