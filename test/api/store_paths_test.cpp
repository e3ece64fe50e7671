// What is told of the store without a query: status/tsdb and /federate, to the byte.
#include <gtest/gtest.h>

#include "api/stand.h"
#include "metrics/tsdb/sample.h"

namespace watchbill::api {
namespace {

class store_paths : public ::testing::Test {
 protected:
  void append(std::vector<Labels::Pair> labels, Instant at, double value) {
    ASSERT_TRUE(stand_.head.append(Labels(std::move(labels)), at, value));
  }
  std::string body(const std::string& pattern, ports::HttpParameters query = {}) {
    const Reply reply = stand_.ask(pattern, std::move(query));
    stand_.run_pool();
    EXPECT_TRUE(*reply) << "it is answered";
    return *reply ? (**reply).body : std::string();
  }

  Stand stand_;
  const Instant now_ = stand_.desk.now;
};

TEST_F(store_paths, an_empty_store_has_the_bounds_of_prometheus) {
  EXPECT_EQ(body("/api/v1/status/tsdb"),
            R"({"status":"success","data":{"headStats":{"numSeries":0,"numLabelPairs":0,"chunkCount":0,)"
            R"("minTime":9223372036854775807,"maxTime":-9223372036854775808},"seriesCountByMetricName":[],)"
            R"("labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}})"
            "\n");
}

TEST_F(store_paths, the_store_is_counted_by_names_and_values) {
  append({{"__name__", "a"}, {"path", "/long"}}, now_, 1);
  append({{"__name__", "a"}, {"path", "/x"}}, now_ + Duration::seconds(1), 1);
  append({{"__name__", "b"}, {"path", "/x"}}, now_, 1);
  const std::string told = body("/api/v1/status/tsdb");
  EXPECT_NE(told.find(R"("numSeries":3,"numLabelPairs":4,)"), std::string::npos) << told;
  EXPECT_NE(told.find(R"("minTime":)" + std::to_string(now_.ms) + R"(,"maxTime":)" + std::to_string(now_.ms + 1000)),
            std::string::npos)
      << told;
  EXPECT_NE(told.find(R"("seriesCountByMetricName":[{"name":"a","value":2},{"name":"b","value":1}])"), std::string::npos) << told;
  EXPECT_NE(told.find(R"("memoryInBytesByLabelName":[{"name":"path","value":7},{"name":"__name__","value":2}])"),
            std::string::npos)
      << told;
  EXPECT_NE(told.find(R"("seriesCountByLabelValuePair":[{"name":"__name__=a","value":2},{"name":"path=/x","value":2},)"),
            std::string::npos)
      << told;
}

TEST_F(store_paths, at_most_ten_are_told_and_the_largest_first) {
  for (int i = 0; i < 30; ++i)
    for (int series = 0; series <= i; ++series)
      append({{"__name__", "m" + std::to_string(i)}, {"n", std::to_string(series)}}, now_, 1);
  const std::string told = body("/api/v1/status/tsdb");
  EXPECT_NE(told.find(R"("seriesCountByMetricName":[{"name":"m29","value":30},{"name":"m28","value":29},)"), std::string::npos);
  EXPECT_NE(told.find(R"({"name":"m20","value":21}])"), std::string::npos) << told;
}

TEST_F(store_paths, other_alertmanagers_are_told_by_the_url_that_is_called) {
  EXPECT_EQ(body("/api/v1/alertmanagers"),
            R"({"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}})" "\n");
  stand_.relay.peers = {{"http://am:9093/api/v2/alerts"}, {"https://other/x/api/v2/alerts"}};
  EXPECT_EQ(body("/api/v1/alertmanagers"),
            R"({"status":"success","data":{"activeAlertmanagers":[{"url":"http://am:9093/api/v2/alerts"},)"
            R"({"url":"https://other/x/api/v2/alerts"}],"droppedAlertmanagers":[]}})" "\n");
}

TEST_F(store_paths, federation_tells_what_is_new_and_alive_once_with_the_labels_escaped) {
  append({{"__name__", "old"}, {"job", "a"}}, now_ - Duration::minutes(6), 1);
  append({{"__name__", "gone"}, {"job", "a"}}, now_ - Duration::seconds(2), 1);
  append({{"__name__", "gone"}, {"job", "a"}}, now_ - Duration::seconds(1), metrics::tsdb::stale_marker());
  append({{"__name__", "new"}, {"job", "a"}, {"path", "C:\\\"x\"\n"}}, now_, 1e22);
  append({{"__name__", "new"}, {"instance", "h:1"}, {"job", "a"}}, now_, -0.5);
  append({{"job", "a"}}, now_, 7);
  EXPECT_EQ(body("/federate", {{"match[]", "{job=\"a\"}"}, {"match[]", "new"}}),
            "# TYPE new untyped\nnew{instance=\"h:1\",job=\"a\"} -0.5 " + std::to_string(now_.ms) +
                "\nnew{job=\"a\",path=\"C:\\\\\\\"x\\\"\\n\",instance=\"\"} 1e+22 " + std::to_string(now_.ms) + "\n");
  EXPECT_EQ(body("/federate"), "");
}

}  // namespace
}  // namespace watchbill::api
