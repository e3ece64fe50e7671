#include "core/process.h"

#include <map>

namespace watchbill::core {
namespace {

// A reaction that waits to be processed, with the index of its cause in the record and the round it belongs to.
struct Waiting {
  Command command;
  std::uint32_t after{0};
  std::size_t round{0};
};

class Processing {
 public:
  Processing(State& state, Seen& seen, const ProcessInputs& inputs)
      : state_(state), seen_(seen), inputs_(inputs), find_blob_([this](const Digest& digest) { return find_blob(digest); }) {}

  Processed run(const Command& command) {
    if (!is_storable(command))
      return refused_without_record({Refusal::bad_argument, "expected texts in UTF-8 and integers of at most 53 bits"});
    if (command.request) {
      const auto known = access::look_up(state_.access, command.actor, *command.request, inputs_.at, inputs_.limits);
      if (const auto* refused = std::get_if<Refused>(&known)) return refused_without_record(*refused);
      if (const auto* answered = std::get_if<access::Answered>(&known)) return replayed(*answered);
    }
    const bool was_taken = take(command, std::nullopt, 0);
    if (!was_taken) {
      out_.answer.refused = last_refusal_;
      // A reaction that an earlier record left: nobody waits for its answer.
      if (command.because) add(refusal_of(command), std::nullopt, inputs_.limits.reaction_rounds_max);
      else if (auto event = access::record_refusal(state_.access, seen_.access, command, last_refusal_, inputs_.limits))
        add(std::move(*event), std::nullopt, inputs_.limits.reaction_rounds_max);
    } else if (!out_.events.empty()) {
      out_.answer.subject = subject_of(out_.events.front().event);
    }
    settle();
    if (!out_.events.empty()) out_.answer.sequence = sequence();
    return std::move(out_);
  }

 private:
  [[nodiscard]] Sequence sequence() const { return state_.progress.sequence + 1; }

  static Processed refused_without_record(const Refused& refused) {
    Processed out;
    out.answer.refused = refused;
    return out;
  }

  static Processed replayed(const access::Answered& answered) {
    Processed out;
    out.answer.sequence = answered.sequence;
    out.answer.subject = answered.request.subject;
    out.answer.is_replayed = true;
    if (answered.request.refusal) out.answer.refused = Refused{*answered.request.refusal, answered.request.message};
    return out;
  }

  [[nodiscard]] CommandRefused refusal_of(const Command& command) const {
    return {command.actor.name, std::string(type_of(command.body)), 1, last_refusal_.message, last_refusal_.reason};
  }

  // Half of a record: one more decision always fits behind what fills the first half.
  [[nodiscard]] std::size_t decision_events_max() const { return inputs_.limits.record_events_max / 2; }

  // Decides and applies one command; false when it was refused (last_refusal_ says why).
  bool take(const Command& command, std::optional<std::uint32_t> after, std::size_t round) {
    for (const std::string& bytes : command.blobs) blobs_.emplace(sha256(bytes), bytes);
    const Context context{inputs_.at, sequence(), out_.events.size(), state_.progress.lineage, command.actor, inputs_.limits};
    Decision decision = decide(state_, command.body, context);
    if (!decision) {
      last_refusal_ = std::move(decision.error());
      return false;
    }
    WB_ASSERT(decision->events.size() <= decision_events_max(), "askers split their answers, so a decision has a bounded answer");
    for (const std::string& bytes : decision->blobs) blobs_.emplace(sha256(bytes), bytes);
    for (const Event& event : decision->events) {
      const std::optional<Digest> blob = state_blob_of(event);
      if (!blob || find_blob(*blob)) continue;
      last_refusal_ = {Refusal::bad_argument,
                       "the bytes of " + blob->hex() + " are not stored and did not come with the command"};
      return false;
    }
    for (std::string& bytes : decision->blobs) out_.blobs.push_back(std::move(bytes));
    for (Event& event : decision->events) {
      add(std::move(event), after, round);
      // What a command gives in one breath is a chain: each event names the one before it.
      after = static_cast<std::uint32_t>(out_.events.size() - 1);
    }
    return true;
  }

  [[nodiscard]] std::optional<std::string> find_blob(const Digest& digest) const {
    if (const auto at = blobs_.find(digest); at != blobs_.end()) return at->second;
    return inputs_.stored_blobs ? inputs_.stored_blobs(digest) : std::nullopt;
  }

  void add(Event event, std::optional<std::uint32_t> after, std::size_t round) {
    apply(state_, event, RecordPlace{inputs_.at, sequence(), inputs_.limits, find_blob_});
    out_.events.push_back(RecordedEvent{std::move(event), after});
    const auto index = static_cast<std::uint32_t>(out_.events.size() - 1);
    const Event& added = out_.events.back().event;
    const std::string_view type = type_of(added);
    std::vector<Command> commands;
    for (const Reaction& row : inputs_.reactions)
      if (row.type == type) row.react(state_, added, commands);
    for (Command& command : commands) waiting_.push_back(Waiting{std::move(command), index, round + 1});
  }

  // Processes reactions until none is left or a bound is met; then the rest is left for the next record.
  void settle() {
    while (served_ < waiting_.size()) {
      const bool is_late = waiting_[served_].round > inputs_.limits.reaction_rounds_max;
      if (is_late || out_.events.size() > decision_events_max()) break;
      const Waiting next = std::move(waiting_[served_++]);
      if (take(next.command, next.after, next.round)) {
        // Those of the first command the engine stores; of this one only we know.
        out_.blobs.insert(out_.blobs.end(), next.command.blobs.begin(), next.command.blobs.end());
        continue;
      }
      // A refused reaction is an event too: nobody else would hear of it.
      add(refusal_of(next.command), next.after, next.round);
    }
    for (; served_ < waiting_.size(); ++served_) {
      Waiting& left = waiting_[served_];
      left.command.because = EventReference{sequence(), left.after};
      out_.pending.push_back(std::move(left.command));
    }
  }

  State& state_;
  Seen& seen_;
  const ProcessInputs& inputs_;
  Processed out_;
  Refused last_refusal_;
  std::vector<Waiting> waiting_;  // in the order of their turns
  std::size_t served_{0};         // of them
  std::map<Digest, std::string> blobs_;  // of this record
  BlobLookup find_blob_;
};

}  // namespace

Processed process(State& state, Seen& seen, const Command& command, const ProcessInputs& inputs) {
  return Processing(state, seen, inputs).run(command);
}

}  // namespace watchbill::core
