// The answer of remote read in frames. The golden bytes are those of a Prometheus 2.42 that was written the same samples.
#include "metrics/remote/read_stream.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include "base/bytes.h"
#include "base/bytes_code.h"
#include "metrics/remote/xor_chunk.h"
#include "metrics/tsdb/checksum.h"

namespace watchbill::metrics::remote {
namespace {

std::string hex(std::string_view bytes) {
  return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

// Every kind of step, and values whose bits differ in all ways.
std::vector<Sample> varied() {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values{1, 1, 2.5, -3.25, 1e300, 0.1, 0.2, infinity, 0.1 + 0.2, 5e-324, 7, 7, 8, 9, 0, 1234567};
  const std::vector<std::int64_t> steps{0,    15000, 15000, 15001, 14000, 15000, 30000, 50,
                                        5000, 60000, 1,     15000, 15000, 23193, 39577, 15000};
  std::vector<Sample> samples;
  std::int64_t at = 1'795'261'484'232;
  for (std::size_t i = 0; i < values.size(); ++i) samples.push_back({Instant{at += steps[i]}, values[i]});
  return samples;
}

// Reads a chunk as Prometheus' iterator does; written for this test alone.
class ChunkReader {
 public:
  explicit ChunkReader(std::string_view bytes) : bytes_(bytes) {}
  std::vector<Sample> read() {
    const std::uint64_t count = bits(16);
    std::vector<Sample> out;
    std::uint64_t at = 0, step = 0, value = 0;
    unsigned leading = 0, trailing = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i == 0) {
        at = unzigzag(varint());
        value = bits(64);
      } else {
        step = i == 1 ? varint() : step + bend();
        at += step;
        if (bits(1) == 1) {
          if (bits(1) == 1) {
            leading = static_cast<unsigned>(bits(5));
            const auto significant = static_cast<unsigned>(bits(6));
            trailing = 64 - leading - (significant == 0 ? 64 : significant);
          }
          value ^= bits(64 - leading - trailing) << trailing;
        }
      }
      out.push_back({Instant{static_cast<std::int64_t>(at)}, std::bit_cast<double>(value)});
    }
    EXPECT_LE(at_, bytes_.size() * 8) << "the chunk is long enough";
    return out;
  }

 private:
  std::uint64_t bits(unsigned count) {
    std::uint64_t out = 0;
    for (; count > 0; --count, ++at_) {
      const auto byte = at_ / 8 < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at_ / 8]) : std::uint8_t{0};
      out = out << 1 | ((byte >> (7 - at_ % 8)) & 1U);
    }
    return out;
  }
  std::uint64_t varint() {
    std::uint64_t out = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint64_t byte = bits(8);
      out |= (byte & 0x7F) << shift;
      if (byte < 0x80) return out;
    }
  }
  std::uint64_t bend() {
    unsigned kind = 0;
    while (kind < 4 && bits(1) == 1) ++kind;
    if (kind == 0) return 0;
    if (kind == 4) return bits(64);
    const unsigned width = kind == 1 ? 14 : kind == 2 ? 17 : 20;
    std::uint64_t number = bits(width);
    if (number > std::uint64_t{1} << (width - 1)) number -= std::uint64_t{1} << width;
    return number;
  }

  std::string_view bytes_;
  std::size_t at_{0};
};

void expect_same(const std::vector<Sample>& read, const std::vector<Sample>& written) {
  ASSERT_EQ(read.size(), written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].at, written[i].at) << i;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read[i].value), std::bit_cast<std::uint64_t>(written[i].value)) << i;
  }
}

struct Frame {
  std::string message;
  std::uint32_t sum{0};
};
std::vector<Frame> frames_of(std::string_view bytes) {
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    std::uint64_t length = 0;
    EXPECT_TRUE(take_varint(bytes, length));
    Frame frame;
    for (int i = 0; i < 4; ++i) frame.sum = frame.sum << 8 | static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]);
    frame.message = bytes.substr(4, length);
    bytes.remove_prefix(4 + length);
    frames.push_back(std::move(frame));
  }
  return frames;
}

// The chunks' bytes of a frame, and its query.
struct Read {
  std::vector<std::string> chunks;
  std::int64_t query_index{0};
};
Read read_message(const std::string& message) {
  Read out;
  for (protozero::pbf_reader response(message); response.next();) {
    if (response.tag() == 2) {
      out.query_index = response.get_int64();
      continue;
    }
    for (protozero::pbf_reader series = response.get_message(); series.next();) {
      if (series.tag() != 2) {
        series.skip();
        continue;
      }
      for (protozero::pbf_reader chunk = series.get_message(); chunk.next();) {
        if (chunk.tag() == 4) out.chunks.push_back(chunk.get_string());
        else chunk.skip();
      }
    }
  }
  return out;
}

TEST(read_stream, frames_are_prometheus_byte_for_byte) {
  ReadStreamWriter writer;
  const auto labels = [](const char* x) { return encode_labels(Labels({{"__name__", "wb_a"}, {"region", "eu"}, {"x", x}})); };
  const std::vector<Sample> samples = varied();
  writer.series(0, labels("1"), samples);
  writer.series(0, labels("2"), std::span(samples).first(1));
  EXPECT_EQ(hex(writer.take()),
            "d50192cdff660ad2010a100a085f5f6e616d655f5f120477625f610a0c0a06726567696f6e120265750a060a017812013112a70108c899"
            "b1ef9f34109e8cc2ef9f341801229401001090b3e2debf683ff00000000000009875309bffd8001c07c007bc17c1f5f1ef21e44003acf0"
            "7d187e831cfb4a2333d80f0ea6200e000000000000362c0a80733333333333364d5a804666666666666b35b6317dfe999999999999ae8a"
            "d0e1fe00e000000000000e1d4b9003c000000000000c20018001000000000000620005008800000000000367ffe8265ad0e0000000004f"
            "f44fbf560a4d0a100a085f5f6e616d655f5f120477625f610a0c0a06726567696f6e120265750a060a0178120132122308c899b1ef9f34"
            "10c899b1ef9f3418012211000190b3e2debf683ff000000000000000");
  EXPECT_EQ(writer.bytes(), 0U);
}

TEST(read_stream, chunks_give_every_sample_back) {
  expect_same(ChunkReader(encode_xor_chunk(varied())).read(), varied());
  const std::int64_t far = std::numeric_limits<std::int64_t>::max();
  const std::vector<Sample> extremes{{Instant{-far}, std::nan("")},
                                     {Instant{-1}, 0},
                                     {Instant{0}, -0.0},
                                     {Instant{8193}, 1},
                                     {Instant{8193 * 3}, std::nextafter(1, 2)},
                                     {Instant{100'000}, 3},
                                     {Instant{700'000}, std::bit_cast<double>(std::uint64_t{0x7ff0000000000002})},
                                     {Instant{far}, std::bit_cast<double>(~std::uint64_t{0})}};
  expect_same(ChunkReader(encode_xor_chunk(extremes)).read(), extremes);
  // Steps at and beyond each width.
  std::vector<Sample> steps;
  std::int64_t at = 0;
  for (const std::int64_t step : {1, 8193, 8194, 16387, 8195, 1, 65'537, 131'074, 65'537, 1, 524'289, 1'048'579, 524'290, 1})
    steps.push_back({Instant{at += step}, static_cast<double>(step)});
  expect_same(ChunkReader(encode_xor_chunk(steps)).read(), steps);
}

TEST(read_stream, long_series_are_many_chunks_and_frames_with_right_sums) {
  std::vector<Sample> samples;
  for (int i = 0; i < 1'000; ++i) samples.push_back({Instant{i * 15'000}, i * 0.1});
  ReadStreamWriter writer(500);
  writer.series(0, encode_labels(Labels({{"__name__", "a"}, {"b", "c"}})), {});
  EXPECT_EQ(writer.bytes(), 0U) << "nothing of a series without samples";
  writer.series(3, encode_labels(Labels({{"__name__", "a"}, {"b", "c"}})), samples);
  std::vector<Sample> read;
  const std::string bytes = writer.take();
  const std::vector<Frame> frames = frames_of(bytes);
  EXPECT_GT(frames.size(), 2U);
  for (const Frame& frame : frames) {
    EXPECT_EQ(frame.sum, tsdb::checksum(frame.message));
    const Read message = read_message(frame.message);
    EXPECT_EQ(message.query_index, 3);
    EXPECT_FALSE(message.chunks.empty());
    for (const std::string& chunk : message.chunks) {
      const std::vector<Sample> part = ChunkReader(chunk).read();
      EXPECT_LE(part.size(), chunk_sample_count_max);
      read.insert(read.end(), part.begin(), part.end());
    }
  }
  expect_same(read, samples);
}

}  // namespace
}  // namespace watchbill::metrics::remote
