// Native histograms in answers to queries, to the byte as Prometheus writes them.
#include <gtest/gtest.h>

#include "api/stand.h"

namespace watchbill::api {
namespace {

using metrics::histogram::Histogram;

class native_histogram : public ::testing::Test {
 protected:
  void SetUp() override {
    Histogram latency;
    latency.schema = 0;
    latency.zero_threshold = 0.001;
    latency.zero_count = 2;
    latency.negative = {{0, 1}};
    latency.positive = {{0, 1.5}, {1, 0}, {2, 3e21}};
    latency.count = 8;
    latency.sum = 12.25;
    Histogram custom;
    custom.schema = metrics::histogram::custom_schema;
    custom.custom_bounds = metrics::histogram::make_bounds({5, 10});
    custom.positive = {{0, 1}, {2, 4}};
    custom.count = 5;
    custom.sum = 7;
    ASSERT_TRUE(stand_.head.append(labels("latency"), Instant{10'000}, 1.5));
    ASSERT_TRUE(stand_.head.append(labels("latency"), Instant{11'000}, latency));
    ASSERT_TRUE(stand_.head.append(labels("custom"), Instant{11'000}, custom));
    ASSERT_TRUE(stand_.head.append(labels("empty"), Instant{11'000}, Histogram{}));
  }
  static Labels labels(const std::string& name) { return Labels({{"__name__", name}, {"job", "web"}}); }

  std::string ask(const std::string& path, ports::HttpParameters query) {
    const Reply reply = stand_.ask(path, std::move(query));
    stand_.run_pool();
    if (!*reply) return "no answer";
    const std::string& body = (*reply)->body;
    const std::size_t at = body.find("\"result\":");
    return at == std::string::npos ? body : body.substr(at + 9, body.rfind("}}") - at - 9);
  }

  Stand stand_;
};

constexpr const char* latency_text =
    R"({"count":"8","sum":"12.25","buckets":[[1,"-1","-0.5","1"],[3,"-0.001","0.001","2"],)"
    R"([0,"0.5","1","1.5"],[0,"2","4","3e+21"]]})";

TEST_F(native_histogram, stands_under_a_key_of_its_own_in_a_vector) {
  EXPECT_EQ(ask("/api/v1/query", {{"query", "latency"}, {"time", "11"}}),
            std::string(R"([{"metric":{"__name__":"latency","job":"web"},"histogram":[11,)") + latency_text + "]}]");
  EXPECT_EQ(
      ask("/api/v1/query", {{"query", "custom"}, {"time", "11"}}),
      R"([{"metric":{"__name__":"custom","job":"web"},"histogram":[11,)"
            R"({"count":"5","sum":"7","buckets":[[3,"-Inf","5","1"],[0,"10","+Inf","4"]]}]}])");
  EXPECT_EQ(ask("/api/v1/query", {{"query", "empty"}, {"time", "11"}}),
            R"([{"metric":{"__name__":"empty","job":"web"},"histogram":[11,{"count":"0","sum":"0"}]}])");
}

TEST_F(native_histogram, stands_beside_the_numbers_of_a_matrix) {
  const std::string expected =
      std::string(R"([{"metric":{"__name__":"latency","job":"web"},"values":[[10,"1.5"]],"histograms":[[11,)") + latency_text +
      "]]}]";
  EXPECT_EQ(ask("/api/v1/query_range", {{"query", "latency"}, {"start", "10"}, {"end", "11"}, {"step", "1"}}), expected);
  EXPECT_EQ(ask("/api/v1/query", {{"query", "latency[1m]"}, {"time", "11"}}), expected);
}

}  // namespace
}  // namespace watchbill::api
