// Native histograms in the messages of remote write and read.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

#include "metrics/remote/message.h"

namespace histogram = watchbill::metrics::histogram;
namespace remote = watchbill::metrics::remote;
using histogram::Histogram;
using watchbill::Instant;

namespace {

Histogram whole_histogram() {
  Histogram value;
  value.schema = 1;
  value.zero_threshold = 0.001;
  value.zero_count = 2;
  value.count = 15;
  value.sum = 18.4;
  value.positive = {{0, 1}, {1, 3}, {4, 2}};
  value.negative = {{-3, 4}, {2, 3}};
  return value;
}

void expect_back(const Histogram& value) {
  const auto back = remote::decode_histogram(remote::encode_histogram({Instant{-7}, value}));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->at, Instant{-7});
  EXPECT_EQ(back->value.reset_hint, value.reset_hint);
  EXPECT_TRUE(histogram::is_equal(back->value, value));
  EXPECT_EQ(back->value.positive, value.positive);
  EXPECT_EQ(back->value.negative, value.negative);
}

// Whether the message has a field; 1 is the count of the kind with integers.
bool has_field(const std::string& message, std::uint32_t number) {
  protozero::pbf_reader reader(message);
  return reader.next(number);
}

std::string error_of(const std::string& message, const histogram::Limits& limits = {}) {
  const auto read = remote::decode_histogram(message, limits);
  return read ? "taken" : read.error().text();
}

// Positive buckets from index 0 on by their differences, as senders of integers have them.
std::string integers(std::uint64_t count, double sum, const std::vector<std::int64_t>& deltas, std::uint32_t span_length) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_uint64(1, count);
  writer.add_double(3, sum);
  protozero::pbf_writer span(writer, 11);
  span.add_uint32(2, span_length);
  span.commit();
  writer.add_packed_sint64(12, deltas.begin(), deltas.end());
  return message;
}

}  // namespace

TEST(remote_histogram, whole_counts_travel_as_integers) {
  const Histogram value = whole_histogram();
  EXPECT_TRUE(has_field(remote::encode_histogram({Instant{}, value}), 1));
  expect_back(value);
}

TEST(remote_histogram, other_counts_travel_as_floats) {
  Histogram value = whole_histogram();
  value.positive[0].count = 0.5;
  EXPECT_TRUE(has_field(remote::encode_histogram({Instant{}, value}), 2));
  expect_back(value);
  // Whole, but not adding up: a receiver that checks integers would refuse it.
  value = whole_histogram();
  value.count = 16;
  EXPECT_TRUE(has_field(remote::encode_histogram({Instant{}, value}), 2));
  expect_back(value);
}

TEST(remote_histogram, hints_custom_bounds_and_staleness_pass) {
  Histogram value = whole_histogram();
  for (const auto hint : {histogram::ResetHint::reset, histogram::ResetHint::not_reset, histogram::ResetHint::gauge}) {
    value.reset_hint = hint;
    expect_back(value);
  }
  Histogram custom;
  custom.schema = histogram::custom_schema;
  custom.count = 6;
  custom.sum = 1;
  custom.custom_bounds = histogram::make_bounds({0.1, 1, 10});
  custom.positive = {{0, 1}, {3, 5}};
  expect_back(custom);
  Histogram stale;
  stale.sum = std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
  expect_back(stale);
}

TEST(remote_histogram, integers_must_add_up) {
  EXPECT_EQ(error_of(integers(4, 1, {1, 2}, 2)), "taken");
  EXPECT_EQ(error_of(integers(5, 1, {1, 2}, 2)),
            "read a native histogram count: expected as many observations as the buckets hold");
  EXPECT_EQ(error_of(integers(5, std::nan(""), {1, 2}, 2)), "taken") << "observations of NaN are in no bucket";
  EXPECT_NE(error_of(integers(3, std::nan(""), {1, 2}, 2)), "taken");
}

TEST(remote_histogram, what_is_no_histogram_is_refused) {
  EXPECT_NE(error_of(integers(4, 1, {1, 2}, 3)), "taken") << "a span without counts";
  EXPECT_NE(error_of(integers(0, 1, {1, -2, 1}, 3)), "taken") << "a negative count";
  EXPECT_NE(error_of(integers(4, 1, {1, 2}, 2).substr(0, 10)), "taken") << "cut off";
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_sint32(4, 1000);
  EXPECT_NE(error_of(message), "taken") << "an unknown schema";
  EXPECT_EQ(error_of(std::string("\x0a\x00", 2)), "read Histogram: it is no such message of protobuf") << "the count as text";
}

TEST(remote_histogram, lists_are_read_packed_and_one_by_one) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_uint64(1, 3);
  protozero::pbf_writer span(writer, 11);
  span.add_sint32(1, -2);
  span.add_uint32(2, 2);
  span.commit();
  writer.add_sint64(12, 1);
  writer.add_sint64(12, 1);
  const auto read = remote::decode_histogram(message);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->value.positive, (histogram::BucketCounts{{-2, 1}, {-1, 2}}));
}

TEST(remote_histogram, limits_hold_while_it_is_read) {
  const std::vector<std::int64_t> deltas(1'000, 0);
  const std::string message = integers(0, 0, deltas, 1'000);
  EXPECT_EQ(error_of(message), "taken");
  histogram::Limits limits;
  limits.buckets_max = 100;
  EXPECT_EQ(error_of(message, limits), "read a native histogram buckets: expected at most 100 buckets and as many custom bounds");
}
