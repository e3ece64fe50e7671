// Pages in protobuf: they become the series that a page of text has, and native histograms.
#include "metrics/exposition/protobuf_parser.h"

#include <gtest/gtest.h>

#include <limits>

#include "exposition/protobuf_page.h"
#include "metrics/exposition/number.h"
#include "metrics/histogram/codec.h"
#include "metrics/histogram/text.h"

namespace watchbill::metrics::exposition {
namespace {

using Entry = ProtobufParser::Entry;

// The page as lines.
std::string read(const std::string& page, HistogramParts parts = {}, const TextLimits& limits = {}) {
  std::string out;
  ProtobufParser parser(page, limits, parts);
  while (true) {
    switch (parser.next()) {
      case Entry::end: return out;
      case Entry::malformed: return out + parser.error().text() + "\n";
      case Entry::unit: return out + "a unit\n";
      case Entry::help: out += "HELP " + std::string(parser.metric_name()) + " " + parser.help() + "\n"; break;
      case Entry::type: out += "TYPE " + std::string(parser.metric_name()) + " " + std::string(word(parser.type())) + "\n"; break;
      case Entry::sample: {
        out += parser.labels().text() + " ";
        if (parser.encoded_histogram().empty()) {
          append_number(out, parser.value());
        } else {
          const auto value = histogram::decode(parser.encoded_histogram());
          out +=
              value ? histogram::text(*value) + (value->reset_hint == histogram::ResetHint::gauge ? " gauge" : "") : "bad bytes";
        }
        if (parser.timestamp_ms()) out += " @" + std::to_string(*parser.timestamp_ms());
        out += "\n";
      }
    }
  }
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST(protobuf_parser, single_values_are_read) {
  const std::string page = protobuf_family("requests_total", "Requests.", 0,
                                           {protobuf_metric({{"code", "200"}}, 3, protobuf_single(7)),
                                            protobuf_metric({{"code", "500"}, {"path", ""}}, 3, protobuf_single(0), 1500)}) +
                           protobuf_family("empty", "", 0, {}) +
                           protobuf_family("temperature", "", 1, {protobuf_metric({}, 2, protobuf_single(-3.5))}) +
                           protobuf_family("thing", "", 3, {protobuf_metric({}, 5, protobuf_single(infinity))});
  EXPECT_EQ(read(page),
            "HELP requests_total Requests.\nTYPE requests_total counter\n"
            "requests_total{code=\"200\"} 7\nrequests_total{code=\"500\"} 0 @1500\n"
            "HELP temperature \nTYPE temperature gauge\ntemperature -3.5\n"
            "HELP thing \nTYPE thing untyped\nthing +Inf\n");
  EXPECT_EQ(read(""), "");
}

TEST(protobuf_parser, summaries_become_their_series) {
  std::string summary;
  protozero::pbf_writer writer(summary);
  writer.add_uint64(1, 4);
  writer.add_double(2, 1.5);
  for (const double quantile : {0.5, 1.0}) {
    protozero::pbf_writer inner(writer, 3);
    inner.add_double(1, quantile);
    inner.add_double(2, quantile * 2);
  }
  EXPECT_EQ(read(protobuf_family("s", "", 2, {protobuf_metric({{"a", "b"}}, 4, summary)})),
            "HELP s \nTYPE s summary\ns_count{a=\"b\"} 4\ns_sum{a=\"b\"} 1.5\n"
            "s{a=\"b\", quantile=\"0.5\"} 1\ns{a=\"b\", quantile=\"1.0\"} 2\n");
}

TEST(protobuf_parser, classic_histograms_become_their_series_with_the_bound_that_is_left_out) {
  const std::string page = protobuf_family(
      "h", "", 4, {protobuf_metric({}, 7, protobuf_histogram({{0.1, 2}, {10, 5}}, false)),
                   protobuf_metric({{"x", "y"}}, 7, protobuf_histogram({{1e6, 6}, {infinity, 7}}, false))});
  EXPECT_EQ(read(page),
            "HELP h \nTYPE h histogram\nh_count 7\nh_sum 18.4\nh_bucket{le=\"0.1\"} 2\nh_bucket{le=\"10.0\"} 5\n"
            "h_bucket{le=\"+Inf\"} 7\n"
            "h_count{x=\"y\"} 7\nh_sum{x=\"y\"} 18.4\nh_bucket{le=\"1e+06\", x=\"y\"} 6\nh_bucket{le=\"+Inf\", x=\"y\"} 7\n");
}

TEST(protobuf_parser, native_histograms_are_one_sample_or_more_as_the_job_wants) {
  const auto page = [](std::int32_t type) {
    return protobuf_family("h", "", type, {protobuf_metric({}, 7, protobuf_histogram({{1, 5}}, true), 2000)});
  };
  const std::string head = "HELP h \nTYPE h histogram\n";
  const std::string native = "h {count:7, sum:18.4, [-0.001,0.001]:1, (1,1.0905077326652577]:2, "
                             "(1.0905077326652577,1.189207115002721]:4} @2000\n";
  const std::string classic = "h_count 7 @2000\nh_sum 18.4 @2000\nh_bucket{le=\"1.0\"} 5 @2000\nh_bucket{le=\"+Inf\"} 7 @2000\n";
  EXPECT_EQ(read(page(4), {true, false}), head + native);
  EXPECT_EQ(read(page(4), {true, true}), head + native + classic);
  EXPECT_EQ(read(page(4), {false, false}), head + classic);
  EXPECT_NE(read(page(5)).find("} gauge @2000\n"), std::string::npos) << read(page(5));
  // Without classic buckets there is nothing beside it.
  const std::string alone = protobuf_family("h", "", 4, {protobuf_metric({}, 7, protobuf_histogram({}, true), 2000)});
  EXPECT_EQ(read(alone, {true, true}), head + native);
}

TEST(protobuf_parser, keys_tell_series_apart) {
  const std::string page =
      protobuf_family("a", "", 1,
                      {protobuf_metric({{"b", "c"}}, 2, protobuf_single(1)), protobuf_metric({}, 2, protobuf_single(1)),
                       protobuf_metric({{"b", "c"}}, 2, protobuf_single(2))});
  ProtobufParser parser(page);
  std::vector<std::string> keys;
  for (Entry entry = parser.next(); entry != Entry::end; entry = parser.next())
    if (entry == Entry::sample) keys.emplace_back(parser.series_text());
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_EQ(keys[0], keys[2]);
}

TEST(protobuf_parser, what_is_wrong_is_named_with_its_family) {
  const std::string good = protobuf_family("a", "", 1, {protobuf_metric({}, 2, protobuf_single(1))});
  const auto fault = [&good](const std::string& bad) {
    const std::string lines = read(good + bad);
    return lines.substr(lines.find("a 1\n") + 4);
  };
  const std::string at = "read the metrics page byte " + std::to_string(good.size()) + ": ";
  const auto one = [](ProtobufLabels labels) {
    return protobuf_family("b", "", 1, {protobuf_metric(labels, 2, protobuf_single(1))});
  };
  EXPECT_EQ(fault("\x05" "ab"), at + "expected 5 bytes of a MetricFamily, found 2\n");
  EXPECT_EQ(fault(protobuf_family("b c", "", 1, {""})), at + "expected a metric name as the family's name\n");
  EXPECT_EQ(fault(protobuf_family("b", "\xFF", 1, {""})), at + "expected UTF-8 in the help text of b\n");
  EXPECT_EQ(fault(protobuf_family("b", "", 6, {""})), at + "expected the type of b to be 0 to 5, found 6\n");
  const std::string head = "HELP b \nTYPE b gauge\n";
  EXPECT_EQ(fault(protobuf_family("b", "", 1, {""})),
            head + at + "expected the value of b in the member that belongs to its type\n");
  EXPECT_EQ(fault(one({{"x y", "1"}})), head + at + "expected label names of letters, digits and _ in b\n");
  EXPECT_EQ(fault(one({{"x", "\xFF"}})), head + at + "expected UTF-8 in the value of label x of b\n");
  EXPECT_EQ(fault(one({{"x", "1"}, {"x", "2"}})), head + at + "expected each label name once in b, found x again\n");
  EXPECT_EQ(fault(one({{"__name__", "c"}})), head + at + "expected each label name once in b, found __name__ again\n");
  EXPECT_NE(fault(protobuf_family("h", "", 4, {protobuf_metric({{"le", "1"}}, 7, protobuf_histogram({{1, 5}}, false))}))
                .find("found le again"),
            std::string::npos);
  std::string lying = protobuf_histogram({}, true);
  protozero::pbf_writer(lying).add_uint64(1, 8);
  EXPECT_NE(fault(protobuf_family("h", "", 4, {protobuf_metric({}, 7, lying)})).find("expected as many observations"),
            std::string::npos);
}

TEST(protobuf_parser, limits_hold) {
  const std::string page = protobuf_family("h", "", 4, {protobuf_metric({{"a", "bcd"}}, 7, protobuf_histogram({{1, 5}}, false))});
  TextLimits limits;
  limits.sample_count_max = 4;
  EXPECT_EQ(read(page, {}, limits), read(page));
  limits.sample_count_max = 3;
  EXPECT_NE(read(page, {}, limits).find("sample_count_max"), std::string::npos);
  limits = {};
  limits.label_value_bytes_max = 2;
  EXPECT_NE(read(page, {}, limits).find("label_value_bytes_max"), std::string::npos);
  limits = {};
  limits.label_count_max = 0;
  EXPECT_NE(read(page, {}, limits).find("label_count_max"), std::string::npos);
  limits = {};
  limits.body_bytes_max = page.size() - 1;
  EXPECT_NE(read(page, {}, limits).find("body_bytes_max"), std::string::npos);
}

TEST(protobuf_parser, a_page_that_ends_early_is_malformed) {
  const std::string page = protobuf_family("h", "x", 4, {protobuf_metric({{"a", "b"}}, 7, protobuf_histogram({{1, 5}}, true))});
  for (std::size_t length = 1; length < page.size(); ++length)
    EXPECT_NE(read(page.substr(0, length)).find("read the metrics page byte 0: "), std::string::npos) << length;
}

}  // namespace watchbill::metrics::exposition
