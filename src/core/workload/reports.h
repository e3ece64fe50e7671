// What the host's agent tells: outcomes of orders, reports of the keeper, what a returning controller finds, health of probes.
// Every command may come twice; the second time gives nothing. Reports of workloads that are not known give nothing.
// All refuse role_missing to anybody else. Source: domain/supervision.md §3, §6, §8.
#pragma once

#include "core/workload/state.h"

namespace watchbill::core::workload {

[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteOrder& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteStarted& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteExited& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteRestarted& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteSettled& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteHung& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteAdopted& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteDiagnosed& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteOutputGap& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteHookFailed& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteTask& command, const Context& context);
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteReportsDropped& command, const Context& context);
// Gives KeeperReplaced when another process answers, WorkloadAdopted once in an epoch for what still runs, WorkloadLost for what
// the keeper does not know any more. Refuses bad_argument for parts that are too large or out of order.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const NoteKeeper& command, const Context& context);
// Gives WorkloadHealthChanged; nothing when the health is known, or another incarnation was asked.
[[nodiscard]] Decision decide(const State& state, const Facts& facts, const ProbeChanged& command, const Context& context);

}  // namespace watchbill::core::workload
