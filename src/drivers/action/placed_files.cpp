#include "drivers/action/placed_files.h"

#include <charconv>

#include "base/sha256.h"
#include "drivers/action/disk.h"

namespace watchbill::drivers::action {
namespace {

constexpr std::string_view former_state = "former";
constexpr std::string_view absent_state = "absent";

FileProblem problem_of(const Error& error) { return {std::string(word(error.kind)) + ": " + error.text()}; }

std::optional<FileProblem> outcome_of(const Status& status) {
  return status.has_value() ? std::nullopt : std::optional(problem_of(status.error()));
}

std::string absolute(std::string_view path, const std::string& folder) {
  return path.starts_with("/") ? std::string(path) : folder + "/" + std::string(path);
}

std::string path_of(const PlanAction& action, const std::string& folder) {
  return absolute(text_of(action.args, "path"), folder);
}

// In the folder of the path, with a name that no other effect has.
std::string temporary_of(const std::string& path, const EffectId& id) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash + 1) + ".watchbill-" + id.text;
}

std::string mode_text(mode_t mode) {
  std::string text(4, '0');
  for (std::size_t i = 4; i-- > 0; mode >>= 3U) text[i] = static_cast<char>('0' + (mode & 7U));
  return text;
}

std::optional<mode_t> mode_of(std::string_view text) {
  unsigned mode = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size() || mode > 07777U) return std::nullopt;
  return mode;
}

std::string owner_text(const PathStatus& status) { return std::to_string(status.user) + ":" + std::to_string(status.group); }

bool was_absent(const PlanValues& former) { return former.contains("absent"); }

// What stands there, in the words of `former`.
Result<PlanValues, FileProblem> describe(ActionKind kind, const std::string& path) {
  const Result<PathStatus> status = status_of(path);
  if (!status) return problem_of(status.error());
  if (status->kind == PathKind::absent) return PlanValues{{"absent", "yes"}};
  if (kind == ActionKind::symlink) {
    if (status->kind != PathKind::symlink) return FileProblem{"not_a_symlink: " + path};
    const Result<std::string> to = read_link(path);
    if (!to) return problem_of(to.error());
    return PlanValues{{"to", *to}};
  }
  if (status->kind != PathKind::file) return FileProblem{"not_a_regular_file: " + path};
  const Result<std::string> bytes = read_whole(path, original_bytes_max);
  if (!bytes && bytes.error().kind == ErrorKind::exhausted) return FileProblem{"original_too_large: " + path};
  if (!bytes) return problem_of(bytes.error());
  return PlanValues{{"bytes", static_cast<std::int64_t>(bytes->size())},
                    {"digest", sha256(*bytes).hex()},
                    {"mode", mode_text(status->mode)},
                    {"owner", owner_text(*status)}};
}

struct Wanted {
  std::string bytes;
  std::optional<mode_t> mode;
  Owner owner;
};

Result<Wanted, FileProblem> wanted_by(const PlanAction& action, const std::string& folder) {
  Wanted wanted;
  if (const std::string_view source = text_of(action.args, "src"); !source.empty()) {
    Result<std::string> bytes = read_whole(absolute(source, folder), original_bytes_max);
    if (!bytes) return FileProblem{"source_unreadable: " + bytes.error().text()};
    wanted.bytes = std::move(*bytes);
  } else {
    wanted.bytes = std::string(text_of(action.args, "content"));
  }
  if (const std::string_view mode = text_of(action.args, "mode"); !mode.empty()) {
    wanted.mode = mode_of(mode);
    if (!wanted.mode) return FileProblem{"mode_invalid: " + std::string(mode)};
  }
  if (const std::string owner(text_of(action.args, "owner")); !owner.empty()) {
    const std::optional<Owner> known = owner_of(owner);
    if (!known) return FileProblem{"no_such_account: " + owner};
    wanted.owner = *known;
  }
  return wanted;
}

bool has_owner(const PathStatus& status, const Owner& owner) {
  return owner.user.value_or(status.user) == status.user && owner.group.value_or(status.group) == status.group;
}

Result<bool, FileProblem> is_wanted_file(const PlanAction& action, const std::string& folder, const std::string& path) {
  const Result<PathStatus> status = status_of(path);
  if (!status) return problem_of(status.error());
  if (status->kind != PathKind::file) return false;
  const auto wanted = wanted_by(action, folder);
  if (!wanted) return wanted.error();
  if (status->bytes != wanted->bytes.size() || wanted->mode.value_or(status->mode) != status->mode ||
      !has_owner(*status, wanted->owner))
    return false;
  const Result<std::string> bytes = read_whole(path, original_bytes_max);
  if (!bytes) return problem_of(bytes.error());
  return *bytes == wanted->bytes;
}

}  // namespace

Result<PlanValues, FileProblem> PlacedFiles::look(const PlanAction& action, const std::string& folder) const {
  if (text_of(action.args, "path").empty()) return FileProblem{"capture_incomplete: the path is known to the run alone"};
  return describe(action.kind, path_of(action, folder));
}

Result<bool, FileProblem> PlacedFiles::is_as_before(const Question& question) const {
  const auto now = describe(question.action.kind, path_of(question.action, question.folder));
  if (!now) return now.error();
  return *now == question.former;
}

Result<bool, FileProblem> PlacedFiles::is_as_asked(const Question& question) const {
  const std::string_view state = text_of(question.action.args, "state");
  const std::string path = path_of(question.action, question.folder);
  if (state == former_state) return is_as_before(question);
  if (state == absent_state) {
    const Result<PathStatus> status = status_of(path);
    if (!status) return problem_of(status.error());
    return status->kind == PathKind::absent;
  }
  if (question.action.kind == ActionKind::file) return is_wanted_file(question.action, question.folder, path);
  const auto now = describe(ActionKind::symlink, path);
  if (!now) return now.error();
  return text_of(*now, "to") == text_of(question.action.args, "to") && !was_absent(*now);
}

std::optional<FileProblem> PlacedFiles::carry_out(const RunAction& action) const {
  const std::string path = path_of(action.action, action.place.folder);
  const auto is_done = is_as_asked({action.action, action.former, action.place.folder});
  if (!is_done) return is_done.error();
  if (*is_done) return std::nullopt;
  const std::string_view state = text_of(action.action.args, "state");
  if (state == former_state) return put_back(action, path);
  // A folder or a device in the way is not ours to remove.
  if (const auto now = describe(action.action.kind, path); !now) return now.error();
  if (action.action.kind == ActionKind::symlink) {
    if (state == absent_state) return outcome_of(remove_path(path));
    return outcome_of(replace_link(path, temporary_of(path, action.effect_id), std::string(text_of(action.action.args, "to"))));
  }
  if (auto problem = keep_original(action, path)) return problem;
  return state == absent_state ? outcome_of(remove_path(path)) : place_file(action, path);
}

// Only what the first attempt found: a later one may find what that attempt has written.
std::optional<FileProblem> PlacedFiles::keep_original(const RunAction& action, const std::string& path) const {
  const std::string kept = originals_ + "/" + action.effect_id.text;
  const Result<PathStatus> known = status_of(kept), status = status_of(path);
  if (!known) return problem_of(known.error());
  if (!status) return problem_of(status.error());
  if (known->kind != PathKind::absent || status->kind == PathKind::absent) return std::nullopt;
  if (Status made = make_folder(originals_); !made.has_value()) return problem_of(made.error());
  const Result<std::string> bytes = read_whole(path, original_bytes_max);
  if (!bytes) return problem_of(bytes.error());
  return outcome_of(replace_file(kept, kept + ".new", *bytes, Placement{0600, {}, {}}));
}

std::optional<FileProblem> PlacedFiles::put_back(const RunAction& action, const std::string& path) const {
  if (was_absent(action.former)) return outcome_of(remove_path(path));
  const std::string temporary = temporary_of(path, action.effect_id);
  if (action.action.kind == ActionKind::symlink)
    return outcome_of(replace_link(path, temporary, std::string(text_of(action.former, "to"))));
  const Result<std::string> bytes = read_whole(originals_ + "/" + action.original.text, original_bytes_max);
  if (!bytes || sha256(*bytes).hex() != text_of(action.former, "digest"))
    return FileProblem{"original_missing: " + action.original.text};
  const std::optional<mode_t> mode = mode_of(text_of(action.former, "mode"));
  const std::optional<Owner> owner = owner_of(std::string(text_of(action.former, "owner")));
  if (!mode || !owner) return FileProblem{"original_missing: its mode and owner are not known"};
  return outcome_of(replace_file(path, temporary, *bytes, Placement{*mode, owner->user, owner->group}));
}

// A file that is there keeps the mode and the owner that nobody asked to change.
std::optional<FileProblem> PlacedFiles::place_file(const RunAction& action, const std::string& path) const {
  const auto wanted = wanted_by(action.action, action.place.folder);
  if (!wanted) return wanted.error();
  const Result<PathStatus> status = status_of(path);
  if (!status) return problem_of(status.error());
  Placement placement{wanted->mode.value_or(0644), wanted->owner.user, wanted->owner.group};
  if (status->kind == PathKind::file) {
    placement.mode = wanted->mode.value_or(status->mode);
    placement.user = wanted->owner.user.value_or(status->user);
    placement.group = wanted->owner.group.value_or(status->group);
  }
  return outcome_of(replace_file(path, temporary_of(path, action.effect_id), wanted->bytes, placement));
}

}  // namespace watchbill::drivers::action
