#include "cli/query_text.h"

#include <gtest/gtest.h>

namespace watchbill::cli {
namespace {

std::string lines(std::string_view data) {
  std::string out;
  for (const std::string& line : query_lines(parse_json(data).value())) out += line + "\n";
  return out;
}

TEST(query_text, values_stand_beside_their_series_and_points_below_them) {
  EXPECT_EQ(lines(R"({"resultType":"scalar","result":[1772366400,"2"]})"), "2 @1772366400\n");
  EXPECT_EQ(lines(R"({"resultType":"vector","result":[{"metric":{"__name__":"up","job":"a"},"value":[1.5,"1"]}]})"),
            "up{job=\"a\"}  1 @1.5\n");
  EXPECT_EQ(lines(R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2"]]}]})"), "{}\n  1 @1\n  2 @2\n");
  EXPECT_EQ(lines(R"({"resultType":"vector","result":[]})"), "no series\n");
  EXPECT_EQ(lines("{}"), "no series\n");
}

TEST(query_text, a_native_histogram_is_shown_with_its_buckets) {
  EXPECT_EQ(lines(R"({"resultType":"vector","result":[{"metric":{"__name__":"h"},"histogram":[1772366400,{"count":"9",
                      "sum":"4.5","buckets":[[1,"-2","-1","1"],[3,"-0.5","0.5","2"],[0,"0.5","1","3"],[2,"1","2","3"]]}]}]})"),
            "h  {count:9, sum:4.5, [-2,-1):1, [-0.5,0.5]:2, (0.5,1]:3, (1,2):3} @1772366400\n");
  EXPECT_EQ(lines(R"({"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"0","sum":"0"}]}]})"),
            "{}  {count:0, sum:0} @1\n");
}

TEST(query_text, numbers_and_histograms_of_a_series_come_in_the_order_of_time) {
  EXPECT_EQ(lines(R"({"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2.5,"2"]],
                      "histograms":[[2,{"count":"1","sum":"3"}],[3,{"count":"2","sum":"4"}]]}]})"),
            "{}\n  1 @1\n  {count:1, sum:3} @2\n  2 @2.5\n  {count:2, sum:4} @3\n");
}

}  // namespace
}  // namespace watchbill::cli
