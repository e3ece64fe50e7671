// The answer of remote read in frames (response type STREAMED_XOR_CHUNKS): each a message ChunkedReadResponse behind its length
// (a varint) and its CRC-32C (four bytes, high ones first). Pure.
// Source: Prometheus storage/remote (chunked.go, codec.go: StreamChunkedReadResponses), prompb/remote.proto.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metrics/remote/message.h"

namespace watchbill::metrics::remote {

// The Content-Type of such an answer.
inline constexpr std::string_view read_stream_type = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

class ReadStreamWriter {
 public:
  // A frame has one series, and at most about so many bytes; a longer series has several.
  explicit ReadStreamWriter(std::size_t frame_bytes_max = std::size_t{1} << 20) : frame_bytes_max_(frame_bytes_max) {}

  // The samples of one series of query `query_index` (from 0), in order of time; nothing is written without any. Series of one
  // query come in label order, queries in theirs.
  void series(std::size_t query_index, std::string_view encoded_labels, std::span<const Sample> samples);
  [[nodiscard]] std::size_t bytes() const noexcept { return frames_.size(); }
  // The frames so far; the writer is empty afterwards.
  [[nodiscard]] std::string take();

 private:
  void add_frame(std::size_t query_index, std::string_view series);

  std::size_t frame_bytes_max_;
  std::string frames_;
};

}  // namespace watchbill::metrics::remote
