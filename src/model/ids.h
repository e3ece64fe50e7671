// Numbers and names of things, as types that do not mix.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace watchbill {

// Position of a record in a journal, from 1 without gaps; 0 means "none yet".
using Sequence = std::uint64_t;
// Fencing number of a controller, from 1; each start is the last one + 1.
using Epoch = std::uint64_t;
// Number of a journal segment, from 1 without gaps.
using Segment = std::uint64_t;

// A name that only equals names of its own kind. `Tag` is the kind.
template <class Tag>
struct Name {
  std::string text;

  [[nodiscard]] bool empty() const noexcept { return text.empty(); }
  friend auto operator<=>(const Name&, const Name&) = default;
};

// 32 lower-case hex digits that name one effect in all its attempts (domain/plans.md §1).
using EffectId = Name<struct EffectIdTag>;
// 32 lower-case hex digits that name the life of one journal.
using Lineage = Name<struct LineageTag>;
// One message to one receiver, in all its attempts: 32 lower-case hex digits.
using DeliveryId = Name<struct DeliveryIdTag>;

// One silence: a UUID, as Alertmanager's.
using SilenceId = Name<struct SilenceIdTag>;

// An event within a journal: record and index in it, written "SEQ.INDEX".
struct EventReference {
  Sequence sequence{0};
  std::uint32_t index{0};

  friend auto operator<=>(const EventReference&, const EventReference&) = default;
};

}  // namespace watchbill
