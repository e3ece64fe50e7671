#include "drivers/systemd/units.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/unit_name.h"
#include "drivers/systemd/command.h"

namespace watchbill::drivers::systemd {
namespace {

using ports::OneShotEnd;
using ports::OneShotOutcome;
using ports::UnitEnd;
using ports::UnitOutcome;
using ports::UnitState;
using ports::UnitVerb;

constexpr Duration read_timeout = Duration::seconds(10);

std::string_view word_of(UnitVerb verb) {
  switch (verb) {
    case UnitVerb::start: return "start";
    case UnitVerb::stop: return "stop";
    case UnitVerb::restart: return "restart";
  }
  return "";
}

bool is_as_asked(UnitVerb verb, const UnitState& state) {
  if (verb == UnitVerb::stop) return state.active_state == "inactive" || state.active_state == "failed";
  return state.active_state == "active";
}

// What the job's end says by itself. Nothing: it ended well, and the unit decides.
std::optional<UnitOutcome> outcome_of(const OneShotOutcome& job) {
  const auto told = [&job](UnitEnd end) {
    std::string detail = job.refusal.empty() ? job.err.head + job.err.tail : job.refusal + ": " + job.detail;
    while (!detail.empty() && detail.back() == '\n') detail.pop_back();
    return UnitOutcome{end, std::move(detail), {}};
  };
  switch (job.end) {
    case OneShotEnd::exited:
      if (job.value == 0) return std::nullopt;
      // LSB: 4 no rights, 5 not installed. Source: systemctl(1), "Exit status".
      return told(job.value == 4 || job.value == 5 ? UnitEnd::refused : UnitEnd::failed);
    case OneShotEnd::not_executed: case OneShotEnd::refused: return told(UnitEnd::refused);
    // The job goes on in systemd: whether it was reached the unit shows, not its end.
    case OneShotEnd::signalled: case OneShotEnd::timed_out: case OneShotEnd::unkillable: case OneShotEnd::unknown: break;
  }
  return told(UnitEnd::unknown);
}

}  // namespace

UnitState parse_unit(std::string_view text) {
  UnitState state;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
    if (key == "LoadState") state.is_loaded = value == "loaded";
    else if (key == "ActiveState") state.active_state = value;
    else if (key == "SubState") state.sub_state = value;
    else if (key == "InvocationID") state.invocation_id = value;
    else if (key == "MainPID") std::from_chars(value.data(), value.data() + value.size(), state.main_pid);
    else if (key == "Result") state.result = value;
  }
  return state;
}

void Units::read(const std::string& unit, std::function<void(Result<UnitState>)> done) {
  if (!is_unit_name(unit)) {
    loop_.post([unit, done = std::move(done)] {
      done(Error{ErrorKind::invalid, "read unit", unit, "expected a name such as nginx.service"});
    });
    return;
  }
  const std::vector<std::string> argv{
      settings_.systemctl, "show", "--property=LoadState,ActiveState,SubState,InvocationID,MainPID,Result", "--", unit};
  run_command(loop_, argv, read_timeout, [unit, done = std::move(done)](const Result<CommandAnswer>& answer) {
    if (!answer) return done(answer.error());
    if (answer->exit_code != 0)
      return done(Error{ErrorKind::not_found, "read unit", unit,
                        "systemctl ended with " + std::to_string(answer->exit_code) + ": systemd does not answer here"});
    done(parse_unit(answer->out));
  });
}

void Units::change(ports::UnitChange change, std::function<void(UnitOutcome)> done) {
  if (!is_unit_name(change.unit)) {
    loop_.post([unit = change.unit, done = std::move(done)] {
      done({UnitEnd::refused, unit + " is no unit's name: expected one such as nginx.service", {}});
    });
    return;
  }
  ports::OneShot shot;
  shot.effect_id = change.effect_id;
  shot.attempt = change.attempt;
  // It returns when the job has ended, and says how.
  shot.argv = {settings_.systemctl, std::string(word_of(change.verb)), "--no-ask-password", "--", change.unit};
  shot.user = settings_.user;
  shot.working_directory = "/";
  shot.timeout = change.timeout;
  one_shots_.run(std::move(shot),
                 [this, change, done = std::move(done)](const OneShotOutcome& job) { judge(change, job, done); });
}

void Units::judge(const ports::UnitChange& change, const OneShotOutcome& job, std::function<void(UnitOutcome)> done) {
  auto told = outcome_of(job);
  if (told && told->end == UnitEnd::refused) return done(std::move(*told));
  read(change.unit, [change, told = std::move(told), done = std::move(done)](Result<UnitState> state) {
    UnitOutcome outcome = told.value_or(UnitOutcome{UnitEnd::done, {}, {}});
    if (!state) {
      outcome.end = UnitEnd::unknown;
      outcome.detail = state.error().text();
      return done(std::move(outcome));
    }
    outcome.state = std::move(*state);
    if (outcome.end == UnitEnd::done && !is_as_asked(change.verb, outcome.state)) {
      outcome.end = UnitEnd::failed;
      outcome.detail = "the job ended, and the unit is " + outcome.state.active_state;
    }
    done(std::move(outcome));
  });
}

}  // namespace watchbill::drivers::systemd
