#include "drivers/agent/probes.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

#include "base/sha256.h"

namespace watchbill::drivers::agent {

namespace wire = model::wire;

static_assert(static_cast<int>(supervise::Health::down) == static_cast<int>(ProbeHealth::down));
static_assert(static_cast<int>(ports::ProbeVerdict::error) == static_cast<int>(supervise::ProbeResult::error));

namespace {

using ports::ProbeResult;
using ports::ProbeVerdict;

constexpr Duration first_spread = Duration::seconds(1);  // of the first questions, so that thousands do not begin at once
constexpr std::size_t answer_bytes_max = 1U << 20;       // what a probe's answer says is not looked at
constexpr int exit_cannot_tell = 75;

Instant steady_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

// To the next time that lies `phase` after a multiple of `every`.
Duration until_slot(Instant now, Duration phase, Duration every) {
  const std::int64_t since = (now.ms - phase.ms) % every.ms;
  return {every.ms - (since < 0 ? since + every.ms : since)};
}

supervise::HealthRule rule_of(const ProbeConfiguration& probe) {
  return {probe.rise, probe.fall, probe.stale_after.value_or(probe.every * 3)};
}

std::string asked_of(const ProbeConfiguration& probe) {
  if (probe.kind != ProbeKind::exec) return probe.target;
  return probe.command.empty() ? "" : probe.command.front();
}

ProbeResult result_of(const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
  using Kind = ports::HttpFailureKind;
  if (answer) {
    const bool passes = answer->status >= 200 && answer->status < 300;
    return {passes ? ProbeVerdict::pass : ProbeVerdict::fail, "http " + std::to_string(answer->status), answer->took};
  }
  const Kind kind = answer.error().kind;
  // Nobody was asked.
  const bool is_ours = kind == Kind::call_invalid || kind == Kind::too_many_calls || kind == Kind::name_not_resolved ||
                       kind == Kind::cancelled_before_sending || kind == Kind::cancelled_after_sending;
  return {is_ours ? ProbeVerdict::error : ProbeVerdict::fail, std::string(word(kind)) + ": " + answer.error().detail, {}};
}

ProbeResult result_of(const wire::ProbeDone& done) {
  if (done.timed_out) return {ProbeVerdict::fail, "no answer in time", done.took};
  switch (done.how) {
    case wire::ExitHow::code:
      if (done.value == 0) return {ProbeVerdict::pass, {}, done.took};
      return {done.value == exit_cannot_tell ? ProbeVerdict::error : ProbeVerdict::fail, "exit " + std::to_string(done.value),
              done.took};
    case wire::ExitHow::signal: return {ProbeVerdict::fail, "signal " + std::to_string(done.value), done.took};
    case wire::ExitHow::not_executed: return {ProbeVerdict::error, std::strerror(done.value), done.took};
    case wire::ExitHow::unseen: break;
  }
  return {ProbeVerdict::error, "its end was not seen", done.took};
}

struct HostAndPort {
  std::string host;
  std::uint16_t port{0};
};

// "HOST:PORT", "[::1]:PORT".
std::optional<HostAndPort> split(const std::string& target) {
  const std::size_t colon = target.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostAndPort split{target.substr(0, colon), 0};
  const bool is_bracketed = split.host.size() > 2 && split.host.front() == '[' && split.host.back() == ']';
  if (is_bracketed) split.host = split.host.substr(1, split.host.size() - 2);
  const char* const end = target.data() + target.size();
  const auto [after, failure] = std::from_chars(target.data() + colon + 1, end, split.port);
  if (failure != std::errc{} || after != end) return std::nullopt;
  return split;
}

}  // namespace

Duration phase_of(std::string_view subject, ProbeRole role, Duration every) {
  const Digest digest = Sha256().add(subject).add("/").add(word(role)).finish();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 7; ++i) number = number << 8 | digest.bytes[i];
  return {static_cast<std::int64_t>(number % static_cast<std::uint64_t>(every.ms))};
}

void Probes::set_targets(std::vector<ProbeTarget> targets) {
  std::map<Key, ProbeTarget> wanted;
  for (ProbeTarget& target : targets) {
    Key key{target.subject, target.role};
    wanted.insert_or_assign(std::move(key), std::move(target));
  }
  for (auto at = probes_.begin(); at != probes_.end();) {
    const auto same = wanted.find(at->first);
    Probe& probe = at->second;
    const bool goes_on = same != wanted.end() && same->second.incarnation == probe.target.incarnation &&
                         same->second.probe == probe.target.probe;
    if (goes_on) {
      probe.target = std::move(same->second);
      wanted.erase(same);
      look_for_ready(at->first);
      ++at;
      continue;
    }
    end(probe);
    at = probes_.erase(at);
  }
  for (auto& [key, target] : wanted) begin(key, std::move(target));
}

void Probes::begin(const Key& key, ProbeTarget target) {
  Probe& probe = probes_[key];
  probe.order = ++order_;
  probe.rule = rule_of(target.probe);
  probe.state = supervise::HealthState::begin(steady_now());
  probe.state.health = static_cast<supervise::Health>(target.believed);
  probe.target = std::move(target);
  // READY=1 is told when it comes; there is nothing to ask.
  if (probe.target.probe.kind == ProbeKind::notify) return look_for_ready(key);
  const bool is_ready = key.second == ProbeRole::ready && probe.target.believed == ProbeHealth::up;
  if (is_ready && parts_.ready_changed) parts_.ready_changed(key.first, probe.target.incarnation, true);
  plan(key, phase_of(key.first, key.second, std::min(first_spread, probe.target.probe.every)));
}

void Probes::end(Probe& probe) {
  if (probe.timer) parts_.loop.cancel(*probe.timer);
}

void Probes::plan(const Key& key, Duration delay) {
  probes_.at(key).timer = parts_.loop.after(delay, [this, key] { turn(key); });
}

// A slow question is never asked twice at once: its turn is skipped.
void Probes::turn(const Key& key) {
  Probe& probe = probes_.at(key);
  const Duration every = probe.target.probe.every;
  const Instant now = steady_now();
  Duration next = until_slot(now, phase_of(key.first, key.second, every), every);
  // The first question comes off the beat; the next one must not follow at its heels.
  if (next * 2 < every) next = next + every;
  plan(key, next);
  if (supervise::expire(probe.rule, probe.state, now)) changed(key, probe);
  if (!probe.is_asking) ask(key, probe);
}

void Probes::ask(const Key& key, Probe& probe) {
  probe.is_asking = true;
  const SharedProbeDone done = [this, key, order = probe.order](const ProbeResult& result) { take(key, order, result); };
  const ProbeConfiguration& asked = probe.target.probe;
  switch (asked.kind) {
    case ProbeKind::http: return ask_http(probe.target, done);
    case ProbeKind::tcp: return ask_tcp(probe.target, done);
    case ProbeKind::unix_socket: return parts_.connect.connect_unix(asked.target, asked.timeout, done);
    case ProbeKind::exec: return ask_exec(probe.target, done);
    case ProbeKind::query:
      if (parts_.query) return parts_.query(asked.target, asked.timeout, done);
      parts_.loop.post([done] { done({ProbeVerdict::error, "no store answers queries", {}}); });
      return;
    case ProbeKind::notify: return;
  }
}

void Probes::ask_http(const ProbeTarget& target, const SharedProbeDone& done) {
  ports::HttpCall call;
  call.url = target.probe.target;
  call.timeout = target.probe.timeout;
  call.connect_timeout = target.probe.timeout;
  call.body_bytes_max = answer_bytes_max;
  call.may_be_sent_twice = true;
  parts_.http.start(std::move(call), [done](const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
    done(result_of(answer));
  });
}

void Probes::ask_tcp(const ProbeTarget& target, const SharedProbeDone& done) {
  const auto place = split(target.probe.target);
  if (place) return parts_.connect.connect_tcp(place->host, place->port, target.probe.timeout, done);
  parts_.loop.post([done] { done({ProbeVerdict::error, "expected HOST:PORT", {}}); });
}

// Accounts and files are read where that may wait.
void Probes::ask_exec(const ProbeTarget& target, const SharedProbeDone& done) {
  struct Made {
    Texts texts;
    wire::Probe probe;
  };
  ProgramDescription description = target.program;
  description.command = target.probe.command;
  const auto send = [this, done](const std::shared_ptr<const Made>& made) {
    if (!parts_.link.is_ready()) return done({ProbeVerdict::error, "the keeper cannot be asked", {}});
    parts_.link.ask(made->probe, [done](KeeperLink::Outcome outcome, const wire::Frame& frame) {
      wire::ProbeDone answer;
      wire::Refused refused;
      const bool is_answered = outcome == KeeperLink::Outcome::answered;
      if (is_answered && frame.type == wire::MessageType::probe_done && wire::read_message(frame.body, answer))
        return done(result_of(answer));
      const bool is_refused =
          is_answered && frame.type == wire::MessageType::refused && wire::read_message(frame.body, refused);
      done({ProbeVerdict::error, is_refused ? std::string(word(refused.reason)) : "the keeper did not answer", {}});
    });
  };
  const auto make = [this, description = std::move(description), timeout = target.probe.timeout, send, done] {
    auto made = std::make_shared<Made>();
    const auto program = make_program(description, made->texts);
    if (!program) {
      const std::string problem = program.error().reason + ": " + program.error().detail;
      return parts_.loop.post([done, problem] { done({ProbeVerdict::error, problem, {}}); });
    }
    made->probe = {*program, timeout};
    parts_.loop.post([send, made] { send(made); });
  };
  if (!parts_.run_elsewhere(make)) parts_.loop.post([done] { done({ProbeVerdict::error, "too much waits for the disk", {}}); });
}

void Probes::take(const Key& key, std::uint64_t order, const ProbeResult& result) {
  const auto at = probes_.find(key);
  if (at == probes_.end() || at->second.order != order) return;
  Probe& probe = at->second;
  probe.is_asking = false;
  probe.detail = result.detail;
  if (result.verdict != ProbeVerdict::error && parts_.sampled)
    parts_.sampled({key.first, key.second, asked_of(probe.target.probe), probe.target.probe.labels, result.verdict, result.took});
  if (supervise::observe(probe.rule, probe.state, static_cast<supervise::ProbeResult>(result.verdict), steady_now()))
    changed(key, probe);
  // The core did not take what it was told: an incarnation that it had not heard of, or a controller before this one.
  else if (static_cast<ProbeHealth>(probe.state.health) != probe.target.believed) tell(key);
}

void Probes::changed(const Key& key, Probe& probe) {
  if (key.second == ProbeRole::ready && parts_.ready_changed)
    parts_.ready_changed(key.first, probe.target.incarnation, probe.state.health == supervise::Health::up);
  tell(key);
}

void Probes::tell(const Key& key) {
  Probe& probe = probes_.at(key);
  if (probe.is_telling) return;
  probe.is_telling = true;
  ProbeChanged command;
  command.detail = probe.detail;
  command.health = static_cast<ProbeHealth>(probe.state.health);
  command.incarnation = probe.target.incarnation;
  command.role = probe.target.role;
  command.workload = probe.target.subject;
  const auto told = [this, key, order = probe.order, health = command.health](OfferOutcome outcome) {
    const auto at = probes_.find(key);
    if (at == probes_.end() || at->second.order != order) return;
    at->second.is_telling = false;
    const bool is_other = static_cast<ProbeHealth>(at->second.state.health) != health;
    if (outcome == OfferOutcome::again || is_other) tell(key);
  };
  parts_.offer(command, {}, [this, told](OfferOutcome outcome) {
    parts_.loop.post([this, told, outcome] {
      if (outcome == OfferOutcome::again) parts_.loop.after(offer_pause, [told, outcome] { told(outcome); });
      else told(outcome);
    });
  });
}

void Probes::note_ready(const std::string& workload) {
  for (const ProbeRole role : {ProbeRole::started, ProbeRole::ready})
    if (const Key key{workload, role}; probes_.contains(key)) look_for_ready(key);
}

void Probes::look_for_ready(const Key& key) {
  Probe& probe = probes_.at(key);
  const bool is_ready = probe.target.probe.kind == ProbeKind::notify && probe.target.believed != ProbeHealth::up &&
                        parts_.has_said_ready(key.first, probe.target.incarnation);
  if (!is_ready) return;
  probe.state.health = supervise::Health::up;
  probe.detail = "READY=1";
  tell(key);
}

void Probes::tell_stable_again() {
  for (const auto& [key, probe] : probes_)
    if (key.second == ProbeRole::ready && probe.state.health == supervise::Health::up && parts_.ready_changed)
      parts_.ready_changed(key.first, probe.target.incarnation, true);
}

}  // namespace watchbill::drivers::agent
