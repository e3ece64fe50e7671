#include "core/plan/identity.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/sha256.h"

namespace watchbill::core::plan {
namespace {

constexpr std::string_view zero("\0", 1);
constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view run_prefix = "run-";
constexpr std::size_t ulid_letters = 26;

bool is_hex(char letter) { return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f'); }

// floor(u·jitter) for u = bits / 2^64, exact: the product needs 128 bits, so it is done in two halves.
std::int64_t part_of(std::int64_t jitter_ms, std::uint64_t bits) {
  const auto jitter = static_cast<std::uint64_t>(jitter_ms);
  const std::uint64_t low = (bits & 0xFFFFFFFFU) * jitter;
  const std::uint64_t high = (bits >> 32) * jitter;
  return static_cast<std::int64_t>((high + (low >> 32)) >> 32);
}
static_assert(Duration::hours(24).ms < (std::int64_t{1} << 31), "part_of holds for every jitter that a bill may name");

}  // namespace

EffectId effect_id(const EffectName& name) {
  const Digest digest =
      Sha256().add(name.run).add(zero).add(name.action_path).add(zero).add(name.direction).add(zero).add(name.group).finish();
  return EffectId{to_hex(std::span(digest.bytes).first<16>())};
}

Duration retry_delay(const RetryPolicy& retry, std::string_view seed, const EffectId& id, std::uint32_t attempt) {
  std::int64_t pause_ms = std::min(retry.initial.ms, retry.max.ms);
  for (std::uint32_t k = 2; k < attempt && pause_ms < retry.max.ms; ++k)
    pause_ms = std::min(retry.max.ms, pause_ms * static_cast<std::int64_t>(retry.factor));
  const Digest digest = Sha256().add(seed).add("/").add(id.text).add("/").add(std::to_string(attempt)).finish();
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8 | digest.bytes[i];
  return Duration{pause_ms + part_of(retry.jitter.ms, bits)};
}

std::string run_id(Instant at, std::string_view random_hex) {
  std::array<std::uint8_t, 10> random{};
  const bool is_read = from_hex(random_hex.substr(0, 2 * random.size()), random);
  WB_ASSERT(is_read, "ids of the journal are hex digits");
  std::string out(run_prefix);
  for (int shift = 45; shift >= 0; shift -= 5) out.push_back(crockford[static_cast<std::uint64_t>(at.ms) >> shift & 31U]);
  for (std::size_t half = 0; half < random.size(); half += 5) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 5; ++i) bits = bits << 8 | random[half + i];
    for (int shift = 35; shift >= 0; shift -= 5) out.push_back(crockford[bits >> shift & 31U]);
  }
  return out;
}

bool is_run_id(std::string_view text) noexcept {
  if (!text.starts_with(run_prefix) || text.size() != run_prefix.size() + ulid_letters) return false;
  text.remove_prefix(run_prefix.size());
  return std::all_of(text.begin(), text.end(), [](char letter) { return crockford.find(letter) != std::string_view::npos; });
}

bool is_seed(std::string_view text) noexcept { return text.size() == 16 && std::all_of(text.begin(), text.end(), is_hex); }

}  // namespace watchbill::core::plan
