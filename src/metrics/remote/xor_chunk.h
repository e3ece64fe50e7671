// Samples as a chunk of Prometheus' encoding XOR: a count, then differences of differences of times and differing bits of values.
// Source: Prometheus tsdb/chunkenc/xor.go; "Gorilla", Pelkonen et al., VLDB 2015. Pure.
#pragma once

#include <span>
#include <string>

#include "metrics/remote/message.h"

namespace watchbill::metrics::remote {

// As many as Prometheus puts into one.
inline constexpr std::size_t chunk_sample_count_max = 120;

// Holds: 1 to 65,535 samples, their times ascending.
[[nodiscard]] std::string encode_xor_chunk(std::span<const Sample> samples);

}  // namespace watchbill::metrics::remote
