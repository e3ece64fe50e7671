// Which format a page has, and which ones we ask for.
#pragma once

#include <cstdint>
#include <string_view>

namespace watchbill::metrics::exposition {

enum class PageFormat : std::uint8_t { text, open_metrics, protobuf };

// By the Content-Type of an answer: OpenMetrics or protobuf where they are named, in any version; the text format otherwise, also
// when the header is missing, names something else or cannot be read. Source: Prometheus 2.42 (textparse.New over Go's
// mime.ParseMediaType).
[[nodiscard]] PageFormat page_format(std::string_view content_type) noexcept;

// What we ask for when a job wants native histograms: protobuf before all else. Source: Prometheus 2.42, native-histograms.
inline constexpr std::string_view accepted_formats_with_protobuf =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

// The Accept header: OpenMetrics rather than text, anything rather than nothing. Source: Prometheus 2.42.
inline constexpr std::string_view accepted_formats =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

}  // namespace watchbill::metrics::exposition
