// What the metrics page says of discovery, each figure in its family.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "api/stand.h"

namespace watchbill::api {
namespace {

// The lines of the page that begin so, without comments.
std::string lines_of(const std::string& page, std::string_view beginning) {
  std::string out;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t end = std::min(page.find('\n', at), page.size());
    const std::string_view line = std::string_view(page).substr(at, end - at);
    if (line.starts_with(beginning)) out.append(line).append("\n");
    at = end + 1;
  }
  return out;
}

TEST(discovery_page, every_figure_stands_in_its_own_family) {
  Stand stand;
  stand.discovery.failure_counts = {1, 2, 3};
  stand.discovery.dns_lookup_count = 4;
  stand.discovery.jobs = {{"a", {std::nullopt, 5, 6}, 7}, {"b", {8, std::nullopt, std::nullopt}, 9}};
  const Reply reply = stand.ask("/metrics");
  ASSERT_TRUE(*reply);
  EXPECT_EQ(lines_of((*reply)->body, "prometheus_sd_"),
            "prometheus_sd_discovered_targets{config=\"a\",name=\"scrape\"} 7\n"
            "prometheus_sd_discovered_targets{config=\"b\",name=\"scrape\"} 9\n"
            "prometheus_sd_dns_lookup_failures_total 1\n"
            "prometheus_sd_dns_lookups_total 4\n"
            "prometheus_sd_file_read_errors_total 2\n"
            "prometheus_sd_http_failures_total 3\n"
            "prometheus_sd_refresh_failures_total{config=\"a\",mechanism=\"http\"} 6\n");
  EXPECT_EQ(lines_of((*reply)->body, "watchbill_discovery_failures_total"),
            "watchbill_discovery_failures_total{job=\"a\",kind=\"file\"} 5\n"
            "watchbill_discovery_failures_total{job=\"a\",kind=\"http\"} 6\n"
            "watchbill_discovery_failures_total{job=\"b\",kind=\"dns\"} 8\n");
}

}  // namespace
}  // namespace watchbill::api
