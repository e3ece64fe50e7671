// Which format a page has, and which ones we ask for.
#pragma once

#include <cstdint>
#include <string_view>

namespace watchbill::metrics::exposition {

enum class PageFormat : std::uint8_t { text, open_metrics };

// By the Content-Type of an answer: OpenMetrics where it is named, in any version; the text format otherwise, also when the
// header is missing, names something else or cannot be read. Source: Prometheus 2.42 (textparse.New over Go's
// mime.ParseMediaType).
[[nodiscard]] PageFormat page_format(std::string_view content_type) noexcept;

// The Accept header: OpenMetrics rather than text, anything rather than nothing. Source: Prometheus 2.42.
inline constexpr std::string_view accepted_formats =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

}  // namespace watchbill::metrics::exposition
