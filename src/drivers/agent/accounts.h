// Accounts by name, as processes need them. The keeper knows no names: the agent resolves them for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace watchbill::drivers::agent {

struct ResolvedAccount {
  std::string name;
  std::string home;
  std::uint32_t uid{0};
  std::uint32_t gid{0};
  std::vector<std::uint32_t> groups;  // supplementary ones, at most account_groups_max
};

inline constexpr std::size_t account_groups_max = 64;  // what one order holds

// Why there is no account, by the name that API and journal give it.
struct AccountProblem {
  std::string reason;  // "unknown_user", "unknown_group", "too_many_groups", "name_service_failed"
  std::string detail;  // for people
};

// Resolves NAME or NAME:GROUP; the group then takes the place of the account's own. May wait for a name service. Any thread.
[[nodiscard]] Result<ResolvedAccount, AccountProblem> resolve_account(const std::string& user);

// The home of the account that this process runs as; "/" when it has none.
[[nodiscard]] std::string own_home();

}  // namespace watchbill::drivers::agent
