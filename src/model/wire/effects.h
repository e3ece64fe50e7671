// One-shot processes that an agent has its keeper run: effects of plans (remembered by id) and probes (not remembered).
#pragma once

#include "model/wire/requests.h"

namespace watchbill::model::wire {

// Of each stream an effect keeps the first and the last bytes. Source: domain/plans.md §3.3.
inline constexpr std::size_t output_head_bytes_max = 16U << 10;
inline constexpr std::size_t output_tail_bytes_max = 48U << 10;

// Runs an effect once. The same id and attempt again is answered Accepted and runs nothing; a higher attempt runs once the one
// before has ended (else already_running); a lower one is refused stale_attempt. On timeout: TERM to the group, 10 s, KILL.
struct Exec {
  using is_wire = void;
  static constexpr MessageType type = MessageType::exec;
  std::string_view effect_id;
  std::uint32_t attempt{1};
  Program program;
  Duration timeout;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.effect_id), visit(self.attempt), visit(self.program), visit(self.timeout);
  }
};

// Ends an effect that runs: TERM to its group, 10 s, KILL; its outcome is reported as always. Accepted also when it is ending
// already: asking twice changes nothing. Refused not_running when it is not known or has ended.
struct EndEffect {
  using is_wire = void;
  static constexpr MessageType type = MessageType::end_effect;
  std::string_view effect_id;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.effect_id); }
};

// Runs a probe's command; its output is discarded. Answer: ProbeDone. On timeout its group gets KILL.
struct Probe {
  using is_wire = void;
  static constexpr MessageType type = MessageType::probe;
  Program program;
  Duration timeout;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.program), visit(self.timeout); }
};

// Answer: EffectKnown.
struct QueryEffect {
  using is_wire = void;
  static constexpr MessageType type = MessageType::query_effect;
  std::string_view effect_id;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.effect_id); }
};

// Everything up to this number is durable at the asker and need not be told again.
struct Acknowledge {
  using is_wire = void;
  static constexpr MessageType type = MessageType::acknowledge;
  std::uint64_t through{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.through); }
};

// Answer: one WorkloadState for each workload, by name, then SnapshotEnd, all under the asker's number.
struct AskSnapshot {
  using is_wire = void;
  static constexpr MessageType type = MessageType::ask_snapshot;
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

// Replaces the keeper in place by the program at `path` (empty: the file it was started from). Accepted, then the connection ends
// and the successor answers at the same socket; if exec fails the keeper goes on and the answer is Refused exec_failed.
struct Replace {
  using is_wire = void;
  static constexpr MessageType type = MessageType::replace;
  std::string_view path;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.path); }
};

// How a process ended.
enum class ExitHow : std::uint8_t {
  code,          // value: exit code
  signal,        // value: signal number
  not_executed,  // value: errno of the step that failed
  unseen,        // its exit cannot be learnt: another keeper was its parent; value 0
};
constexpr ExitHow last_value(ExitHow) noexcept { return ExitHow::unseen; }

struct ProbeDone {
  using is_wire = void;
  static constexpr MessageType type = MessageType::probe_done;
  ExitHow how{ExitHow::code};
  std::int32_t value{0};
  bool timed_out{false};
  Duration took;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.how), visit(self.value), visit(self.timed_out), visit(self.took); }
};

struct CapturedStream {
  using is_wire = void;
  std::string_view head;
  std::string_view tail;  // what followed the head; its last bytes
  std::uint64_t bytes_omitted{0};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.head), visit(self.tail), visit(self.bytes_omitted); }
};

// A numbered report: what became of an effect.
struct EffectDone {
  using is_wire = void;
  static constexpr MessageType type = MessageType::effect_done;
  std::string_view effect_id;
  std::uint32_t attempt{1};
  ExitHow how{ExitHow::code};
  std::int32_t value{0};
  bool timed_out{false};  // the keeper ended it
  Instant started_at;     // wall clock of the host
  Instant ended_at;
  CapturedStream out;
  CapturedStream err;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.effect_id), visit(self.attempt), visit(self.how), visit(self.value), visit(self.timed_out);
    visit(self.started_at), visit(self.ended_at), visit(self.out), visit(self.err);
  }
};

enum class EffectPhase : std::uint8_t { never_seen, started, ended };
constexpr EffectPhase last_value(EffectPhase) noexcept { return EffectPhase::ended; }

// The keeper's memory of one effect. `never_seen` is worth something only while `memory` is what it was at the dispatch.
// An ended one holds the outcome (without output when that was acknowledged and given up).
struct EffectKnown {
  using is_wire = void;
  static constexpr MessageType type = MessageType::effect_known;
  EffectPhase phase{EffectPhase::never_seen};
  std::string_view memory;  // Welcome::memory
  std::optional<EffectDone> done;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.phase), visit(self.memory), visit(self.done); }
};

}  // namespace watchbill::model::wire
