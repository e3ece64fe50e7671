// Carries out the effects of runs on this host: http, file, symlink, service and, through the keeper, exec; asks what they ask;
// finds out what became of those whose outcome is not known. Actions of kind workload never come here (core/react_workloads.h).
//
// An attempt is carried out at most once: the same effect id again, while it runs or after it succeeded, gets the outcome of the
// first. A lower fence of a target than was seen here is refused and told (NoteStaleFence). An outcome is offered until it is
// recorded, or until the core does not ask for it any more. Nothing is kept on disk: after a restart files, links and units are
// looked at, the keeper is asked for its execs, and an http call is judged by its step's verify. Source: domain/plans.md §3, §4.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "drivers/action/placed_files.h"
#include "drivers/action/questions.h"
#include "model/command.h"
#include "ports/effects.h"
#include "ports/io_loop.h"
#include "ports/units.h"

namespace watchbill::drivers::action {

// What became of a command that was offered.
enum class Taken : std::uint8_t {
  recorded,  // or it changed nothing
  refused,   // nobody asks for it any more
  again,     // the journal takes nothing now
};

class Actions final : public ports::EffectPort {
 public:
  struct Parts {
    ports::IoLoop& loop;
    ports::HttpClient& client;      // on the loop
    ports::ConnectProber& prober;   // on the loop
    ports::OneShotPort& one_shots;  // on the loop
    ports::UnitPort& units;         // on the loop; changes through one_shots
    AskCondition condition;
    SecretReader secret;
    std::function<Instant()> now;   // the engine clock; any thread
    // Runs a task where it may wait for the disk, one after the other; false when too many wait. Any thread.
    std::function<bool(std::function<void()>)> run_elsewhere;
    // Offers a command; `done` comes on any thread, at most once: not at all when the controller ends before. Any thread.
    std::function<void(CommandBody, std::function<void(Taken)> done)> offer;
  };
  struct Settings {
    std::string data;      // absolute; originals are kept below it
    std::string own_host;  // as the bill's reader named it
  };
  Actions(Settings settings, Parts parts);
  // Holds: the loop has stopped, or this is its thread.
  ~Actions() override;

  // Asks what a plan asks before any run of it: reads, probes and each verify once, one by one in its order. Changes nothing.
  // What only a run can ask (late values, other hosts), and what the time did not suffice for, gets no answer. `done` comes once,
  // on the loop; not at all when this ends before. Any thread.
  void ask_beforehand(Plan plan, RunPlace place, std::function<void(std::vector<DryRunAnswer>)> done);

  // Any effect of a run but SendMessage and CarryOutOrder. Any thread.
  void begin(const Effect& effect, Epoch fence) override;

 private:
  // A question that goes on until its time is over or nobody asks for the answer any more.
  struct Standing {
    std::variant<AskQuestion, ProbeAction> what;
    Instant begun;
    std::optional<Instant> asked_at;  // the question before this one
    std::uint32_t count{0};           // of questions
  };
  // A look, or the observation of an undo, under way.
  struct Look {
    RunPlace place;
    std::vector<PlanAction> actions;
    PlanValues known;
    PlanValues former;  // of an undo: what is compared with; of a look: what was found
    std::optional<PlanCheck> verify;
    Instant until;
  };
  // Why a unit cannot be read: systemd_missing, unit_missing, unit_unreadable, with more for people.
  struct UnitProblem {
    std::string reason;
  };
  using Live = std::weak_ptr<Actions*>;

  void take(const std::string& name, const RunAction& action);
  void take(const std::string& name, const EndAction& end);
  void take(const std::string& name, const LookAction& look);
  void take(const std::string& name, const AskQuestion& question);
  void take(const std::string& name, const ObserveUndo& undo);
  void take(const std::string& name, const ProbeAction& probe);

  void act(const RunAction& action);
  void ask_for(const RunAction& action);
  void send(const RunAction& action, const Opened& opened);
  void execute(const RunAction& action, const Opened& opened);
  void place(const RunAction& action);
  void change_unit(const RunAction& action);
  void ended(const RunAction& action, NoteOutcome note, const std::vector<std::string>& secrets);
  void report(const NoteOutcome& note);

  void look_on(const std::shared_ptr<Look>& look, std::size_t index);
  void look_at_path(const std::shared_ptr<Look>& look, std::size_t index);
  void look_at_unit(const std::shared_ptr<Look>& look, std::size_t index);
  void looked(const std::shared_ptr<Look>& look, std::size_t index, PlanValues found);
  void cannot_look(const std::shared_ptr<Look>& look, const std::string& reason);
  void judge_undo(const std::shared_ptr<Look>& look, std::size_t index, bool seen);
  void judge_path(const std::shared_ptr<Look>& look, std::size_t index);
  void judge_unit(const std::shared_ptr<Look>& look, std::size_t index);
  void read_unit(const PlanAction& action, std::function<void(Result<ports::UnitState, UnitProblem>)> done);
  void ask_again(const std::string& name);
  void probe_again(const std::string& name);
  void probe_file(const std::string& name);
  void probe_exec(const std::string& name);
  void probe_unit(const std::string& name);
  void probe_by_verify(const std::string& name);
  void found(const std::string& name, CommandBody body);
  void later(const std::string& name, Duration pause, void (Actions::*what)(const std::string&));

  struct Beforehand;  // what ask_beforehand() asks
  void ask_next(const std::shared_ptr<Beforehand>& beforehand);

  [[nodiscard]] bool is_here(const RunPlace& place) const;
  // Runs `task` in the loop while this lives; for callbacks that may come later.
  [[nodiscard]] std::function<void(std::function<void()>)> to_loop() const;
  void offer_until_taken(CommandBody body, std::function<void(Taken)> done);

  const Settings settings_;
  const Parts parts_;
  PlacedFiles files_;
  Questions questions_;
  std::shared_ptr<Actions*> live_;                     // gone with this
  std::map<std::string, std::uint32_t> running_;       // the latest attempt that was asked for, by effect id
  std::map<std::string, NoteOutcome> succeeded_;       // by effect id
  std::deque<std::string> succeeded_order_;            // oldest first; bounded
  std::map<std::string, std::uint64_t> fences_;        // the highest seen, by target
  std::map<std::string, Standing> standing_;           // by the name of the effect
};

}  // namespace watchbill::drivers::action
