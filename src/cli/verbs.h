// One function for each verb: it has its arguments parsed, calls, prints, and gives the exit code (design/commands.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/world.h"
#include "model/ids.h"

namespace watchbill::cli {

// Which records of a journal a verb is about.
struct JournalArguments {
  std::string data{"./data"};
  Sequence since{1};
  std::string type;  // of event; empty: all
  std::string area;
};

// `journal list` and `journal follow`: one line for each event; follow goes on until it is interrupted.
[[nodiscard]] ExitCode journal_list(Terminal& terminal, World& world, const JournalArguments& arguments);
[[nodiscard]] ExitCode journal_follow(Terminal& terminal, World& world, const JournalArguments& arguments);
// `journal export`: the bytes of every record, and each blob before the record that names it, as JSON lines.
[[nodiscard]] ExitCode journal_export(Terminal& terminal, World& world, const JournalArguments& arguments);
// `journal backup DIR`: a verified copy that a controller can be started on by `journal restore`.
[[nodiscard]] ExitCode journal_backup(Terminal& terminal, World& world, const std::string& data, const std::string& target);
// `journal restore DIR`: fills an empty data directory from a backup and begins a new lineage.
[[nodiscard]] ExitCode journal_restore(Terminal& terminal, World& world, const std::string& data, const std::string& source);

struct VerifyArguments {
  std::string data{"./data"};
  std::string trust_file;  // witnessed record headers, one a line
};
// `verify`: walks the whole chain, names the first bad record, holds it against witnesses.
[[nodiscard]] ExitCode verify(Terminal& terminal, World& world, const VerifyArguments& arguments);

struct ReplayArguments {
  std::string data{"./data"};
  Sequence to{~Sequence{0}};
  bool decide{false};
};
// `replay`: applies every record and compares digests; with --decide also decides every cause again.
[[nodiscard]] ExitCode replay(Terminal& terminal, World& world, const ReplayArguments& arguments);

struct WhyArguments {
  std::string data{"./data"};
  std::string id;
  bool samples{false};  // all that were recorded
};
// `why ID`: a record, or everything that happened to an object, with who asked, what was decided and what followed. The name of
// an alert, binding or runbook stands for the one thing that it means; for several, their ids are listed (exit 2).
[[nodiscard]] ExitCode why(Terminal& terminal, World& world, const WhyArguments& arguments);

struct SimulateArguments {
  std::uint64_t seeds{10};
  std::optional<std::uint64_t> seed;  // only this one
  std::uint64_t first_seed{1};
  std::string plant;
  bool list_plants{false};
};

// `completion SHELL`: prints the script for bash.
[[nodiscard]] ExitCode completion(Terminal& terminal, const std::vector<std::string>& words, const std::string& shell);

}  // namespace watchbill::cli
