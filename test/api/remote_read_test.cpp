// Remote read: the order of its series, and the bounds of an answer in samples, labels and time.
#include <gtest/gtest.h>

#include <protozero/pbf_reader.hpp>

#include "api/stand.h"
#include "metrics/remote/block.h"
#include "metrics/remote/message.h"

namespace watchbill::api {
namespace {

namespace remote = metrics::remote;

std::string field(char number, std::string_view bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + static_cast<char>(bytes.size()) + std::string(bytes);
}

class remote_read : public ::testing::Test {
 protected:
  void append(std::vector<Labels::Pair> labels) { ASSERT_TRUE(stand_.head.append(Labels(std::move(labels)), now_, 1)); }
  // Asks `count` times in one request for all series of all time that have a name.
  ports::HttpResponse read(int count = 1) {
    const std::string from_to("\x08\x00\x10\xff\xff\xff\xff\xff\xff\x1f", 10);
    const std::string query = field(1, from_to + field(3, std::string("\x08\x02", 2) + field(2, "__name__") + field(3, ".+")));
    std::string body;
    for (int i = 0; i < count; ++i) body += query;
    const Reply reply = stand_.post("/api/v1/read", remote::compress(body));
    stand_.run_pool();
    EXPECT_TRUE(*reply) << "it is answered";
    return *reply ? **reply : ports::HttpResponse{};
  }
  // The label sets of the answer, one in a line, a blank line behind each result.
  static std::string series_of(const ports::HttpResponse& response) {
    EXPECT_EQ(response.status, 200U) << response.body;
    const std::string message = remote::decompress(response.body, 1U << 20).value();
    std::string out;
    protozero::pbf_reader results(message);
    while (results.next(1)) {
      protozero::pbf_reader result = results.get_message();
      while (result.next(1)) {
        protozero::pbf_reader series = result.get_message();
        std::string labels;
        while (series.next(1)) labels += field(1, std::string(series.get_view()));
        out += remote::decode_labels(labels).value().text() + "\n";
      }
      out += "\n";
    }
    return out;
  }

  Stand stand_;
  const Instant now_ = stand_.desk.now;
};

TEST_F(remote_read, series_are_in_the_order_of_their_names_with_the_external_labels) {
  append({{"__name__", "a"}, {"zone", "1"}});
  append({{"__name__", "a"}, {"area", "2"}});
  append({{"__name__", "a"}});
  EXPECT_EQ(series_of(read(2)), "a\na{area=\"2\"}\na{zone=\"1\"}\n\na\na{area=\"2\"}\na{zone=\"1\"}\n\n");
  stand_.running.external_labels = Labels(std::vector<Labels::Pair>{{"bill", "x"}});
  EXPECT_EQ(series_of(read()),
            "a{area=\"2\", bill=\"x\"}\na{bill=\"x\"}\na{bill=\"x\", zone=\"1\"}\n\n");
}

TEST_F(remote_read, labels_count_as_the_samples_that_take_as_much) {
  // 16 MB of labels in an answer are a million samples; five times that is the limit.
  const std::string long_value(200'000, 'v');
  for (int i = 0; i < 80; ++i) append({{"__name__", "a"}, {"i", std::to_string(i)}, {"text", long_value}});
  EXPECT_EQ(read(4).status, 200U);
  const ports::HttpResponse more = read(6);
  EXPECT_EQ(more.status, 400U);
  EXPECT_EQ(more.body, "exceeded sample limit (5000000)\n");
}

TEST_F(remote_read, ends_when_its_time_is_over) {
  append({{"__name__", "a"}});
  // Time goes by while it reads.
  stand_.is_ending = [this] {
    stand_.desk.now = stand_.desk.now + Duration::seconds(30);
    return false;
  };
  EXPECT_EQ(read(1).status, 200U);
  const ports::HttpResponse late = read(3);
  EXPECT_EQ(late.status, 503U);
  EXPECT_EQ(late.body, "remote read timed out after 2m: ask for fewer series, or a shorter time\n");
  stand_.is_ending = [] { return true; };
  EXPECT_EQ(read().status, 503U);
}

TEST_F(remote_read, ends_when_its_client_has_left) {
  for (const char* name : {"a", "b", "c"}) append({{"__name__", name}});
  int looked = 0;
  stand_.is_ending = [&] {
    ++looked;
    stand_.has_caller_left = true;  // after it was begun
    return false;
  };
  const ports::HttpResponse left = read(3);
  EXPECT_EQ(left.status, 503U);
  EXPECT_EQ(left.body, "query was canceled: its client ended the connection\n");
  EXPECT_EQ(looked, 1);
}

}  // namespace
}  // namespace watchbill::api
