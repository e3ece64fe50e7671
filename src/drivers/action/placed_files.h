// The actions `file` and `symlink` on this host: a path has what was asked for, or what it had before, never a part of it.
//
// Written beside the path under a name of the effect, synced, renamed; the folder is synced. What was there before is first kept
// as DATA/originals/EFFECT_ID, once: a later attempt of the same effect keeps that one. What is there already is not touched, so
// that doing it twice is doing it once. Blocking; one thread at a time. Source: domain/plans.md §3.3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/effect.h"

namespace watchbill::drivers::action {

inline constexpr std::uint64_t original_bytes_max = 64U << 20;  // of a file that can be put back

// What went wrong, as an event names it: not_a_regular_file, not_a_symlink, original_too_large, original_missing,
// no_such_account, source_unreadable, or the system's word with its detail.
struct FileProblem {
  std::string reason;
};

class PlacedFiles {
 public:
  // `originals` is an absolute folder; it is made when it is needed.
  explicit PlacedFiles(std::string originals) : originals_(std::move(originals)) {}

  // What is there now. File: `absent` "yes", or `digest`, `mode` ("0644"), `owner` ("UID:GID"), `bytes`. Symlink: `absent` or
  // `to`. `folder` is what a relative path begins at. Fails when it could not be put back.
  [[nodiscard]] Result<PlanValues, FileProblem> look(const PlanAction& action, const std::string& folder) const;

  // Whether there is what the action asks for; for `state: former`, whether there is what `former` tells.
  struct Question {
    const PlanAction& action;
    const PlanValues& former;
    const std::string& folder;
  };
  [[nodiscard]] Result<bool, FileProblem> is_as_asked(const Question& question) const;
  // Whether there is exactly what looking found before.
  [[nodiscard]] Result<bool, FileProblem> is_as_before(const Question& question) const;

  // Makes it so; nothing when it was done.
  [[nodiscard]] std::optional<FileProblem> carry_out(const RunAction& action) const;

 private:
  [[nodiscard]] std::optional<FileProblem> keep_original(const RunAction& action, const std::string& path) const;
  [[nodiscard]] std::optional<FileProblem> put_back(const RunAction& action, const std::string& path) const;
  [[nodiscard]] std::optional<FileProblem> place_file(const RunAction& action, const std::string& path) const;

  const std::string originals_;
};

}  // namespace watchbill::drivers::action
