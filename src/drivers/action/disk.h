// The few calls on files that PlacedFiles needs, each durable when it returns. Blocking. Errors are the system's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace watchbill::drivers::action {

enum class PathKind : std::uint8_t { absent, file, symlink, other };

// What stands at a path itself: a symlink is not followed.
struct PathStatus {
  PathKind kind{PathKind::absent};
  std::uint64_t bytes{0};
  mode_t mode{0};  // permission bits
  uid_t user{0};
  gid_t group{0};
};
[[nodiscard]] Result<PathStatus> status_of(const std::string& path);

// A regular file whole. Fails exhausted beyond `bytes_max`.
[[nodiscard]] Result<std::string> read_whole(const std::string& path, std::uint64_t bytes_max);
[[nodiscard]] Result<std::string> read_link(const std::string& path);

// What a file gets besides its bytes; accounts that are absent stay as the process makes them.
struct Placement {
  mode_t mode{0644};
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};
// Gives `path` these bytes by way of `temporary`, which is in the same folder and may be left from an earlier try.
[[nodiscard]] Status replace_file(const std::string& path, const std::string& temporary, const std::string& bytes,
                                  const Placement& placement);
// Makes `path` a link to `to` by way of `temporary`.
[[nodiscard]] Status replace_link(const std::string& path, const std::string& temporary, const std::string& to);
// One that is not there is no failure.
[[nodiscard]] Status remove_path(const std::string& path);
// Makes one folder, for this account alone; its parent has to be there.
[[nodiscard]] Status make_folder(const std::string& path);

// "NAME", "NAME:GROUP", "UID:GID". Nothing when there is no such account.
struct Owner {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
};
[[nodiscard]] std::optional<Owner> owner_of(const std::string& text);

}  // namespace watchbill::drivers::action
