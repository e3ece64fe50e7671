// Our own metrics: what is declared, and the page that Prometheus scrapes. Source: design/metrics.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/services.h"

namespace watchbill::api {

struct DeclaredMetric {
  std::string_view name;
  std::string_view type;    // "counter", "gauge", "histogram"
  std::string_view labels;  // names, separated by ", "
  std::string_view meaning;
};

// Every family of our own that metrics_page() gives, by name, and no other.
[[nodiscard]] std::span<const DeclaredMetric> declared_metrics() noexcept;
// A label of such a family with all values that it can have.
struct ClosedLabel {
  std::string_view metric;
  std::string_view label;
  std::span<const std::string_view> values;
};
[[nodiscard]] std::span<const ClosedLabel> closed_labels() noexcept;
// {"items":[{"name":…,"type":…,"labels":[…],"meaning":…}]}
[[nodiscard]] std::string metrics_catalogue_json();

// What a page has: our own families, and for who scrapes us in a Pushgateway's place, what was pushed.
enum class PageParts : std::uint8_t { own, with_pushed };

// The page in Prometheus' text format. Loop's thread.
[[nodiscard]] std::string metrics_page(const Services& services, PageParts parts);

}  // namespace watchbill::api
