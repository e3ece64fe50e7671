#include "api/access.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace watchbill::api {
namespace {

constexpr std::string_view scheme = "Bearer ";
constexpr Duration first_delay = Duration::milliseconds(100);
constexpr Duration delay_max = Duration::seconds(5);
constexpr Duration memory = Duration::minutes(1);
constexpr std::uint32_t doublings_max = 6;
// Who comes from many addresses is slowed by the number of connections that a server takes.
constexpr std::size_t addresses_max = 4096;

Refused no_such_token() { return Refused{Refusal::not_authenticated, "the token is not one of this controller's"}; }

}  // namespace

Result<Actor, Refused> Access::identify(const ports::HttpRequest& request) const {
  const std::string* header = ports::find_field(request.headers, "Authorization");
  if (header == nullptr) {
    Actor actor{ActorKind::caller, std::string(anonymous), {}};
    if (request.is_peer_loopback && !settings_.anonymous_role.empty()) actor.roles.push_back(settings_.anonymous_role);
    return actor;
  }
  if (header->size() <= scheme.size() || !ports::is_equal_ignoring_case(header->substr(0, scheme.size()), scheme))
    return Refused{Refusal::not_authenticated, "Authorization: expected Bearer TOKEN"};
  const Digest secret = sha256(std::string_view(*header).substr(scheme.size()));
  // All are compared, each in constant time: how long it takes tells nothing about which bytes were right.
  const Token* found = nullptr;
  for (const Token& token : settings_.tokens)
    if (CRYPTO_memcmp(token.secret.bytes.data(), secret.bytes.data(), secret.bytes.size()) == 0) found = &token;
  if (found == nullptr) return no_such_token();
  return Actor{ActorKind::caller, found->name, found->roles};
}

bool Access::opens(const ports::HttpRequest& request, std::string_view pattern) const noexcept {
  if (!settings_.opens_neighbours_paths || !request.is_peer_loopback) return false;
  constexpr std::array<std::string_view, 4> neighbours{"/-/", "/api/v1/", "/api/v2/", "/metrics/job"};
  return std::any_of(neighbours.begin(), neighbours.end(),
                     [pattern](std::string_view path) { return pattern.starts_with(path); });
}

Duration Access::count_failure(const std::string& address, Instant now) {
  if (failures_.size() >= addresses_max)
    std::erase_if(failures_, [now](const auto& entry) { return now - entry.second.last > memory; });
  if (failures_.size() >= addresses_max && !failures_.contains(address)) return delay_max;
  Failures& failures = failures_[address];
  if (now - failures.last > memory) failures.count = 0;
  failures.last = now;
  const Duration delay = first_delay * (std::int64_t{1} << std::min(failures.count, doublings_max));
  ++failures.count;
  return std::min(delay, delay_max);
}

bool is_allowed(const Actor& actor, std::string_view role) noexcept {
  if (role == "none") return true;
  if (role == "viewer") return !actor.roles.empty();
  return has_role(actor, role);
}

}  // namespace watchbill::api
