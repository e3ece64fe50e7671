// What may leave the place where a secret was used: texts without it, cut to what an event holds.
// Source: domain/rollout.md §8.1 (redactor), domain/plans.md §3.3 (output).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/plan_value.h"

namespace watchbill::drivers::action {

inline constexpr std::size_t output_bytes_max = 4096;  // that an event may hold

struct SafeText {
  std::string text;
  bool is_redacted{false};
};

// The text without these secrets: their values, their base64 (also within that of a longer text), hexadecimal, JSON-escaped and
// URL-encoded forms, and each line of more than 7 bytes of one with several lines stand as `[redacted]`. What is not UTF-8
// becomes U+FFFD. At most `bytes_max` bytes, cut between characters.
[[nodiscard]] SafeText safe_text(std::string text, const std::vector<std::string>& secrets,
                                 std::size_t bytes_max = output_bytes_max);

// Reads a secret by its name ("env:NAME"); nothing when there is none.
using SecretReader = std::function<std::optional<std::string>(const std::string& name)>;

// From the environment of this process. Not while another thread changes it.
[[nodiscard]] std::optional<std::string> secret_of_environment(const std::string& name);

// The texts of an action with its secrets read, and those secrets.
struct Opened {
  PlanValues values;
  std::vector<std::string> secrets;
  std::string missing;  // the name of a secret that is not there; then the rest means nothing
};
[[nodiscard]] Opened open_secrets(const PlanValues& values, const SecretReader& read);

}  // namespace watchbill::drivers::action
