// Who calls: tokens, the stranger on loopback, and the slowing down of those who guess. Loop's thread.
// Source: design/http.md §2.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "model/command.h"
#include "model/refusal.h"
#include "ports/http.h"

namespace watchbill::api {

// Who calls without a token.
inline constexpr std::string_view anonymous = "anonymous";

// A token is known by its digest only: neither memory nor a crash's dump holds what opens the door.
struct Token {
  std::string name;  // of the person or program
  Digest secret;     // SHA-256 of what comes after "Bearer "
  std::vector<std::string> roles;
};

struct AccessSettings {
  std::vector<Token> tokens;
  bool anonymous_reads_on_loopback{true};  // access.anonymous: viewer there, none elsewhere
};

class Access {
 public:
  explicit Access(AccessSettings settings) : settings_(std::move(settings)) {}

  // Who sent the request. Without a token: "anonymous", as viewer on loopback, else without roles. Refused: not_authenticated
  // when what was sent is no token that is known; a wrong token is never taken for none.
  [[nodiscard]] Result<Actor, Refused> identify(const ports::HttpRequest& request) const;

  // Counts a wrong token from this address and gives how long its answer must wait: 100 ms, doubled with each within a minute, at
  // most 5 s.
  [[nodiscard]] Duration count_failure(const std::string& address, Instant now);

 private:
  struct Failures {
    std::uint32_t count{0};
    Instant last;
  };

  AccessSettings settings_;
  std::map<std::string, Failures> failures_;  // by address
};

// Whether this caller may do what needs `role`; "none" everybody may, "viewer" whoever has a role at all.
[[nodiscard]] bool is_allowed(const Actor& actor, std::string_view role) noexcept;

}  // namespace watchbill::api
