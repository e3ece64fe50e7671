// The words that runbooks, plans, runs and their events share (design/bill.md §2.1, domain/plans.md §3).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "model/fields.h"

namespace watchbill {

// Objects that PlanStarted and MutateGranted hand out; an effect cannot be made without its own.
enum class Capability : std::uint8_t { read, probe, mutate };
template <>
struct Words<Capability> {
  static constexpr std::array<std::string_view, 3> table{"read", "probe", "mutate"};
};

// The actions of this release. Others of bill.md §2.1 are refused `not_yet_supported` where the bill is read.
enum class ActionKind : std::uint8_t { exec, file, http, query, service, symlink, tcp, workload };
template <>
struct Words<ActionKind> {
  static constexpr std::array<std::string_view, 8> table{"exec",    "file",    "http", "query",
                                                         "service", "symlink", "tcp",  "workload"};
};

enum class StepVerb : std::uint8_t { approve, do_, notify, probe, read, run, wait_for };
template <>
struct Words<StepVerb> {
  static constexpr std::array<std::string_view, 7> table{"approve", "do", "notify", "probe", "read", "run", "wait_for"};
};

// What follows when a step did not pass.
enum class OnFailure : std::uint8_t { rollback, fix_forward, hold, continue_ };
template <>
struct Words<OnFailure> {
  static constexpr std::array<std::string_view, 4> table{"rollback", "fix_forward", "hold", "continue"};
};

// What is done about an effect whose outcome is not known (domain/plans.md §4).
enum class UnknownPolicy : std::uint8_t { resend, resend_same_key, probe_then_decide, ask_person };
template <>
struct Words<UnknownPolicy> {
  static constexpr std::array<std::string_view, 4> table{"resend", "resend_same_key", "probe_then_decide", "ask_person"};
};

// The judgement of a step or a cadence. The last two are unknown, never green.
enum class Verdict : std::uint8_t { pass, fail, inconclusive, no_data };
template <>
struct Words<Verdict> {
  static constexpr std::array<std::string_view, 4> table{"pass", "fail", "inconclusive", "no_data"};
};

// How much a binding may do by itself.
enum class BindingMode : std::uint8_t { suggest, approve, auto_ };
template <>
struct Words<BindingMode> {
  static constexpr std::array<std::string_view, 3> table{"suggest", "approve", "auto"};
};

}  // namespace watchbill
