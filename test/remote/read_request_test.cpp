// The messages of remote read.
#include "metrics/remote/read_request.h"

#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

namespace watchbill::metrics::remote {
namespace {

std::string matcher(std::int32_t type, const std::string& name, const std::string& value) {
  std::string out;
  protozero::pbf_writer writer(out);
  if (type != 0) writer.add_enum(1, type);
  writer.add_string(2, name);
  writer.add_string(3, value);
  return out;
}

std::string query(std::int64_t from, std::int64_t to, const std::vector<std::string>& matchers) {
  std::string out;
  protozero::pbf_writer writer(out);
  writer.add_int64(1, from);
  writer.add_int64(2, to);
  for (const std::string& one : matchers) writer.add_message(3, one);
  writer.add_message(4, std::string());  // hints
  return out;
}

std::string request(const std::vector<std::string>& queries, const std::vector<std::int32_t>& types) {
  std::string out;
  protozero::pbf_writer writer(out);
  for (const std::string& one : queries) writer.add_message(1, one);
  if (!types.empty()) writer.add_packed_enum(2, types.begin(), types.end());
  return out;
}

std::string error_of(const std::string& body, const ReadLimits& limits = {}) {
  const auto read = decode_read_request(body, limits);
  return read ? "taken" : read.error().text();
}

TEST(read_request, is_read_with_its_queries) {
  const auto read = decode_read_request(
      request({query(-5, 10, {matcher(0, "__name__", "up"), matcher(3, "job", "a|b")}), query(1, 2, {})}, {1, 0}));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(read->accepts_samples);
  ASSERT_EQ(read->queries.size(), 2U);
  EXPECT_EQ(read->queries[0].from, Instant{-5});
  EXPECT_EQ(read->queries[0].to, Instant{10});
  ASSERT_EQ(read->queries[0].matchers.size(), 2U);
  EXPECT_EQ(read->queries[0].matchers[0].match, ReadMatch::equal);
  EXPECT_EQ(read->queries[0].matchers[0].value, "up");
  EXPECT_EQ(read->queries[0].matchers[1].match, ReadMatch::matches_not);
  EXPECT_EQ(read->queries[0].matchers[1].name, "job");
  EXPECT_TRUE(read->queries[1].matchers.empty());
}

TEST(read_request, says_which_answers_are_taken) {
  EXPECT_TRUE(decode_read_request(request({}, {}))->accepts_samples) << "as before there was a choice";
  EXPECT_FALSE(decode_read_request(request({}, {1}))->accepts_samples);
  EXPECT_TRUE(decode_read_request(request({}, {1, 0}))->accepts_samples);
  EXPECT_TRUE(decode_read_request(std::string("\x10\x01\x10\x00", 4))->accepts_samples) << "not packed";
}

TEST(read_request, the_first_type_that_is_known_is_preferred) {
  EXPECT_FALSE(decode_read_request(request({}, {}))->prefers_chunks);
  EXPECT_TRUE(decode_read_request(request({}, {1}))->prefers_chunks);
  EXPECT_TRUE(decode_read_request(request({}, {1, 0}))->prefers_chunks);
  EXPECT_FALSE(decode_read_request(request({}, {0, 1}))->prefers_chunks);
  EXPECT_TRUE(decode_read_request(request({}, {7, 1, 0}))->prefers_chunks);
  EXPECT_FALSE(decode_read_request(request({}, {7}))->prefers_chunks);
  EXPECT_TRUE(decode_read_request(std::string("\x10\x01\x10\x00", 4))->prefers_chunks) << "not packed";
}

TEST(read_request, what_is_none_is_refused) {
  EXPECT_EQ(error_of("\x08\x01"), "read ReadRequest: it is no such message of protobuf");
  EXPECT_EQ(error_of(request({query(1, 2, {matcher(4, "a", "b")})}, {})),
            "read ReadRequest: expected a matcher of type 0 to 3, found 4");
  EXPECT_EQ(error_of(request({query(1, 2, {matcher(0, "a", "\xFF")})}, {})), "read ReadRequest: a matcher is not UTF-8");
  const std::string whole = request({query(1, 2, {matcher(0, "a", "b")})}, {});
  EXPECT_NE(error_of(whole.substr(0, whole.size() - 1)), "taken");
  ReadLimits limits;
  limits.matcher_count_max = 0;
  EXPECT_EQ(error_of(whole, limits), "read ReadRequest: expected at most 0 matchers in one query");
  limits = {};
  limits.query_count_max = 0;
  EXPECT_EQ(error_of(whole, limits), "read ReadRequest: expected at most 0 queries");
}

TEST(read_request, answers_have_one_result_for_each_query) {
  ReadResponseWriter writer;
  writer.begin_result();
  const std::vector<Sample> samples{{Instant{1000}, 2.5}};
  writer.series(encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", "up"}})), samples, {});
  writer.begin_result();
  const std::string message = writer.take();
  std::vector<std::string> results;
  for (protozero::pbf_reader reader(message); reader.next(1);) results.push_back(reader.get_string());
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1], "");
  protozero::pbf_reader series(results[0]);
  ASSERT_TRUE(series.next(1));
  EXPECT_EQ(series.get_view().size(), results[0].size() - 2);
  EXPECT_EQ(writer.take(), "");
}

}  // namespace
}  // namespace watchbill::metrics::remote
