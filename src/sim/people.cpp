#include "sim/people.h"

#include <array>

namespace watchbill::sim {
namespace {

constexpr Duration patience = Duration::seconds(2);  // then the same request is sent again
constexpr int tries_max = 40;

struct Person {
  std::string_view name;
  std::string_view role;
};
constexpr std::array<Person, 3> persons{{{"ana", "operator"}, {"bo", "approver"}, {"eve", "viewer"}}};
constexpr std::array<std::string_view, 4> scopes{"all", "binding/Alert0", "workload/web", "nonsense"};

}  // namespace

void People::start() {
  links_.agenda.plan(links_.now() + Duration::milliseconds(random_.between(100, 3000)), [this] {
    if (is_stopped_) return;
    ask(next_command(), tries_max);
    start();
  });
}

Command People::next_command() {
  const Person& person = persons[random_.below(persons.size())];
  Command command;
  command.actor = Actor{ActorKind::caller, std::string(person.name), {std::string(person.role)}};
  const std::uint64_t dice = random_.below(100);
  if (dice < 15) {
    command.body = about_silences();
  } else if (dice < 25) {
    command.body = outside_alerts();
  } else if (dice < 50) {
    const std::string body = "{\"text\":\"message " + std::to_string(next_id_) + "\"}";
    RequestNotification request;
    request.body = sha256(body);
    request.kind = static_cast<DeliveryKind>(random_.below(Words<DeliveryKind>::table.size()));
    request.receiver = "team-" + std::to_string(random_.below(3));
    request.subject = "message " + std::to_string(next_id_);
    command.body = request;
    command.blobs.push_back(body);
  } else if (dice < 65) {
    SetHold hold;
    hold.reason = random_.chance(90) ? "looking at the disks" : "";
    hold.restarts = random_.chance(20);
    hold.scope = std::string(scopes[random_.below(scopes.size())]);
    command.body = hold;
  } else if (dice < 90) {
    ReleaseHold release;
    release.reason = "done";
    release.scope = std::string(scopes[random_.below(scopes.size())]);
    command.body = release;
  } else {
    const std::vector<std::string> letters = links_.dead_letters();
    ResendNotification resend;
    resend.delivery.text = letters.empty() ? "unknown" : letters[random_.below(letters.size())];
    command.body = resend;
  }
  if (random_.chance(80)) command.request = Request{sha256(canonical_body(command.body)), "req-" + std::to_string(next_id_)};
  ++next_id_;
  return command;
}

CommandBody People::about_silences() {
  const std::vector<std::string> known = links_.silences();
  const auto any = [&] { return known.empty() ? "unknown" : known[random_.below(known.size())]; };
  if (random_.chance(30)) return ExpireSilence{SilenceId{any()}};
  constexpr std::array<std::string_view, 5> values{"a", "b", "c", "r1", "HostDown"};
  const std::string value(values[random_.below(values.size())]);
  SetSilence set;
  set.comment = "a quiet night";
  set.created_by = "ana";
  const std::string name = value == "HostDown" ? "alertname" : value == "r1" ? "rack" : "instance";
  set.matchers = {{random_.chance(70) ? MatcherKind::equal : MatcherKind::regex, name, value}};
  if (random_.chance(20)) set.silence.text = any();
  set.starts_at = links_.now() + Duration::seconds(random_.between(-30, 60));
  set.ends_at = set.starts_at + Duration::seconds(random_.between(20, 600));
  return set;
}

// What a Prometheus would send: some fire, some are over, many are known already.
NoteAlerts People::outside_alerts() {
  NoteAlerts note;
  for (const char* name : {"RackDown", "SwitchDown"})
    for (const char* rack : {"r1", "r2"}) {
      if (random_.chance(50)) continue;
      OutsideAlert& alert = note.alerts.emplace_back();
      alert.labels = Labels({{"alertname", name}, {"rack", rack}});
      alert.starts_at = links_.now() - Duration::seconds(random_.between(0, 90));
      if (random_.chance(50)) continue;
      alert.cause = random_.chance(80) ? AlertEnd::sender : AlertEnd::expired;
      alert.ends_at = links_.now();
    }
  return note;
}

void People::ask(const Command& command, int tries_left) {
  auto is_answered = std::make_shared<bool>(false);
  links_.ask(command, [this, command, is_answered, tries_left](const core::Answer& answer) {
    *is_answered = true;
    const bool is_later = answer.refused && family_of(answer.refused->reason) == RefusalFamily::try_later && answer.sequence == 0;
    if (!is_later) {
      note(command, answer);
      // Some callers repeat what was answered already: a proxy, an impatient finger.
      if (command.request && random_.chance(10) && tries_left > 0) ask(command, 0);
    } else if (tries_left > 0) {
      links_.agenda.plan(links_.now() + patience, [this, command, tries_left] { ask(command, tries_left - 1); });
    }
  });
  if (*is_answered || !command.request || tries_left == 0) return;
  links_.agenda.plan(links_.now() + patience, [this, command, is_answered, tries_left] {
    if (!*is_answered) ask(command, tries_left - 1);
  });
}

void People::note(const Command& command, const core::Answer& answer) {
  if (!command.request || answer.sequence == 0) return;
  const std::string key = command.actor.name + " " + command.request->id;
  const auto [known, is_first] = answers_.try_emplace(key, answer);
  if (is_first) {
    acknowledged_.push_back(Acknowledged{command.actor.name, command.request->id, answer});
    return;
  }
  const core::Answer& first = known->second;
  if (first.sequence != answer.sequence || first.subject != answer.subject ||
      first.refused.has_value() != answer.refused.has_value())
    contradiction_ =
        key + ": first record " + std::to_string(first.sequence) + ", then record " + std::to_string(answer.sequence);
}

}  // namespace watchbill::sim
