// One path and method of the API as data: who may call it, what it takes, how it can refuse. The same table makes the router, the
// checks before a handler and the OpenAPI document. A new area adds one file with a list of these.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "model/refusal.h"
#include "ports/http.h"

namespace watchbill::api {

class Call;

enum class ValueKind : std::uint8_t {
  text, number, truth,
  texts,  // an object whose members are texts; of a body
};

// A parameter of the query, or a member of the JSON body.
struct Member {
  std::string_view name;
  ValueKind kind{ValueKind::text};
  std::string_view meaning;  // for people, one sentence without its full stop
  bool is_required{false};
};

enum class Decides : std::uint8_t {
  route,  // who lacks the role is refused before the handler runs
  core,   // known callers reach the core, which refuses and records it; strangers are refused before
};

// Whose words a path speaks: ours refuses what it does not know, a neighbour's passes over it, and its errors are the
// neighbour's.
enum class Dialect : std::uint8_t { own, prometheus, alertmanager };

struct Route {
  std::string_view method;
  std::string_view pattern;  // as in ports::HttpRoute
  std::string_view summary;
  std::string_view role;  // "none", "viewer", "operator", "approver", "admin"
  std::vector<Member> query;
  std::vector<Member> body;
  std::vector<Refusal> refusals;  // beside those that every route can give
  // Runs on the loop and must not block; answers through the call, at once or later.
  std::function<void(const std::shared_ptr<Call>&)> handle;
  Decides decides{Decides::route};
  Dialect dialect{Dialect::own};  // other than own: query and form are the handler's to check
  bool begins{false};             // what then goes on: 202 and a Location; 200 when nothing was begun
  std::string_view takes{};       // the media type of a body that is no JSON
  int success_status{200};
  std::size_t body_bytes_max{ports::http_body_bytes_max};
  bool is_open_to_readers{false};  // whom access.anonymous lets read without a token may do this too
  bool reads_forms{true};  // false: a body is what it is, whatever its Content-Type says
};

using Routes = std::vector<Route>;

}  // namespace watchbill::api
