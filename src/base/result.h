// The two ways a function can fail that are not bugs: the world failed (Error), or the request was refused (an enum).
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace watchbill {

// What kind of failure the world gave. The caller chooses by kind, never by text.
enum class ErrorKind : std::uint8_t {
  invalid,       // the input cannot be what was expected: retrying the same bytes cannot help
  not_found,     // no such file, record, name
  denied,        // permission, peer credentials
  exhausted,     // a disk, a table, a limit is full: definite, nothing was written
  read_only,     // the file system takes no writes: definite, nothing was written
  busy,          // held by another process
  timed_out,     // no answer in time
  interrupted,   // the other side closed
  corrupt,       // stored bytes do not verify
  unknown,       // whether it happened cannot be told
};

// The stable word of a kind, for logs and JSON.
[[nodiscard]] std::string_view word(ErrorKind kind) noexcept;

// One failure of the world: what was tried, on what, and what came of it. No stack of prefixes: the one who knows most writes it.
struct Error {
  ErrorKind kind{ErrorKind::invalid};
  std::string tried;   // "open journal segment"
  std::string on;      // "/var/lib/watchbill/journal/000001.db"
  std::string detail;  // "No space left on device"; may hold how to mend it

  // One line for people: "open journal segment /var/…/000001.db: No space left on device".
  [[nodiscard]] std::string text() const;

  // The failure of a system call, from an errno value. `error_number` must not be 0.
  [[nodiscard]] static Error from_errno(int error_number, std::string tried, std::string on);
};

// A value, or why there is none. `E` is Error (the world failed) or an enum of refusals.
// Differs from tl::expected in one thing: an E converts to a failed result without ceremony, as `return Refusal::role_missing;`.
template <class T, class E = Error>
class [[nodiscard]] Result : public tl::expected<T, E> {
 public:
  using tl::expected<T, E>::expected;
  Result(E error) : tl::expected<T, E>(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-constructor)
};

// Success without a value.
using Status = Result<void>;

}  // namespace watchbill
