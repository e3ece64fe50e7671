// What the metrics page shows of discovery.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace watchbill::api {

enum class DiscoveryKind : std::uint8_t { dns, file, http };
inline constexpr std::size_t discovery_kind_count = 3;
inline constexpr std::array<std::string_view, discovery_kind_count> discovery_words{"dns", "file", "http"};

struct DiscoveryView {
  struct Job {
    std::string name;
    // Since the start, or since the job has this kind; none for a kind that it does not have.
    std::array<std::optional<std::uint64_t>, discovery_kind_count> failure_counts;
    std::size_t target_count{0};  // found, before and after relabelling: also those that it drops
  };
  std::vector<Job> jobs;  // of the bill, in its order
  // Since the start. What two jobs have in common is asked once and counts once here.
  std::array<std::uint64_t, discovery_kind_count> failure_counts{};
  std::uint64_t dns_lookup_count{0};
};

}  // namespace watchbill::api
