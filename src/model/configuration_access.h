// Who may call, and how: people, tokens, what a caller without a token may do. Source: design/http.md §2.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/fields.h"

namespace watchbill {

// One way to reach a person: {email: ana@example.net}.
struct Contact {
  std::string address;
  std::string kind;  // "email"
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("address", &Contact::address), field("kind", &Contact::kind)); }
  friend bool operator==(const Contact&, const Contact&) = default;
};

struct Person {
  std::vector<Contact> contacts;
  std::vector<std::string> roles;  // built-in (viewer, operator, approver, admin) or the bill's own
  template <class To>
  static constexpr auto fields(To&& to) { return to(field("contacts", &Person::contacts), field("roles", &Person::roles)); }
  friend bool operator==(const Person&, const Person&) = default;
};

struct TokenConfiguration {
  std::string file;  // absolute; its first line is the token
  std::vector<std::string> roles;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("file", &TokenConfiguration::file), field("roles", &TokenConfiguration::roles));
  }
  friend bool operator==(const TokenConfiguration&, const TokenConfiguration&) = default;
};

// What a caller without a token is on a loopback address; elsewhere it is nobody. Never approver or admin: a yes has a name.
enum class AnonymousRole : std::uint8_t { viewer, operator_, none };
template <>
struct Words<AnonymousRole> {
  static constexpr std::array<std::string_view, 3> table{"viewer", "operator", "none"};
};

// Whether the neighbours' writing paths need a token, or are open on loopback.
enum class CompatibleAccess : std::uint8_t { token, open };
template <>
struct Words<CompatibleAccess> {
  static constexpr std::array<std::string_view, 2> table{"token", "open"};
};

// The key `access`.
struct AccessConfiguration {
  AnonymousRole anonymous{AnonymousRole::viewer};
  CompatibleAccess compatible{CompatibleAccess::token};
  std::map<std::string, Person> people;
  std::map<std::string, TokenConfiguration> tokens;
  template <class To> static constexpr auto fields(To&& to) {
    return to(field("anonymous", &AccessConfiguration::anonymous), field("compatible", &AccessConfiguration::compatible),
              field("people", &AccessConfiguration::people), field("tokens", &AccessConfiguration::tokens));
  }
  friend bool operator==(const AccessConfiguration&, const AccessConfiguration&) = default;
};

}  // namespace watchbill
