// What the metrics path gives the API of pushes, as a Pushgateway takes them.
#pragma once

#include <atomic>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "metrics/push/groups.h"

namespace watchbill::api {

enum class PushKind : std::uint8_t { put, post, remove };
enum class PushCoding : std::uint8_t { none, gzip };

struct PushAsk {
  PushKind kind{PushKind::put};
  metrics::push::PushLabels key;
  std::string body;               // as it was sent; of put and post
  bool is_protobuf{false};        // else text
  PushCoding coding{PushCoding::none};
};

// What became of it.
struct PushOutcome {
  std::uint32_t status{200};  // 200 taken, 202 removed, 400 of no use, 429 no room, 503 come again
  std::string text;           // for people, where it was not taken
};

// Carries it out in its turn; what is answered 200 or 202 is on the disk. `done` comes once, on another thread. False, and
// nothing happens, when too many wait. Any thread.
using PushMetrics = std::function<bool(PushAsk ask, std::function<void(PushOutcome)> done)>;

// Since the start. Any thread.
struct PushCounts {
  using Count = std::atomic<std::uint64_t>;
  Count taken{0};
  Count removed{0};     // DELETE, also of what was not there
  Count unreadable{0};
  std::array<Count, metrics::push::push_refusal_count> refused{};
  Count undurable{0};   // the disk took nothing
  Count series{0};      // now
};

struct Pushes {
  PushMetrics push;
  std::function<std::vector<std::shared_ptr<const metrics::push::Group>>()> groups;  // any thread
  const PushCounts* counts{nullptr};  // null: nobody can push
};

}  // namespace watchbill::api
