#include "config/access.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "config/secrets.h"
#include "config/texts.h"
#include "config/values.h"

namespace watchbill::config {
namespace {

constexpr std::size_t name_bytes_max = 120;

void read_contact(const Cursor& at, Contact& out) {
  if (!is_object(at, "one address, such as email: ana@example.net")) return;
  const std::vector<NodeIndex>& children = at.node().children;
  if (children.size() != 2) return at.complain("out_of_range", "a contact is one address: write one list element for each");
  out.kind = at.at(children[0]).text;
  if (!is_name(out.kind, name_bytes_max))
    at.complain_at_key(children[0], "out_of_range", "expected a word such as email or phone");
  read_filled(at.member(out.kind, children[1]), out.address);
}

void read_contacts(const Cursor& at, std::vector<Contact>& out) { read_each<Contact, read_contact>(at, out); }

void read_roles(const Cursor& at, std::vector<std::string>& out) {
  read_some(at, out);
  std::set<std::string> names;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!is_name(out[i], name_bytes_max))
      at.element(i).complain("out_of_range", fmt::format("\"{}\" is no name of a role", out[i]));
    if (!names.insert(out[i]).second)
      at.element(i).complain("duplicate_name", fmt::format("the role {} is written twice", out[i]));
  }
}

constexpr auto person = table<Person>(
    "access.people.NAME",
    required(optional<&Person::roles, read_roles>("roles", "list of text", "",
                                                  "viewer, operator, approver, admin, or a name of yours")),
    optional<&Person::contacts, read_contacts>("contacts", "list of {KIND: ADDRESS}", "", "how the person is reached"));

void read_person(const Cursor& at, Person& out) { read_object(at, person, out); }

constexpr auto token = table<TokenConfiguration>(
    "access.tokens.NAME",
    required(optional<&TokenConfiguration::file, read_path_for_start>("file", "path", "", "its first line is the token")),
    required(optional<&TokenConfiguration::roles, read_roles>("roles", "list of text", "", "as of people")));

void read_token(const Cursor& at, TokenConfiguration& out) { read_object(at, token, out); }

template <class T, void (*reader)(const Cursor&, T&)>
void read_people(const Cursor& at, std::map<std::string, T>& out) {
  check_names(at, name_bytes_max);
  read_named<T, reader>(at, out);
}

// Warns of two names behind which is one: nobody can tell requester from approver then.
template <class T, class Identities>
void warn_shared(const Cursor& at, std::string_view key, const std::map<std::string, T>& map, const Identities& identities) {
  const NodeIndex list = at.file().tree.find(at.index(), key);
  if (list == no_node) return;
  std::map<std::string, std::string> first_of;
  const Cursor parent = at.member(key, list);
  for (const auto& [name, entry] : map) {
    const NodeIndex node = at.file().tree.find(list, name);
    if (node == no_node) continue;
    for (const std::string& identity : identities(entry))
      if (const auto [first, is_new] = first_of.try_emplace(identity, name); !is_new && first->second != name)
        parent.member(name, node)
            .warn("shared_identity",
                  fmt::format("{} and {} share {}: nobody can tell the one from the other", first->second, name, identity));
  }
}

using A = AccessConfiguration;
constexpr auto access = table<A>(
    "access", optional<&A::people, read_people<Person, read_person>>("people", "map of people", "", "who they are"),
    optional<&A::tokens, read_people<TokenConfiguration, read_token>>("tokens", "map of tokens", "", "what callers carry"),
    optional<&A::anonymous>("anonymous", "viewer, operator or none", "viewer",
                            "what a caller without a token may do, on loopback only"),
    optional<&A::compatible>("compatible", "token or open", "token", "what the neighbours' writing paths ask for, on loopback"));

constexpr auto tls = table<TlsConfiguration>(
    "tls",
    required(optional<&TlsConfiguration::cert_file, read_path_for_start>("cert_file", "path", "", "certificate chain, PEM")),
    required(optional<&TlsConfiguration::key_file, read_path_for_start>("key_file", "path", "", "private key, PEM")),
    later<TlsConfiguration>("client_ca_file", "agents on other hosts need it"));

}  // namespace

void read_access(const Cursor& at, AccessConfiguration& out) {
  if (!read_object(at, access, out)) return;
  warn_shared(at, "people", out.people, [](const Person& each) {
    std::vector<std::string> addresses;
    for (const Contact& contact : each.contacts) addresses.push_back(contact.address);
    return addresses;
  });
  warn_shared(at, "tokens", out.tokens, [](const TokenConfiguration& each) { return std::vector<std::string>{each.file}; });
}

void read_tls(const Cursor& at, std::optional<TlsConfiguration>& out) { read_object(at, tls, out.emplace()); }

std::vector<TableView> access_tables() { return {access.view(), person.view(), token.view(), tls.view()}; }

}  // namespace watchbill::config
