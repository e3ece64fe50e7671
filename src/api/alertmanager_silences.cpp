// Alertmanager's /api/v2/silences and /api/v2/silence/{id}. A silence is a command: what is answered 200 is durable.
#include <algorithm>

#include "api/alertmanager.h"
#include "api/routes.h"

namespace watchbill::api {
namespace {

using core::route::Silence;
using core::route::SilencePhase;

constexpr std::size_t silences_of_piece = 128;
constexpr std::uint32_t silence_not_found = 404;
constexpr std::string_view no_such_silence = "silence not found";

void write_silence(JsonWriter& json, const std::string& id, const Silence& silence, Instant now) {
  json.begin_object().key("id").string(id).key("status").begin_object();
  json.key("state").string(word(core::route::phase_of(silence, now))).end_object();
  json.key("updatedAt").string(format_rfc3339(silence.updated_at)).key("comment").string(silence.comment);
  json.key("createdBy").string(silence.created_by).key("endsAt").string(format_rfc3339(silence.ends_at));
  json.key("matchers").begin_array();
  for (const LabelMatcher& matcher : silence.matchers) {
    const bool is_equal = matcher.kind == MatcherKind::equal || matcher.kind == MatcherKind::regex;
    const bool is_regex = matcher.kind == MatcherKind::regex || matcher.kind == MatcherKind::not_regex;
    json.begin_object().key("isEqual").boolean(is_equal).key("isRegex").boolean(is_regex);
    json.key("name").string(matcher.name).key("value").string(matcher.value).end_object();
  }
  json.end_array().key("startsAt").string(format_rfc3339(silence.starts_at)).end_object();
}

// --- GET ---

struct ShownSilence {
  SilencePhase phase{SilencePhase::active};
  std::string id;
  Silence silence;
};

// Active ones first, the next to end before the others; then those to come, the next one first; then those that ended last.
bool is_listed_before(const ShownSilence& a, const ShownSilence& b) {
  const auto rank = [](SilencePhase phase) { return phase == SilencePhase::active ? 0 : phase == SilencePhase::pending ? 1 : 2; };
  if (a.phase != b.phase) return rank(a.phase) < rank(b.phase);
  switch (a.phase) {
    case SilencePhase::active: return a.silence.ends_at < b.silence.ends_at;
    case SilencePhase::pending: return a.silence.starts_at < b.silence.starts_at;
    case SilencePhase::expired: return a.silence.ends_at > b.silence.ends_at;
  }
  return false;
}

// Every matcher of the filter stands in the silence just so.
bool has_all(const Silence& silence, const std::vector<LabelMatcher>& filter) {
  return std::all_of(filter.begin(), filter.end(), [&silence](const LabelMatcher& wanted) {
    return std::find(silence.matchers.begin(), silence.matchers.end(), wanted) != silence.matchers.end();
  });
}

std::vector<ShownSilence> shown_silences(const Services& services, const std::vector<LabelMatcher>& filter, Instant now) {
  std::vector<ShownSilence> out;
  std::string next;
  for (bool is_more = true; is_more;) {
    is_more = false;
    services.follower.read([&](const core::State& state, const ChainHead&) {
      std::size_t visited = 0;
      state.route.silences.each_from(next, [&](const std::string& id, const Silence& silence) {
        if (visited++ == silences_of_piece) {
          next = id;
          is_more = true;
          return false;
        }
        if (has_all(silence, filter)) out.push_back({core::route::phase_of(silence, now), id, silence});
        return true;
      });
    });
  }
  std::stable_sort(out.begin(), out.end(), is_listed_before);
  return out;
}

void list_silences(const CallPointer& call) {
  auto filter = filter_parameters(*call);
  if (!filter) return answer_alertmanager(*call, 400, filter.error());
  answer_beside(call, [filter = std::move(*filter)](const CallPointer& beside) {
    const Instant now = beside->services.watch.now();
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const ShownSilence& each : shown_silences(beside->services, filter, now))
      write_silence(json, each.id, each.silence, now);
    json.end_array();
    answer_json(*beside, std::move(out));
  });
}

// The id of the path in small letters; absent: it was answered.
std::optional<std::string> silence_of(Call& call) {
  std::string id = call.path("id");
  if (outside::is_uuid(id)) return lowered(id);
  constexpr int wrong_format = 601;
  answer_fault(call, {wrong_format, "silenceID in path must be of type uuid: " + quoted(id.substr(0, 128))});
  return std::nullopt;
}

std::optional<Silence> find_silence(const Services& services, const std::string& id) {
  return services.follower.read([&id](const core::State& state, const ChainHead&) {
    const Silence* silence = state.route.silences.find(id);
    return silence == nullptr ? std::nullopt : std::optional<Silence>(*silence);
  });
}

void show_silence(const CallPointer& call) {
  const std::optional<std::string> id = silence_of(*call);
  if (!id) return;
  const std::optional<Silence> silence = find_silence(call->services, *id);
  if (!silence) return call->answer(ports::HttpResponse{silence_not_found, {}, {}});
  std::string out;
  JsonWriter json(out);
  write_silence(json, *id, *silence, call->services.watch.now());
  answer_json(*call, std::move(out));
}

// --- POST ---

// What Alertmanager says of a silence that it does not keep; "" when it does.
std::string silence_fault(const outside::PostedSilence& silence, Instant now) {
  if (silence.starts_at >= silence.ends_at) return "Failed to create silence: start time must be before end time";
  if (silence.ends_at < now) return "Failed to create silence: end time can't be in the past";
  return {};
}

std::string silence_fault(const std::vector<LabelMatcher>& matchers) {
  constexpr std::string_view invalid = "silence invalid: ";
  bool narrows = false;
  for (std::size_t i = 0; i < matchers.size(); ++i) {
    const std::string place = std::string(invalid) + "invalid label matcher " + std::to_string(i) + ": ";
    if (!is_label_name(matchers[i].name)) return place + "invalid label name " + quoted(matchers[i].name.substr(0, 128));
    const auto compiled = Matchers::compile({matchers[i]});
    if (find_fault(matchers[i]) || !compiled) {
      const auto fault = find_fault(matchers[i]);
      return place + "invalid regular expression " + quoted(matchers[i].value.substr(0, 256)) + ": " +
             (fault ? fault->text : compiled.error().text());
    }
    // As there: a matcher that excludes something is taken to narrow.
    const bool excludes = matchers[i].kind == MatcherKind::not_equal || matchers[i].kind == MatcherKind::not_regex;
    narrows = narrows || excludes || !compiled->match(Labels{});
  }
  return narrows ? "" : std::string(invalid) + "at least one matcher must not match the empty string";
}

void answer_set(Call& call, const std::string& asked, const core::Answer& answer) {
  if (answer.refused && answer.refused->reason == Refusal::unknown_silence)
    return answer_alertmanager(call, silence_not_found, no_such_silence);
  if (answer.refused) return call.refuse(*answer.refused, Area::mute, answer.sequence);
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("silenceID").string(answer.subject.empty() ? asked : answer.subject).end_object();
  call.answer(std::move(out), answer.sequence);
}

void set_silence(const CallPointer& call) {
  if (refuse_other_media(*call)) return;
  auto posted = outside::read_silence(call->request.body);
  if (!posted) return answer_fault(*call, posted.error());
  if (const std::string fault = silence_fault(*posted, call->services.watch.now()); !fault.empty())
    return answer_alertmanager(*call, 400, fault);
  posted->id = lowered(posted->id);
  if (!posted->id.empty() && !find_silence(call->services, posted->id))
    return answer_alertmanager(*call, silence_not_found, no_such_silence);
  if (const std::string fault = silence_fault(posted->matchers); !fault.empty()) return answer_alertmanager(*call, 400, fault);
  SetSilence command{posted->comment, posted->created_by, posted->ends_at, std::move(posted->matchers), SilenceId{posted->id},
                     posted->starts_at};
  call->offer(std::move(command), {},
              [call, asked = posted->id](const core::Answer& answer) { answer_set(*call, asked, answer); });
}

// --- DELETE ---

void expire_silence(const CallPointer& call) {
  const std::optional<std::string> id = silence_of(*call);
  if (!id) return;
  call->offer(ExpireSilence{SilenceId{*id}}, {}, [call](const core::Answer& answer) {
    if (answer.refused && answer.refused->reason == Refusal::unknown_silence)
      return answer_alertmanager(*call, silence_not_found, no_such_silence);
    if (answer.refused) return call->refuse(*answer.refused, Area::mute, answer.sequence);
    call->answer(ports::HttpResponse{200, {}, {}}, answer.sequence);
  });
}

Route silence_route(std::string_view method, std::string_view pattern, std::string_view summary, std::string_view role,
                    void (*handle)(const CallPointer&)) {
  return {method, pattern, summary, role, {}, {}, {}, handle, Decides::route, Dialect::alertmanager};
}

}  // namespace

Routes alertmanager_silence_routes() {
  Route list = silence_route("GET", "/api/v2/silences", "silences, as an Alertmanager lists them", "viewer", list_silences);
  list.query = {{"filter", ValueKind::text, "a matcher that a silence has just so; may come many times"}};
  Route set = silence_route("POST", "/api/v2/silences", "make a silence, or change one", "operator", set_silence);
  set.takes = "application/json";
  set.reads_forms = false;
  set.refusals = {Refusal::unknown_silence, Refusal::too_many_silences, Refusal::journal_full, Refusal::closing};
  Route expire = silence_route("DELETE", "/api/v2/silence/{id}", "end a silence now", "operator", expire_silence);
  expire.refusals = {Refusal::unknown_silence, Refusal::journal_full, Refusal::closing};
  return {list, set, silence_route("GET", "/api/v2/silence/{id}", "one silence", "viewer", show_silence), expire};
}

}  // namespace watchbill::api
