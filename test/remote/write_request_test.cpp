// The message of remote write: what is written is read, what no sender writes is refused by name.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "metrics/remote/block.h"
#include "metrics/remote/write_request.h"

namespace remote = watchbill::metrics::remote;
using remote::WriteRequestReader;
using watchbill::Instant;
using watchbill::Labels;

namespace {

constexpr std::uint64_t stale_bits = 0x7ff0000000000002;

// Bytes as hexadecimal text; blanks are for people.
std::string bytes(std::string_view hex) {
  std::string out;
  std::string digits;
  for (const char c : hex)
    if (c != ' ') digits.push_back(c);
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  return out;
}

// One series of one sample: {__name__="up"} 1 @1000.
constexpr std::string_view one_series = "0a 1e  0a 0e 0a 08 5f5f6e616d655f5f 12 02 7570  12 0c 09 000000000000f03f 10 e807";

std::string encoded_name(const std::string& name) {
  return remote::encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", name}}));
}

struct ReadSeries {
  Labels labels;
  std::vector<remote::Sample> samples;
  std::size_t histogram_count{0};
  std::vector<std::string> exemplars;
};
struct ReadRequest {
  std::vector<ReadSeries> series;
  std::vector<std::string> metadata;
  std::string error;
};

ReadRequest read(std::string_view body, const remote::WriteLimits& limits = {}) {
  ReadRequest request;
  WriteRequestReader reader(body, limits);
  while (true) {
    switch (reader.next()) {
      case WriteRequestReader::Entry::end: return request;
      case WriteRequestReader::Entry::malformed: request.error = reader.error().text(); return request;
      case WriteRequestReader::Entry::metadata: {
        const remote::FamilyMetadata& family = reader.metadata();
        request.metadata.push_back(std::string(family.family) + " " + std::string(word(family.type)) + " " +
                                   std::string(family.help) + " " + std::string(family.unit));
        break;
      }
      case WriteRequestReader::Entry::series: {
        ReadSeries& series = request.series.emplace_back();
        const auto labels = remote::decode_labels(reader.encoded_labels());
        if (labels) series.labels = *labels;
        else request.error = labels.error().text();
        series.samples.assign(reader.samples().begin(), reader.samples().end());
        series.histogram_count = reader.histograms().size();
        series.exemplars.assign(reader.exemplars().begin(), reader.exemplars().end());
      }
    }
  }
}

std::string label_error(std::string_view hex) {
  const auto labels = remote::decode_labels(bytes(hex));
  return labels ? "taken: " + labels->text() : labels.error().text();
}

}  // namespace

TEST(write_request, the_bytes_of_a_neighbours_sender_are_read) {
  const std::string body = bytes(one_series);
  const ReadRequest request = read(body);
  ASSERT_EQ(request.error, "");
  ASSERT_EQ(request.series.size(), 1U);
  EXPECT_EQ(request.series[0].labels.text(), "up");
  ASSERT_EQ(request.series[0].samples.size(), 1U);
  EXPECT_EQ(request.series[0].samples[0].at, Instant{1000});
  EXPECT_EQ(request.series[0].samples[0].value, 1.0);
}

TEST(write_request, the_writer_writes_the_neighbours_bytes) {
  remote::WriteRequestWriter writer;
  const std::vector<remote::Sample> samples{{Instant{1000}, 1.0}};
  writer.series(encoded_name("up"), samples);
  EXPECT_EQ(writer.body(), bytes(one_series));
  writer.clear();
  EXPECT_TRUE(writer.empty());
}

TEST(write_request, what_is_written_is_read) {
  const Labels labels({{"__name__", "requests_total"}, {"instance", "a:1"}, {"path", "/\xC3\xA4"}});
  const std::vector<remote::Sample> samples{
      {Instant{-5}, -0.0}, {Instant{1'700'000'000'000}, 1e300}, {Instant{1'700'000'015'000}, std::bit_cast<double>(stale_bits)}};
  remote::WriteRequestWriter writer;
  writer.series(remote::encode_labels(labels), samples);
  writer.metadata({remote::MetricType::gauge_histogram, "requests", "how many", "seconds"});
  writer.metadata({remote::MetricType::unknown, "plain", "", ""});
  const std::string body(writer.body());
  const ReadRequest request = read(body);
  ASSERT_EQ(request.error, "");
  ASSERT_EQ(request.series.size(), 1U);
  EXPECT_EQ(request.series[0].labels, labels);
  ASSERT_EQ(request.series[0].samples.size(), 3U);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(request.series[0].samples[i].at, samples[i].at);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(request.series[0].samples[i].value), std::bit_cast<std::uint64_t>(samples[i].value));
  }
  EXPECT_EQ(request.metadata, (std::vector<std::string>{"requests gaugehistogram how many seconds", "plain unknown  "}));
}

TEST(write_request, an_empty_request_is_none_the_worse) {
  EXPECT_EQ(read("").error, "");
  const ReadRequest request = read(bytes("0a 00 1a 00"));
  EXPECT_EQ(request.error, "");
  ASSERT_EQ(request.series.size(), 1U);
  EXPECT_TRUE(request.series[0].labels.empty());
  EXPECT_EQ(request.metadata.size(), 1U);
}

TEST(write_request, labels_that_do_not_stand_together_are_gathered) {
  // label a="1", sample, label b="2"
  const ReadRequest request = read(bytes("0a 18  0a 06 0a 01 61 12 01 31  12 04 10 01 10 02  0a 06 0a 01 62 12 01 32 22 00"));
  ASSERT_EQ(request.error, "");
  ASSERT_EQ(request.series.size(), 1U);
  EXPECT_EQ(request.series[0].labels, Labels({{"a", "1"}, {"b", "2"}}));
  ASSERT_EQ(request.series[0].samples.size(), 1U);
  EXPECT_EQ(request.series[0].samples[0].at, Instant{2}) << "of one field twice the last counts";
  EXPECT_EQ(request.series[0].histogram_count, 1U);
}

TEST(write_request, exemplars_are_read_as_they_were_written) {
  const std::vector<remote::ExemplarSample> written{{Labels({{"trace_id", "7"}, {"span", "x"}}), 0.5, Instant{-3}},
                                                     {{}, 2, Instant{4}}};
  remote::WriteRequestWriter writer;
  writer.series(remote::encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", "a"}})), {}, {}, written);
  writer.series(remote::encode_labels(Labels(std::vector<Labels::Pair>{{"__name__", "b"}})), {});
  const ReadRequest request = read(writer.body());
  ASSERT_EQ(request.error, "");
  ASSERT_EQ(request.series[0].exemplars.size(), 2U);
  EXPECT_TRUE(request.series[1].exemplars.empty()) << "they are another series'";
  for (std::size_t i = 0; i < written.size(); ++i) {
    const auto exemplar = remote::decode_exemplar(request.series[0].exemplars[i]);
    ASSERT_TRUE(exemplar) << exemplar.error().text();
    EXPECT_EQ(exemplar->labels, written[i].labels);
    EXPECT_EQ(exemplar->value, written[i].value);
    EXPECT_EQ(exemplar->at, written[i].at);
  }
}

TEST(write_request, an_exemplar_may_stand_in_any_order_and_must_be_one) {
  // Time 1, label a="b", a field 9, label c="d".
  const auto mixed = remote::decode_exemplar(bytes("18 01  0a 06 0a 01 61 12 01 62  48 05  0a 06 0a 01 63 12 01 64"));
  ASSERT_TRUE(mixed) << mixed.error().text();
  EXPECT_EQ(mixed->labels, Labels({{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(mixed->at, Instant{1});
  EXPECT_EQ(read(bytes("0a 04 1a 02 1801")).error, "");
  for (const char* wrong : {"0a 04 1a 02 1001", "0a 04 1a 02 0a 05", "0a 03 1a 01 19"}) {
    EXPECT_NE(read(bytes(wrong)).error, "") << wrong;
    EXPECT_FALSE(remote::decode_exemplar(bytes(wrong).substr(4))) << wrong;
  }
  EXPECT_FALSE(remote::decode_exemplar(bytes("0a 06 0a 01 61 12 01 62  0a 06 0a 01 61 12 01 63"))) << "a name twice";
  remote::WriteLimits limits;
  limits.sample_count_max = 1;
  EXPECT_NE(read(bytes("0a 08 1a 02 1801 1a 02 1802"), limits).error.find("at most 1 samples"), std::string::npos);
}

TEST(write_request, what_is_not_known_is_passed_over_and_a_wrong_type_is_refused) {
  // 2 (reserved) as text, 99 as a number, then the series; in the series field 9, in the sample field 7.
  const ReadRequest request = read(bytes("12 01 78  98 06 05  0a 0a  4a 01 78  12 05 38 01 10 e8 07"));
  ASSERT_EQ(request.error, "");
  ASSERT_EQ(request.series.size(), 1U);
  EXPECT_EQ(request.series[0].samples[0].at, Instant{1000});
  EXPECT_NE(read(bytes("08 01")).error, "") << "timeseries as a number";
  EXPECT_NE(read(bytes("0a 02 08 01")).error, "") << "labels as a number";
  EXPECT_NE(read(bytes("0a 04 12 02 08 01")).error, "") << "a value as a whole number";
  EXPECT_NE(read(bytes("1a 02 10 01")).error, "") << "a family's name as a number";
}

TEST(write_request, a_body_that_ends_early_is_malformed_or_shorter_never_more) {
  remote::WriteRequestWriter writer;
  const std::vector<remote::Sample> samples{{Instant{1}, 1}, {Instant{2}, 2}};
  for (const char* name : {"a", "b", "c"}) writer.series(encoded_name(name), samples);
  const std::string body(writer.body());
  std::size_t whole = 0;
  for (std::size_t length = 0; length < body.size(); ++length) {
    const ReadRequest request = read(body.substr(0, length));
    if (request.error.empty()) ++whole;
    EXPECT_LT(request.series.size(), 3U) << length;
  }
  EXPECT_EQ(whole, 3U) << "only before each of the three series";
}

TEST(write_request, limits_name_themselves) {
  remote::WriteRequestWriter writer;
  const std::vector<remote::Sample> samples{{Instant{1}, 1}, {Instant{2}, 2}};
  for (const char* name : {"a", "b", "c"}) writer.series(encoded_name(name), samples);
  const std::string body(writer.body());
  remote::WriteLimits limits;
  limits.series_count_max = 2;
  EXPECT_EQ(read(body, limits).error, "read WriteRequest: expected at most 2 series in one request");
  limits = {};
  limits.sample_count_max = 5;
  EXPECT_EQ(read(body, limits).error, "read WriteRequest: expected at most 5 samples in one request");
  limits.sample_count_max = 6;
  EXPECT_EQ(read(body, limits).error, "");
}

TEST(write_request, types_of_families_have_the_words_of_the_metadata_api) {
  for (std::uint8_t i = 0; i < 8; ++i) {
    const auto type = static_cast<remote::MetricType>(i);
    EXPECT_EQ(remote::metric_type(word(type)), type);
  }
  EXPECT_EQ(remote::metric_type("untyped"), remote::MetricType::unknown);
}

TEST(remote_labels, any_order_comes_sorted_and_empty_values_go) {
  // b="2", c="", a="1"
  EXPECT_EQ(label_error("0a 06 0a 01 62 12 01 32  0a 03 0a 01 63  0a 06 0a 01 61 12 01 31"), R"(taken: {a="1", b="2"})");
}

TEST(remote_labels, what_is_no_label_set_is_refused_by_name) {
  EXPECT_EQ(label_error("0a 06 0a 01 61 12 01 31  0a 06 0a 01 61 12 01 32"),
            "read label a: it is there twice, expected each name once");
  EXPECT_EQ(label_error("0a 03 12 01 31"), "read a label: its name is empty");
  EXPECT_EQ(label_error("0a 06 0a 01 61 12 01 ff"), "read label a: its value is not UTF-8");
  EXPECT_EQ(label_error("0a 06 0a 01 ff 12 01 31"), "read a label: its name is not UTF-8");
  EXPECT_EQ(label_error("0a 05 0a 01"), "read Label: it is no such message of protobuf");
  EXPECT_EQ(label_error("12 00"), "read Label: it is no such message of protobuf");
}

TEST(remote_labels, limits_hold) {
  const std::string two = remote::encode_labels(Labels({{"a", "1"}, {"b", "2"}}));
  EXPECT_TRUE(remote::decode_labels(two, {2, 16}));
  EXPECT_FALSE(remote::decode_labels(two, {1, 16}));
  EXPECT_FALSE(remote::decode_labels(two, {2, 15}));
}

TEST(remote_block, what_is_compressed_comes_back) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, 'x'), bytes(one_series)}) {
    const auto back = remote::decompress(remote::compress(text), text.size());
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, text);
  }
}

TEST(remote_block, the_claimed_length_is_checked_before_anything_is_allocated) {
  const std::string block = remote::compress(std::string(100'000, 'x'));
  const auto refused = remote::decompress(block, 99'999);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, watchbill::ErrorKind::exhausted);
  EXPECT_EQ(refused.error().text(), "decompress the body: 100000 bytes when decompressed, expected at most 99999");
  // 4 GiB less one byte, claimed by five bytes.
  const auto forged = remote::decompress(bytes("ff ff ff ff 0f"), std::size_t{1} << 40);
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().text(), "decompress the body: expected one block of snappy");
}

TEST(remote_block, what_is_no_block_is_refused) {
  std::string block = remote::compress(bytes(one_series));
  EXPECT_FALSE(remote::decompress("", 100));
  EXPECT_FALSE(remote::decompress(block.substr(0, block.size() - 1), 100));
  EXPECT_FALSE(remote::decompress(block + "x", 100));
  EXPECT_FALSE(remote::decompress("plain text", 1'000));
}
