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
inline constexpr std::string_view anonymous = anonymous_actor;

// A token is known by its digest only: neither memory nor a crash's dump holds what opens the door.
struct Token {
  std::string name;  // of the person or program
  Digest secret;     // SHA-256 of what comes after "Bearer "
  std::vector<std::string> roles;
};

struct AccessSettings {
  std::vector<Token> tokens;
  std::string anonymous_role{"viewer"};  // of who comes without a token, on loopback; empty: none. Elsewhere always none
  bool opens_neighbours_paths{false};    // access.compatible: on loopback those paths ask for no token
};

class Access {
 public:
  explicit Access(AccessSettings settings) : settings_(std::move(settings)) {}

  // Who sent the request. Without a token: "anonymous", with the role that the bill gives it on loopback, else
  // without roles. Refused: not_authenticated
  // when what was sent is no token that is known; a wrong token is never taken for none.
  [[nodiscard]] Result<Actor, Refused> identify(const ports::HttpRequest& request) const;

  // Whether this path, one of a neighbour's, asks this caller without a token for no role.
  [[nodiscard]] bool opens(const ports::HttpRequest& request, std::string_view pattern) const noexcept;

  // Takes other tokens and roles; who guessed stays slow.
  void configure(AccessSettings settings) { settings_ = std::move(settings); }

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
