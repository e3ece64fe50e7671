// A remote of the bill, ready to be sent to.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/sender/terms.h"
#include "model/configuration_remote.h"

namespace watchbill::drivers::remote {

// Requests under way at most to all remotes at one host and port, whatever their max_shards say: the HTTP client allows 64 to one
// host, and targets and Alertmanagers may be there too. Remotes that share a host have equal parts, at least one each.
inline constexpr std::uint32_t shards_max = 50;

struct Remote {
  RemoteWriteConfiguration written;
  std::string label;  // `remote_name` of its metrics: its name, or else six digits that stand for what it is known by
  std::shared_ptr<const metrics::sender::Terms> terms;
};

// All of the bill, in its order. A remote is known again in another bill by its name, or else by its URL and its place among
// those without a name that have the same one. Pure. Holds: the configuration is checked; fails (invalid) on a relabelling rule
// that it should not have.
[[nodiscard]] Result<std::vector<Remote>> remotes_of(std::span<const RemoteWriteConfiguration> written,
                                                     const Labels& external_labels);

// Whether the same requests go to the same place in the same way.
[[nodiscard]] bool is_same(const Remote& a, const Remote& b);

}  // namespace watchbill::drivers::remote
