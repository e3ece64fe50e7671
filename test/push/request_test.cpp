// Pushes as they are sent: paths and bodies. Expectations are those of a real Pushgateway (1.5.1, asked by hand), but where it
// says otherwise.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "metrics/push/request.h"

namespace push = watchbill::metrics::push;

namespace {

std::string key(std::string_view rest, bool is_job_base64 = false) {
  const auto read = push::key_of_path(rest, is_job_base64);
  return read ? push::text_of(*read) : "refused: " + read.error().text();
}

// "name type: {labels} value …", one metric in a line; or why not.
std::string read(std::string_view body) {
  const auto result = push::read_text(body);
  if (!result) return "refused: " + result.error().text();
  std::string out;
  for (const auto& [name, family] : result->families) {
    for (const push::Metric& metric : family.metrics) {
      out += name + " " + std::string(word(family.type)) + push::text_of(metric.labels);
      if (metric.points.empty()) out += " " + std::to_string(metric.value);
      for (const auto& [at, value] : metric.points) out += " " + std::to_string(at) + "=" + std::to_string(value);
      if (!metric.points.empty()) out += " sum=" + std::to_string(metric.sum) + " count=" + std::to_string(metric.count);
      out += "\n";
    }
  }
  return out + (result->has_timestamps ? "with timestamps\n" : "");
}

bool is_refused(const std::string& text, std::string_view because) {
  return text.starts_with("refused: ") && text.find(because) != std::string::npos;
}

}  // namespace

TEST(push_path, the_key_is_the_job_and_pairs_of_labels) {
  EXPECT_EQ(key("some_job"), R"({job="some_job"})");
  EXPECT_EQ(key("some_job/"), R"({job="some_job"})");
  EXPECT_EQ(key("some_job/instance/some_instance"), R"({instance="some_instance",job="some_job"})");
  EXPECT_EQ(key("titan/name/%CE%A0%CF%81"), "{job=\"titan\",name=\"Πρ\"}");
  EXPECT_EQ(key("a%2Fb/c"), R"({b="c",job="a"})") << "as there: an escaped slash is a slash";
  EXPECT_EQ(key("again/job/other"), R"({job="again"})");
}

TEST(push_path, base64_says_what_a_path_cannot) {
  EXPECT_EQ(key("L3Zhci90bXA", true), R"({job="/var/tmp"})");
  EXPECT_EQ(key("d/path@base64/L3Zhci90bXA"), R"({job="d",path="/var/tmp"})");
  EXPECT_EQ(key("d/l@base64/YQ=="), R"({job="d",l="a"})");
  EXPECT_EQ(key("e/first@base64/=/second/x"), R"({first="",job="e",second="x"})");
  EXPECT_EQ(key("d/l@base64/zqDPgc6_zrzOt864zrXPjc-C"), "{job=\"d\",l=\"Προμηθεύς\"}") << "the alphabet of URLs";
}

TEST(push_path, what_is_no_key_is_refused_with_what_was_expected) {
  EXPECT_TRUE(is_refused(key("a/b"), "a label without a value"));
  EXPECT_TRUE(is_refused(key("a/path//var"), "a label without a value"));
  EXPECT_TRUE(is_refused(key("a/b//c/d"), "b@base64/="));
  EXPECT_TRUE(is_refused(key("/b/c"), "job name is required"));
  EXPECT_TRUE(is_refused(key("=", true), "job name is required"));
  EXPECT_TRUE(is_refused(key("a/__b/c"), "improper label name"));
  EXPECT_TRUE(is_refused(key("a/b-c/c"), "improper label name"));
  EXPECT_TRUE(is_refused(key("a/l@base64/Y!"), "expected base64"));
  EXPECT_TRUE(is_refused(key("a/l@base64/a+b+"), "expected base64")) << "the other alphabet";
  EXPECT_TRUE(is_refused(key("a/l/%ff"), "expected UTF-8"));
  EXPECT_TRUE(is_refused(key("a/l/%f"), "two hex digits"));
}

TEST(push_body, samples_belong_to_the_families_that_are_declared) {
  EXPECT_EQ(read("some_metric 3.14\n"), "some_metric untyped{} 3.140000\n");
  EXPECT_EQ(read("# TYPE c counter\nc{a=\"\",b=\"1\"} 42\n"), "c counter{a=\"\",b=\"1\"} 42.000000\n");
  EXPECT_EQ(read("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2.0\"} 3\nh_sum 4\nh_count 5\n"),
            "h histogram{} 1.000000=2.000000 2.000000=3.000000 sum=4.000000 count=5.000000\n");
  EXPECT_EQ(read("# TYPE s summary\ns{quantile=\"0.5\",x=\"y\"} 2\ns_sum{x=\"y\"} 4\n"),
            "s summary{x=\"y\"} 0.500000=2.000000 sum=4.000000 count=0.000000\n");
  EXPECT_EQ(read("h2_bucket{le=\"1\"} 2\n"), "h2_bucket untyped{le=\"1\"} 2.000000\n");
  EXPECT_EQ(read("# TYPE only gauge\n"), "");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("t 1 1234567890\n"), "t untyped{} 1.000000\nwith timestamps\n");
}

TEST(push_body, what_cannot_be_meant_is_refused) {
  EXPECT_TRUE(is_refused(read("x 1"), "line feed"));
  EXPECT_TRUE(is_refused(read("bad{ 1\n"), "line 1"));
  EXPECT_TRUE(is_refused(read("# TYPE g gauge\n# TYPE g gauge\ng 1\n"), "found a second"));
  EXPECT_TRUE(is_refused(read("# HELP g x\n# HELP g x\ng 1\n"), "found a second"));
  EXPECT_TRUE(is_refused(read("g 1\n# TYPE g gauge\n"), "before the first sample"));
  EXPECT_TRUE(is_refused(read("# TYPE h histogram\nh_bucket{le=\"NaN\"} 1\n"), "label le"));
  EXPECT_TRUE(is_refused(read("# TYPE s summary\ns 1\n"), "label quantile"));
}

TEST(push_body, a_histogram_without_buckets_is_no_histogram) {
  EXPECT_TRUE(is_refused(read("# TYPE hb histogram\nhb_sum 1\nhb_count 1\n"), "invalid_histogram"));
  EXPECT_TRUE(is_refused(read("# TYPE hb histogram\nhb_bucket{le=\"1\",a=\"b\"} 1\nhb_sum 1\n"), "invalid_histogram"))
      << "one with other labels helps it not";
}

TEST(push_body, protobuf_says_the_same_and_of_two_families_the_later_counts) {
  using namespace std::string_literals;
  const std::string one = "\x16\x0a\x05proto\x18\x01\x22\x0b\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf0\x3f"s;
  const std::string two = "\x16\x0a\x05proto\x18\x01\x22\x0b\x12\x09\x09\x00\x00\x00\x00\x00\x00\x00\x40"s;
  const auto result = push::read_protobuf(one + two);
  ASSERT_TRUE(result) << result.error().text();
  ASSERT_EQ(result->families.size(), 1U);
  const push::Family& family = result->families.at("proto");
  EXPECT_EQ(word(family.type), "gauge");
  ASSERT_EQ(family.metrics.size(), 1U);
  EXPECT_EQ(family.metrics.front().value, 2);
  EXPECT_FALSE(push::read_protobuf(one.substr(0, 10)));
}

TEST(push_body, limits_hold) {
  push::BodyLimits limits;
  limits.sample_count_max = 2;
  EXPECT_TRUE(push::read_text("a 1\nb 1\n", limits));
  EXPECT_FALSE(push::read_text("a 1\nb 1\nc 1\n", limits));
  limits.bytes_max = 4;
  EXPECT_FALSE(push::read_text("abc 1\n", limits));
}
