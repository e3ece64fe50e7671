#include "metrics/tsdb/chunk.h"

#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace watchbill::metrics::tsdb {
namespace {

std::uint64_t bits(double v) { return std::bit_cast<std::uint64_t>(v); }

// Writes as many samples as one chunk takes; gives their count.
std::size_t write(ChunkWriter& writer, Chunk& chunk, const std::vector<Sample>& samples) {
  writer.begin(chunk, samples.front());
  std::size_t count = 1;
  while (count < samples.size() && writer.add(samples[count])) ++count;
  return count;
}

// Reads all of it, and up to each of some times: between the first and the last sample, at them and beyond.
template <class ChunkOrWriter>
void expect_reads_back(const ChunkOrWriter& chunk, const std::vector<Sample>& samples, std::size_t count) {
  std::vector<Sample> read(chunk_samples_max);
  for (const std::size_t last : {count - 1, std::size_t{0}, count / 3, count / 2}) {
    ASSERT_EQ(read_chunk(chunk, samples[last].t_ms, read.data()), last + 1);
    if (last + 1 == count) continue;
    ASSERT_EQ(read_chunk(chunk, samples[last + 1].t_ms - 1, read.data()), last + 1) << "just before the next";
  }
  if (samples.front().t_ms != std::numeric_limits<std::int64_t>::min()) {
    ASSERT_EQ(read_chunk(chunk, samples.front().t_ms - 1, read.data()), 0U);
  }
  ASSERT_EQ(read_chunk(chunk, std::numeric_limits<std::int64_t>::max(), read.data()), count);
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_EQ(read[i].t_ms, samples[i].t_ms) << "sample " << i;
    ASSERT_EQ(bits(read[i].v), bits(samples[i].v)) << "sample " << i;
  }
}

double odd_value(std::mt19937_64& random) {
  using limits = std::numeric_limits<double>;
  switch (random() % 12) {
    case 0: return 0.0;
    case 1: return -0.0;
    case 2: return limits::infinity();
    case 3: return -limits::infinity();
    case 4: return stale_marker();
    case 5: return std::bit_cast<double>(0x7ff8000000000001);
    case 6: return std::bit_cast<double>(0xfff8dead0000beef | (random() & 0xffff0000));
    case 7: return limits::denorm_min() * static_cast<double>(random() % 1000);
    case 8: return limits::max();
    case 9: return static_cast<double>(random() % 100);
    case 10: return std::bit_cast<double>(random());
    default: return static_cast<double>(random() % 1'000'000) * 0.01;
  }
}

std::int64_t odd_step(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0: return 1;
    case 1: return 15'000 + static_cast<std::int64_t>(random() % 7) - 3;
    case 2: return 15'000 + static_cast<std::int64_t>(random() % 1000);
    case 3: return static_cast<std::int64_t>(random() % 10'000'000) + 1;
    case 4: return static_cast<std::int64_t>(random() % (std::uint64_t{1} << 40)) + 1;
    default: return 15'000;
  }
}

TEST(chunk, any_series_reads_back_bit_for_bit_while_open_and_when_closed) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::vector<Sample> samples;
    std::int64_t t = static_cast<std::int64_t>(random() % (std::uint64_t{1} << 42)) - (std::int64_t{1} << 41);
    for (int i = 0; i < 300; ++i) {
      samples.push_back(Sample{t, odd_value(random)});
      t += seed % 3 == 0 ? 15'000 : odd_step(random);
    }
    auto chunk = std::make_unique<Chunk>();
    ChunkWriter writer;
    const std::size_t count = write(writer, *chunk, samples);
    ASSERT_GE(count, 11U) << "the worst case is 148 bits for each sample";
    ASSERT_NO_FATAL_FAILURE(expect_reads_back(writer, samples, count));
    writer.close();
    ASSERT_NO_FATAL_FAILURE(expect_reads_back(*chunk, samples, count));
  }
}

// Numbers with a few decimals, as targets print them, with changes of scale, jumps and staleness between them.
TEST(chunk, decimal_series_read_back_bit_for_bit) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    double power = std::pow(10, static_cast<double>(random() % 9));
    std::int64_t number = static_cast<std::int64_t>(random() >> (random() % 60 + 4)) * (random() % 2 == 0 ? 1 : -1);
    std::vector<Sample> samples;
    for (int i = 0; i < 240; ++i) {
      number += static_cast<std::int64_t>(random() >> (random() % 60 + 4)) * (random() % 4 == 0 ? -1 : 1);
      if (random() % 50 == 0) power = std::pow(10, static_cast<double>(random() % 9));
      double value = static_cast<double>(number) / power;
      if (random() % 40 == 0) value = odd_value(random);
      samples.push_back(Sample{i * 15'000, value});
    }
    auto chunk = std::make_unique<Chunk>();
    ChunkWriter writer;
    const std::size_t count = write(writer, *chunk, samples);
    ASSERT_NO_FATAL_FAILURE(expect_reads_back(writer, samples, count));
    writer.close();
    ASSERT_NO_FATAL_FAILURE(expect_reads_back(*chunk, samples, count));
  }
}

// Bits of one sample more, once the series is under way: what 100 000 of them cost.
double bits_per_sample(double (*value)(int)) {
  auto chunk = std::make_unique<Chunk>();
  ChunkWriter writer;
  writer.begin(*chunk, Sample{0, value(0)});
  std::uint32_t before = 0;
  int i = 1;
  while (writer.add(Sample{i * 15'000, value(i)})) {
    if (i == 5) before = writer.bit_count;
    ++i;
  }
  return static_cast<double>(writer.bit_count - before) / (i - 6);
}

TEST(chunk, numbers_of_few_decimals_cost_few_bits) {
  EXPECT_LE(bits_per_sample([](int i) { return 1e9 + i * 15.0 + i * i % 7; }), 13.0) << "a counter of seconds";
  EXPECT_LE(bits_per_sample([](int i) { return (4000 + i * 37 % 101) / 100.0; }), 15.0) << "a gauge of two decimals";
  EXPECT_LE(bits_per_sample([](int i) { return i * 65536.0 * (i % 3); }), 38.0) << "a counter of bytes";
  EXPECT_GE(bits_per_sample([](int i) { return std::sqrt(static_cast<double>(i + 2)); }), 40.0) << "no decimal number";
}

TEST(chunk, times_may_lie_at_both_ends_of_the_range) {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  const std::vector<Sample> samples{{least, 1}, {least + 1, 2}, {0, 3}, {greatest - 1, 4}, {greatest, 5}};
  auto chunk = std::make_unique<Chunk>();
  ChunkWriter writer;
  ASSERT_EQ(write(writer, *chunk, samples), samples.size());
  expect_reads_back(writer, samples, samples.size());
}

TEST(chunk, a_reader_that_began_before_more_was_written_sees_what_was_there) {
  std::mt19937_64 random(7);
  std::vector<Sample> samples;
  for (int i = 0; i < 200; ++i) samples.push_back(Sample{i * 1000, odd_value(random)});
  auto chunk = std::make_unique<Chunk>();
  ChunkWriter writer;
  writer.begin(*chunk, samples.front());
  std::vector<ChunkWriter> moments{writer};
  for (std::size_t i = 1; i < samples.size() && writer.add(samples[i]); ++i) moments.push_back(writer);
  writer.close();
  for (std::size_t i = 0; i < moments.size(); ++i) expect_reads_back(moments[i], samples, i + 1);
}

TEST(chunk, a_constant_at_an_exact_interval_costs_two_bits_and_stops_at_the_sample_bound) {
  auto chunk = std::make_unique<Chunk>();
  ChunkWriter writer;
  writer.begin(*chunk, Sample{0, 42});
  ASSERT_TRUE(writer.add(Sample{15'000, 42}));
  const std::uint32_t before = writer.bit_count;
  ASSERT_TRUE(writer.add(Sample{30'000, 42}));
  EXPECT_EQ(writer.bit_count - before, 2U);
  std::int64_t t = 45'000;
  while (writer.add(Sample{t, 42})) t += 15'000;
  EXPECT_EQ(writer.sample_count, chunk_samples_max);
}

TEST(chunk, a_refused_sample_changes_nothing) {
  std::mt19937_64 random(3);
  auto chunk = std::make_unique<Chunk>();
  ChunkWriter writer;
  writer.begin(*chunk, Sample{0, 1});
  std::vector<Sample> samples{{0, 1}};
  while (true) {
    const Sample next{samples.back().t_ms + odd_step(random), std::bit_cast<double>(random())};
    const ChunkWriter before = writer;
    if (!writer.add(next)) {
      EXPECT_EQ(writer.bit_count, before.bit_count);
      EXPECT_EQ(writer.tail, before.tail);
      EXPECT_EQ(writer.t_ms, before.t_ms);
      break;
    }
    samples.push_back(next);
  }
  expect_reads_back(writer, samples, samples.size());
}

}  // namespace
}  // namespace watchbill::metrics::tsdb
