// Alerts with their ids: what they rest on, what they asked for and who was told of them. The neighbour's list is /api/v1/alerts.
#include <algorithm>
#include <map>

#include "api/page.h"
#include "api/routes.h"
#include "api/run_view.h"
#include "engine/story.h"
#include "metrics/promql/print.h"

namespace watchbill::api {
namespace {

using core::alert::Alert;

constexpr std::size_t prefix_digits_min = 8;       // of an id that stands for the whole
constexpr std::size_t candidates_shown = 8;        // when a name means several alerts
constexpr std::size_t happenings_shown_max = 100;  // of one alert's present course: the last ones

void write_instant(JsonWriter& json, std::string_view name, const std::optional<Instant>& at) {
  if (at) json.key(name).string(format_rfc3339(*at));
}

template <class Pairs>
void write_pairs(JsonWriter& json, std::string_view name, const Pairs& pairs) {
  json.key(name).begin_object();
  for (const auto& [key, value] : pairs) json.key(key).string(value);
  json.end_object();
}

std::string_view state_word(const Alert& alert) noexcept {
  return alert.phase == AlertPhase::inactive ? "resolved" : word(alert.phase);
}

void write_overview(JsonWriter& json, const std::string& id, const Alert& alert) {
  json.key("id").string(id).key("name").string(alert.labels.get("alertname")).key("state").string(state_word(alert));
  write_pairs(json, "labels", alert.labels);
  json.key("source").string(word(alert.source)).key("active_at").string(format_rfc3339(alert.active_at));
  write_instant(json, "fired_at", alert.fired_at);
  write_instant(json, "kept_since", alert.kept_since);
  write_instant(json, "resolved_at", alert.resolved_at);
  if (alert.cause) json.key("cause").string(word(*alert.cause));
  write_text(json, "value", alert.value);
  write_text(json, "generator_url", alert.generator_url);
}

// What keeps it from being told now.
void write_muted_by(JsonWriter& json, const core::State& state, const Alert& alert, Instant now) {
  if (alert.phase != AlertPhase::firing) return;
  const std::vector<Muting> mutings = core::route::mutings_of(state.route, alert.labels, now);
  if (mutings.empty()) return;
  json.key("muted_by").begin_array();
  for (const Muting& muting : mutings)
    json.begin_object().key("by").string(word(muting.by)).key("id").string(muting.id).end_object();
  json.end_array();
}

// --- one alert, from state ---

// The ids that this text may mean: an id, the beginning of one, or a name.
std::vector<std::string> candidates(const core::alert::State& state, const std::string& text) {
  if (state.alerts.contains(text)) return {text};
  std::vector<std::string> ids;
  const bool may_begin_one = text.size() >= prefix_digits_min;
  state.alerts.each([&](const std::string& id, const Alert& alert) {
    if ((may_begin_one && id.starts_with(text)) || alert.labels.get("alertname") == text) ids.push_back(id);
    return true;
  });
  return ids;
}

Refused not_one(const std::string& text, const std::vector<std::string>& ids) {
  if (ids.empty()) return Refused{Refusal::unknown_alert, "there is no alert " + text};
  std::string message = text + " means " + std::to_string(ids.size()) + " alerts:";
  for (std::size_t i = 0; i < std::min(ids.size(), candidates_shown); ++i) message += " " + ids[i];
  return Refused{Refusal::unknown_alert, std::move(message)};
}

void write_samples(JsonWriter& json, const std::vector<SeenSeries>& series) {
  json.key("samples").begin_array();
  for (const SeenSeries& each : series) {
    json.begin_object();
    write_pairs(json, "labels", each.labels);
    json.key("values").begin_array();
    for (const SeenSample& sample : each.samples)
      json.begin_object().key("at").string(format_rfc3339(sample.at)).key("value").string(sample.value).end_object();
    json.end_array().end_object();
  }
  json.end_array();
}

// The slots that were counted so far, while it is pending: those that are too long ago to count are among them.
void write_held(JsonWriter& json, const Alert& alert) {
  if (alert.held_at.empty()) return;
  json.key("held_at").begin_array().string(format_rfc3339(alert.active_at));
  for (const Instant slot : alert.held_at) json.string(format_rfc3339(slot));
  json.end_array();
}

// What each integration knows of it now, and when it hears more.
void write_channels(JsonWriter& json, const core::route::State& route, const std::string& id) {
  json.begin_array();
  route.groups.each([&](const std::string& name, const core::route::Group& group) {
    const core::route::GroupedAlert* grouped = route.alerts.find(name + ":" + id);
    if (grouped == nullptr) return true;
    json.begin_object().key("channel").string(
        core::route::channel_of(core::route::routing_of(route), group.receiver, group.integration));
    json.key("told").string(word(grouped->told)).key("failing").boolean(group.failing);
    write_text(json, "delivery", group.delivery);
    write_instant(json, "next_at", group.flush_at);
    json.end_object();
    return true;
  });
  json.end_array();
}

void write_rule(JsonWriter& json, const Watch& watch, const Alert& alert, const core::alert::Rule* known) {
  if (alert.rule.text.empty()) return;
  json.key("rule").begin_object().key("id").string(alert.rule.text).key("expression_digest").string(alert.expression.hex());
  if (known != nullptr) {
    json.key("group").string(known->group).key("answered_at").string(format_rfc3339(known->answered_at));
    if (known->failing_since) json.key("failure").string(known->failure);
  }
  const RuleGroups groups = watch.groups();
  for (const RuleGroupView& group : groups.views)
    for (const metrics::rules::Rule& rule : group.compiled.rules) {
      if (rule.id != alert.rule) continue;
      json.key("expression").string(metrics::promql::print(rule.expression));
      json.key("for").string(format_duration(rule.timing.hold));
      if (const std::optional<SlotCount>& count = rule.timing.count)
        json.key("k_of_n").string(std::to_string(count->held) + " of " +
                                  std::to_string(count->window.ms / group.compiled.interval.ms));
      if (rule.recovery) json.key("recover").string(metrics::promql::print(rule.recovery->expression));
    }
  json.end_object();
}

// --- what became of it, from the journal ---

// One thing that followed since the alert last became active.
struct Happening {
  EventReference place;
  Instant at;
  std::string kind;    // "run", "suggested", "refused", "told_firing", "told_end", "not_sent"
  std::string what;    // the run (of what is only suggested: that it would have been), the reason, the delivery
  std::string detail;  // the mode, the message, the channel
  std::string outcome; // of a run or a message, so far
};

// What waits for a person now, of all that followed: how it stands and what can be done, by run; a refusal by its event's words.
struct Waiting {
  std::string state;
  std::vector<WayOn> ways;
};
using WaitingByName = std::map<std::string, Waiting>;

std::string name_of_refusal(std::string_view reason, const std::string& message) { return std::string(reason) + ": " + message; }

void add_refusals(const core::State& state, const std::string& alert, WaitingByName& out) {
  state.binding.refusals.each([&](const std::string& binding, const core::binding::Refusals& refusals) {
    for (const core::binding::AlertRefusal& each : refusals.last)
      if (each.alert == alert) out[name_of_refusal(word(each.reason), each.message)] = {{}, ways_on(state, binding, each)};
    return true;
  });
}

WaitingByName waiting_of(const core::State& state, const std::string& alert) {
  WaitingByName out;
  for (const std::string& id : state.plan.open) {
    const core::plan::Run& run = *state.plan.runs.find(id);
    const Plan& plan = core::plan::plan_of(state.plan, run);
    const bool is_of_it = std::find(run.alerts.begin(), run.alerts.end(), alert) != run.alerts.end();
    if (!is_of_it || !waits_for_person(run, plan)) continue;
    std::string words(word(run.state));
    if (run.state == core::plan::RunState::awaiting_approval)
      words += ", " + std::to_string(run.approved_by.size()) + " of " + std::to_string(run.approvals) + " given";
    out[id] = {std::move(words), ways_on(id, run, plan)};
  }
  state.plan.suggestions.each([&](const std::string& id, const core::plan::Suggestion& suggestion) {
    if (suggestion.alert == alert) out[id] = {{}, ways_on(suggestion)};
    return true;
  });
  add_refusals(state, alert, out);
  return out;
}

class Course {
 public:
  explicit Course(std::string alert) : alert_(std::move(alert)) {}

  void take(const engine::Chapter& chapter) {
    for (std::size_t i = 0; i < chapter.body.events.size(); ++i) {
      place_ = {chapter.header.sequence, static_cast<std::uint32_t>(i)};
      at_ = chapter.header.time;
      if (chapter.shown[i])
        std::visit([this](const auto& event) { note(event); }, static_cast<const AnyEvent&>(chapter.body.events[i].event));
    }
  }
  [[nodiscard]] const std::vector<Happening>& happenings() const noexcept { return happenings_; }

 private:
  template <class T>
  void note(const T&) {}
  void note(const AlertBecamePending& event) { begin(event.alert); }
  void note(const AlertFired& event) {
    if (is_over_) begin(event.alert);
  }
  void note(const AlertResolved& event) { is_over_ = is_over_ || event.alert.text == alert_; }
  void note(const BindingTriggered& event) {
    if (event.alert == alert_ && !event.joined.empty()) add("run", event.joined, "joined");
  }
  void note(const BindingRefused& event) {
    if (event.alert == alert_) add("refused", std::string(word(event.reason)), event.message);
  }
  void note(const PlanProposed& event) {
    if (event.alert != alert_) return;
    if (event.mode == BindingMode::suggest) return add("suggested", event.run, plan_digest_text(event.plan));
    add("run", event.run, std::string(word(event.mode)) + (event.lowered_by.empty() ? "" : ", " + event.lowered_by));
  }
  void note(const NotificationIntended& event) {
    if (std::find(event.alerts.begin(), event.alerts.end(), AlertId{alert_}) == event.alerts.end()) return;
    add(is_over_ ? "told_end" : "told_firing", event.delivery.text, event.receiver);
    happenings_.back().outcome = "owed";
  }
  void note(const NotificationNotSent& event) {
    if (std::find(event.alerts.begin(), event.alerts.end(), AlertId{alert_}) == event.alerts.end()) return;
    std::string detail = event.receiver;
    for (const Muting& muting : event.by) detail += ", by " + std::string(word(muting.by)) + " " + muting.id;
    add("not_sent", std::string(word(event.reason)), std::move(detail));
  }
  void note(const NotificationSent& event) {
    outcome_of(event.delivery.text, event.remark.empty() ? "sent" : "sent, " + event.remark);
  }
  void note(const NotificationFailed& event) {
    outcome_of(event.delivery.text, event.remark.empty() ? event.reason : event.reason + ": " + event.remark);
  }
  void note(const NotificationGivenUp& event) { outcome_of(event.delivery.text, "given up: " + event.reason); }
  void note(const PlanStarted& event) { outcome_of(event.run, "running"); }
  void note(const PlanHeld& event) { outcome_of(event.run, "held: " + std::string(word(event.reason))); }
  void note(const PlanResumed& event) { outcome_of(event.run, "resumed by " + event.by); }
  void note(const CompensationStarted& event) { outcome_of(event.run, "compensating: " + event.cause); }
  void note(const PlanCompleted& event) { outcome_of(event.run, "done"); }
  void note(const PlanFailed& event) { outcome_of(event.run, "failed: " + event.reason); }
  void note(const PlanCompensated& event) { outcome_of(event.run, "compensated"); }
  void note(const PlanCancelled& event) { outcome_of(event.run, "aborted: " + event.reason); }
  void note(const PlanRefused& event) { outcome_of(event.run, "refused: " + event.reason); }
  void note(const PlanLeft& event) { outcome_of(event.run, "left by " + event.by); }

  void begin(const AlertId& alert) {
    if (alert.text != alert_) return;
    happenings_.clear();
    is_over_ = false;
  }
  void add(std::string kind, std::string what, std::string detail) {
    if (happenings_.size() == happenings_shown_max) happenings_.erase(happenings_.begin());
    happenings_.push_back({place_, at_, std::move(kind), std::move(what), std::move(detail), {}});
  }
  void outcome_of(const std::string& what, const std::string& outcome) {
    for (Happening& each : happenings_)
      if (each.what == what) each.outcome = outcome;
  }

  const std::string alert_;
  bool is_over_{true};
  EventReference place_;
  Instant at_;
  std::vector<Happening> happenings_;
};

void write_happenings(JsonWriter& json, const std::vector<Happening>& happenings, const WaitingByName& waiting) {
  json.key("followed").begin_array();
  for (const Happening& each : happenings) {
    const auto waits = waiting.find(each.kind == "refused" ? name_of_refusal(each.what, each.detail) : each.what);
    json.begin_object().key("at").string(format_rfc3339(each.at)).key("kind").string(each.kind).key("what").string(each.what);
    json.key("event").string(std::to_string(each.place.sequence) + "." + std::to_string(each.place.index));
    write_text(json, "detail", each.detail);
    write_text(json, "outcome", each.outcome.empty() && waits != waiting.end() ? waits->second.state : each.outcome);
    if (waits != waiting.end()) write_next(json, waits->second.ways);
    json.end_object();
  }
  json.end_array();
}

// --- paths ---

std::string overview_json(const core::State& state, const std::string& id, const Alert& alert, Instant now) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_overview(json, id, alert);
  write_muted_by(json, state, alert, now);
  json.end_object();
  return out;
}

void list_alerts(const CallPointer& call) {
  const std::string* wanted = call->query("state");
  if (wanted != nullptr && *wanted != "pending" && *wanted != "firing" && *wanted != "resolved")
    return call->refuse(Refused{Refusal::bad_argument, "state: expected pending, firing or resolved"}, Area::alert);
  const Instant now = call->services.watch.now();
  answer_page(call, Area::alert, [wanted, now](const core::State& state, const std::string& after, auto item) {
    state.alert.alerts.each_from(after, [&](const std::string& id, const Alert& alert) {
      if (wanted != nullptr && *wanted != state_word(alert)) return true;
      return item(id, [&] { return overview_json(state, id, alert, now); });
    });
  });
}

// The answer goes on on the history's thread, which reads what followed.
struct Begun {
  std::string id;
  std::string text;
  WaitingByName waiting;
  Sequence sequence{0};
};
void answer_with_course(const CallPointer& call, Begun begun) {
  const bool is_taken = call->services.history.run([call, begun = std::move(begun)]() mutable {
    auto& [id, text, waiting, sequence] = begun;
    const Result<std::unique_ptr<ports::JournalPort>> journal = call->services.history.open();
    if (!journal) return call->fail(journal.error());
    engine::Story story(id);
    Course course(id);
    std::optional<Error> failure;
    const Status read = (*journal)->read(1, sequence, [&](const StoredRecord& record) {
      const auto chapter = story.take(record);
      if (!chapter) failure = chapter.error();
      else if (*chapter) course.take(**chapter);
      return chapter.has_value();
    });
    if (!read || failure) return call->fail(failure ? *failure : read.error());
    std::string followed;
    JsonWriter json(followed);
    json.begin_object();
    write_happenings(json, course.happenings(), waiting);
    json.end_object();
    // Two objects become one.
    text.back() = ',';
    text.append(followed, 1);
    call->answer(std::move(text), sequence);
  });
  if (!is_taken) call->refuse(Refused{Refusal::busy, "too many questions to the journal wait"}, Area::alert);
}

void show_alert(const CallPointer& call) {
  const std::string& asked = call->path("id");
  std::vector<std::string> ids;
  Alert alert;
  std::optional<core::alert::Rule> rule;
  std::string channels;
  std::string overview;
  WaitingByName waiting;
  const Sequence sequence = call->services.follower.read([&](const core::State& state, const ChainHead& head) {
    ids = candidates(state.alert, asked);
    if (ids.size() != 1) return head.sequence;
    alert = *state.alert.alerts.find(ids.front());
    if (const core::alert::Rule* known = state.alert.rules.find(alert.rule.text)) rule = *known;
    overview = overview_json(state, ids.front(), alert, call->services.watch.now());
    JsonWriter json(channels);
    write_channels(json, state.route, ids.front());
    waiting = waiting_of(state, ids.front());
    return head.sequence;
  });
  if (ids.size() != 1) return call->refuse(not_one(asked, ids), Area::alert);
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_pairs(json, "annotations", alert.annotations);
  write_rule(json, call->services.watch, alert, rule ? &*rule : nullptr);
  write_held(json, alert);
  write_samples(json, alert.samples);
  json.key("channels").raw(channels).end_object();
  overview.back() = ',';
  text = overview + text.substr(1);
  answer_with_course(call, {ids.front(), std::move(text), std::move(waiting), sequence});
}

}  // namespace

Routes alert_routes() {
  return {
      {"GET",
       "/api/watchbill/v1/alerts",
       "alerts with their ids: pending, firing, and those that were resolved a short while ago",
       "viewer",
       {limit_member, cursor_member, {"state", ValueKind::text, "only those that are pending, firing or resolved"}},
       {},
       {},
       list_alerts},
      {"GET",
       "/api/watchbill/v1/alerts/{id}",
       "one alert, by its id, the beginning of it, or its name: samples, rule, runs, refusals, messages",
       "viewer",
       {},
       {},
       {Refusal::unknown_alert},
       show_alert},
  };
}

}  // namespace watchbill::api
