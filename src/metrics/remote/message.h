// The messages that remote write and remote read have in common: label sets, samples, native histograms,
// exemplars.
// Source: Prometheus' prompb/types.proto; every field of 2.42, and the custom bounds of later versions.
//
// A label set is kept as its *encoded labels*: the fields `Label` of a TimeSeries, one behind the other. Equal bytes are equal
// labels, so who meets the same series again and again need not read them. Pure; any thread. Malformed input is an Error
// (invalid), never an exception.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "metrics/histogram/histogram.h"
#include "model/labels.h"

namespace watchbill::metrics::remote {

struct LabelLimits {
  std::size_t label_count_max{256};
  std::size_t bytes_max{std::size_t{1} << 20};  // of the encoded labels of one series
};

struct Sample {
  Instant at;       // any number that 64 bits hold
  double value{0};  // every bit is kept, the staleness marker too
};

struct HistogramSample {
  Instant at;
  histogram::Histogram value;
};

struct ExemplarSample {
  Labels labels;  // its own, not those of its series
  double value{0};
  Instant at;
};

// The fields `Label` of a label set, in its order.
[[nodiscard]] std::string encode_labels(const Labels& labels);

// The label set again. Labels may stand in any order; those with an empty value are left out, as in Prometheus' store. Fails on
// a name that comes twice, an empty name, text that is not UTF-8, and beyond the limits. What a name may consist of is the
// store's affair. Source: labelProtosToLabels and Append of Prometheus 2.42.
[[nodiscard]] Result<Labels> decode_labels(std::string_view encoded, const LabelLimits& limits = {});

// Appends the field `number` of type TimeSeries.
void append_series(std::string& message, std::uint32_t number, std::string_view encoded_labels, std::span<const Sample> samples,
                   std::span<const HistogramSample> histograms = {}, std::span<const ExemplarSample> exemplars = {});

// Whether these bytes are a message Exemplar, whatever its labels say.
[[nodiscard]] bool is_exemplar(std::string_view message);
// Reads it. Fails as decode_labels().
[[nodiscard]] Result<ExemplarSample> decode_exemplar(std::string_view message, const LabelLimits& limits = {});

// The message Histogram. Whole counts that add up are written as the kind with integers, all others as the kind with floats.
[[nodiscard]] std::string encode_histogram(const HistogramSample& sample);

// Reads it. Fails on what histogram::check() refuses, and on integers whose buckets do not add up to the count (a sum of NaN
// excuses observations that are in no bucket). Counts above 2^53 lose their last digits.
[[nodiscard]] Result<HistogramSample> decode_histogram(std::string_view message, const histogram::Limits& limits = {});
// The same of io.prometheus.client.Histogram, the message of metrics pages: its native part, without a time.
[[nodiscard]] Result<HistogramSample> decode_exposed_histogram(std::string_view message, const histogram::Limits& limits = {});

}  // namespace watchbill::metrics::remote
