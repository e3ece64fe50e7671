// Programs and standing orders in the words of the keeper's protocol, with the texts that they point into.
// Source: domain/supervision.md §2.1, §4 to §8; model/wire.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/effect_workload.h"
#include "model/wire/effects.h"

namespace watchbill::drivers::agent {

// Why no order can be made, by the name that API and journal give it.
struct TermsProblem {
  std::string reason;  // "unknown_user", "environment_file_unreadable", "environment_file_invalid", "too_many_arguments", …
  std::string detail;  // for people
};

// Texts that a message points into: they stay where they are, also when this is moved.
class Texts {
 public:
  Texts() = default;
  Texts(Texts&&) noexcept = default;
  Texts& operator=(Texts&&) noexcept = default;
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  // Fails on a NUL, which no argument can hold.
  [[nodiscard]] Result<model::wire::TextList, TermsProblem> pack(const std::vector<std::string>& list);

 private:
  std::deque<std::string> texts_;
};

// How a process is to be made, for workloads, effects and probes.
struct ProgramDescription {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  // beside PATH, HOME and LANG
  std::string environment_file;                    // absolute, or empty
  std::string directory;                           // absolute
  std::string user;                                // NAME, NAME:GROUP, or empty: the keeper's own
  std::uint32_t umask{0022};
  std::uint64_t open_files{0};
  bool may_gain_privileges{false};
  bool is_effect{false};  // USER, LOGNAME and TZ=UTC too, and LANG=C.UTF-8
};

// Reads the environment file and resolves the account: may wait for the disk and for a name service. Any thread.
[[nodiscard]] Result<model::wire::Program, TermsProblem> make_program(const ProgramDescription& description, Texts& texts);

// What gives a workload its order. `give` points into `texts`.
struct OrderTerms {
  Texts texts;
  model::wire::GiveOrder give;
};
// As make_program(). `unit_program`: absolute path of watchbill-unit, which attends a workload that is a systemd unit.
[[nodiscard]] Result<OrderTerms, TermsProblem> make_terms(const CarryOutOrder& order, const std::string& unit_program);

// Reads the lines KEY=value of an environment file as systemd does: blank lines and those that begin with # or ; are skipped, one
// pair of quotes around a value is taken off. Fails `environment_file_invalid` with the number of the line.
[[nodiscard]] Result<std::map<std::string, std::string>, TermsProblem> parse_environment(std::string_view text);

}  // namespace watchbill::drivers::agent
