// Asks one thing of the world, changing nothing: the kinds query, http, tcp and exec. Loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/action/exec_action.h"
#include "drivers/action/redaction.h"
#include "ports/http_client.h"
#include "ports/one_shot.h"
#include "ports/probe.h"

namespace watchbill::drivers::action {

struct Answer {
  Observed observed{Observed::no_data};
  std::string reason;                // of what is not true
  std::vector<std::string> samples;  // of a query, at most 32
  std::string output;                // of http and exec, safe to be recorded
  bool is_redacted{false};
};

// A condition of a query, as the evaluation pool answers it. `done` on any thread, once.
struct Condition {
  std::string query;
  std::optional<Instant> newer_than;  // the newest sample of each selector has to be younger
};
using AskCondition = std::function<void(Condition, std::function<void(Answer)> done)>;

class Questions {
 public:
  struct Parts {
    ports::HttpClient& client;       // on the loop
    ports::ConnectProber& prober;    // on the loop
    ports::OneShotPort& one_shots;   // on the loop
    AskCondition condition;
    SecretReader secret;
    std::function<void(std::function<void()>)> post;  // to the loop; any thread
  };
  explicit Questions(Parts parts) : parts_(std::move(parts)) {}

  // What is asked, for whom, and how long the answer may take.
  struct Question {
    ActionKind kind{ActionKind::query};
    PlanValues args;
    RunPlace place;
    std::optional<Instant> newer_than;
    Duration timeout{Duration::seconds(10)};
    std::string name;  // no other question has it, unless it is this one asked again: of an exec
    std::uint32_t attempt{1};
  };
  // `done` comes once, on the loop, never from within this call. What cannot be asked is no_data.
  void ask(Question question, std::function<void(Answer)> done);
  // Ends the exec of the question of this name, if one runs: its answer then is what became of it.
  void end(const std::string& name) { parts_.one_shots.end(exec_id(name).text); }

 private:
  void ask_http(const Question& question, const Opened& opened, std::function<void(Answer)> done);
  void ask_tcp(const Question& question, std::function<void(Answer)> done);
  void ask_exec(const Question& question, const Opened& opened, std::function<void(Answer)> done);
  void answer(Answer answer, std::function<void(Answer)> done);
  // Under which the keeper knows the exec of a question.
  [[nodiscard]] static EffectId exec_id(const std::string& name);

  const Parts parts_;
};

}  // namespace watchbill::drivers::action
