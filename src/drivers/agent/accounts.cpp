#include "drivers/agent/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace watchbill::drivers::agent {
namespace {

constexpr std::size_t entry_bytes_max = 1U << 20;  // a group with tens of thousands of members

// Calls find(buffer) with ever larger buffers while it gives ERANGE; gives its last answer.
template <class Find>
int with_room(std::vector<char>& buffer, const Find& find) {
  int error = ERANGE;
  for (std::size_t size = 4096; error == ERANGE && size <= entry_bytes_max; size *= 4) {
    buffer.resize(size);
    error = find(buffer);
  }
  return error;
}

AccountProblem service_failed(const std::string& name, int error) {
  return {"name_service_failed", name + ": " + std::strerror(error)};
}

// A name that is not there is told in several ways.
bool is_absent(int error) noexcept { return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM; }

Result<std::uint32_t, AccountProblem> group_id(const std::string& name) {
  std::vector<char> buffer;
  group entry{};
  group* found = nullptr;
  const int error = with_room(
      buffer, [&](std::vector<char>& room) { return getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found); });
  if (found != nullptr) return std::uint32_t{entry.gr_gid};
  if (is_absent(error)) return AccountProblem{"unknown_group", "there is no group " + name + " on this host"};
  return service_failed(name, error);
}

}  // namespace

Result<ResolvedAccount, AccountProblem> resolve_account(const std::string& user) {
  const std::size_t colon = user.find(':');
  ResolvedAccount account;
  account.name = user.substr(0, colon);
  std::vector<char> buffer;
  passwd entry{};
  passwd* found = nullptr;
  const int error = with_room(buffer, [&](std::vector<char>& room) {
    return getpwnam_r(account.name.c_str(), &entry, room.data(), room.size(), &found);
  });
  if (found == nullptr && is_absent(error))
    return AccountProblem{"unknown_user", "there is no user " + account.name + " on this host"};
  if (found == nullptr) return service_failed(account.name, error);
  account.home = entry.pw_dir != nullptr && *entry.pw_dir != '\0' ? entry.pw_dir : "/";
  account.uid = entry.pw_uid;
  account.gid = entry.pw_gid;
  if (colon != std::string::npos) {
    const auto group = group_id(user.substr(colon + 1));
    if (!group) return group.error();
    account.gid = *group;
  }
  std::vector<gid_t> groups(account_groups_max);
  int count = static_cast<int>(groups.size());
  if (getgrouplist(account.name.c_str(), account.gid, groups.data(), &count) < 0)
    return AccountProblem{"too_many_groups", account.name + " is in more than " + std::to_string(account_groups_max) + " groups"};
  account.groups.assign(groups.begin(), groups.begin() + count);
  return account;
}

std::string own_home() {
  std::vector<char> buffer;
  passwd entry{};
  passwd* found = nullptr;
  (void)with_room(buffer,
                  [&](std::vector<char>& room) { return getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found); });
  return found != nullptr && entry.pw_dir != nullptr && *entry.pw_dir != '\0' ? entry.pw_dir : "/";
}

}  // namespace watchbill::drivers::agent
