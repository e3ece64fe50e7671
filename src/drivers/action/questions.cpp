#include "drivers/action/questions.h"

#include <charconv>

#include "base/sha256.h"

namespace watchbill::drivers::action {
namespace {

struct Endpoint {
  std::string host;
  std::uint16_t port{0};
};

// "HOST:PORT", "[ADDRESS]:PORT".
std::optional<Endpoint> endpoint_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  Endpoint out;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (failure != std::errc{} || end != digits.data() + digits.size() || out.port == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  out.host = std::string(host);
  return out;
}

Answer no_data(std::string reason) { return Answer{Observed::no_data, std::move(reason), {}, {}, false}; }

Answer answer_of(Judged judged, std::string output, const std::vector<std::string>& secrets) {
  SafeText safe = safe_text(std::move(output), secrets);
  return Answer{judged.answer, std::move(judged.reason), {}, std::move(safe.text), safe.is_redacted};
}

}  // namespace

void Questions::answer(Answer answer, std::function<void(Answer)> done) {
  parts_.post([answer = std::move(answer), done = std::move(done)] { done(answer); });
}

void Questions::ask(Question question, std::function<void(Answer)> done) {
  if (question.timeout <= Duration{}) return answer(no_data("no_time_left"), std::move(done));
  const Opened opened = open_secrets(question.args, parts_.secret);
  if (!opened.missing.empty()) return answer(no_data("secret_missing: " + opened.missing), std::move(done));
  switch (question.kind) {
    case ActionKind::query: {
      Condition condition{std::string(text_of(question.args, "query")), question.newer_than};
      return parts_.condition(std::move(condition), [post = parts_.post, done = std::move(done)](Answer found) {
        post([found = std::move(found), done] { done(found); });
      });
    }
    case ActionKind::http: return ask_http(question, opened, std::move(done));
    case ActionKind::tcp: return ask_tcp(question, std::move(done));
    case ActionKind::exec: return ask_exec(question, opened, std::move(done));
    case ActionKind::file: case ActionKind::service: case ActionKind::symlink: case ActionKind::workload: break;
  }
  answer(no_data("not_a_question: " + std::string(word(question.kind))), std::move(done));
}

void Questions::ask_http(const Question& question, const Opened& opened, std::function<void(Answer)> done) {
  auto call = call_of(opened.values, question.timeout);
  if (!call) return answer(no_data("url_missing"), std::move(done));
  call->may_be_sent_twice = true;
  parts_.client.start(std::move(*call), [args = opened.values, secrets = opened.secrets, done = std::move(done)](
                                            const Result<ports::HttpAnswer, ports::HttpFailure>& answer) {
    done(answer_of(judge(args, answer), answer ? answer->body : std::string(), secrets));
  });
}

void Questions::ask_tcp(const Question& question, std::function<void(Answer)> done) {
  const auto endpoint = endpoint_of(text_of(question.args, "address"));
  if (!endpoint) return answer(no_data("address_invalid"), std::move(done));
  parts_.prober.connect_tcp(endpoint->host, endpoint->port, question.timeout,
                            [done = std::move(done)](const ports::ProbeResult& result) {
                              const Observed observed = result.verdict == ports::ProbeVerdict::pass   ? Observed::true_
                                                        : result.verdict == ports::ProbeVerdict::fail ? Observed::false_
                                                                                                      : Observed::no_data;
                              done(Answer{observed, result.detail, {}, {}, false});
                            });
}

EffectId Questions::exec_id(const std::string& name) { return EffectId{sha256(name).hex().substr(0, 32)}; }

void Questions::ask_exec(const Question& question, const Opened& opened, std::function<void(Answer)> done) {
  PlanAction action;
  action.args = opened.values;
  action.capability = Capability::probe;
  action.kind = ActionKind::exec;
  const EffectId id = exec_id(question.name);
  const std::uint32_t attempt = question.attempt;
  auto shot = one_shot_of(action, ExecPlace{question.place, Direction::do_, id, attempt, 0}, question.timeout);
  if (!shot) return answer(no_data("argv_missing"), std::move(done));
  parts_.one_shots.run(std::move(*shot), [this, id, attempt, secrets = opened.secrets, done = std::move(done)](
                                             const ports::OneShotOutcome& end) {
    // A question is asked again when its answer was lost.
    parts_.one_shots.recorded(id.text, attempt);
    done(answer_of(judge(end), outcome_of(end).output, secrets));
  });
}

}  // namespace watchbill::drivers::action
