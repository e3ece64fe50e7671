// What clients of Alertmanager post, as the real 0.25 reads it: codes and texts of its validation.
#include <gtest/gtest.h>

#include <string>

#include "model/matcher/matcher.h"
#include "outside/reading.h"

namespace watchbill::outside {
namespace {

std::string read(const std::string& body) {
  const auto alerts = read_alerts(body);
  if (!alerts) return std::to_string(alerts.error().code) + " " + alerts.error().message;
  std::string out;
  for (const PostedAlert& alert : *alerts) {
    out += (out.empty() ? "" : " ") + alert.labels.text();
    if (alert.starts_at) out += " from " + format_rfc3339(*alert.starts_at);
    if (alert.ends_at) out += " to " + format_rfc3339(*alert.ends_at);
    if (!alert.generator_url.empty()) out += " at " + alert.generator_url;
  }
  return out;
}

TEST(posted_alerts, are_read_as_alertmanager_reads_them) {
  EXPECT_EQ(read("[]"), "");
  EXPECT_EQ(read("null"), "");
  EXPECT_EQ(read(R"([{"labels":{"b":"2","a":"1","c":""},"extra":{"x":[1]}}])"), "{a=\"1\", b=\"2\"}");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"startsAt":"2026-01-01T00:00:00.123456+02:00","endsAt":null}])"),
            "{a=\"b\"} from 2025-12-31T22:00:00.123Z");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"startsAt":"0001-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00.000Z"}])"), "{a=\"b\"}");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"startsAt":"","endsAt":"9999-12-31T23:59:59Z"}])"),
            "{a=\"b\"} from 1970-01-01T00:00:00.000Z to 9999-12-31T23:59:59.000Z");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"generatorURL":"http://h:9090/graph?g0.expr=up+%3D%3D+0&x=%zz"}])"),
            "{a=\"b\"} at http://h:9090/graph?g0.expr=up+%3D%3D+0&x=%zz");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"startsAt":"2026-01-01T00:00:00.5","endsAt":"2026-01-01 00:00:01"}])"),
            "{a=\"b\"} from 2026-01-01T00:00:00.500Z to 2026-01-01T00:00:01.000Z");
  EXPECT_EQ(read(R"([{"labels":{}}])"), "{}") << "the desk says what is wrong with it";
}

TEST(posted_alerts, are_refused_with_the_place) {
  EXPECT_EQ(read(""), "602 alerts in body is required");
  EXPECT_EQ(read("[{}]"), "602 0.labels in body is required");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"}},{"labels":null}])"), "602 1.labels in body is required");
  EXPECT_EQ(read("{}"), "400 parsing alerts body failed: line 1, column 1: the body: expected an array of alerts");
  EXPECT_EQ(read("[null]"), "400 parsing alerts body failed: line 1, column 2: 0: expected an object");
  EXPECT_EQ(read(R"([{"labels":{"a":1}}])"),
            "400 parsing alerts body failed: line 1, column 17: 0.labels.a: expected a string");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])"),
            "400 parsing alerts body failed: line 1, column 33: 0.startsAt: expected a time of RFC 3339 such as "
            "2026-03-01T12:00:00Z");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"generatorURL":"not a url"}])"),
            "601 0.generatorURL in body must be of type uri: \"not a url\"");
  EXPECT_EQ(read(R"([{"labels":{"a":"b"},"generatorURL":"http://x/%zz"}])"),
            "601 0.generatorURL in body must be of type uri: \"http://x/%zz\"");
  for (const char* body : {R"([{"labels":{"a":"b"})", R"([{"labels":{"a":"b"}}] x)", "[{\"labels\":{\"a\":\"\xff\"}}]",
                           R"([{"labels":{"a":"b","a":"c"}}])", R"([{"labels":{"a":"\ud800"}}])"})
    EXPECT_TRUE(read(body).starts_with("400 parsing alerts body failed: at line 1, column ")) << body << ": " << read(body);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(read(deep).starts_with("400 parsing alerts body failed: at line 1, column "));
}

std::string read_one(const std::string& body) {
  const auto silence = read_silence(body);
  if (!silence) return std::to_string(silence.error().code) + " " + silence.error().message;
  return silence->id + "|" + silence->created_by + "|" + silence->comment + "|" + text(silence->matchers) + "|" +
         format_rfc3339(silence->starts_at) + "|" + format_rfc3339(silence->ends_at);
}

const std::string terms =
    R"("startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-02T00:00:00Z","createdBy":"me","comment":"c")";

TEST(posted_silences, are_read_as_alertmanager_reads_them) {
  EXPECT_EQ(read_one("{\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false},"
                     "{\"name\":\"c\",\"value\":\"d|e\",\"isRegex\":true,\"isEqual\":false}]," + terms + "}"),
            "|me|c|{a=\"b\",c!~\"d|e\"}|2026-01-01T00:00:00.000Z|2026-01-02T00:00:00.000Z");
}

TEST(posted_silences, are_refused_as_alertmanager_refuses_them) {
  const auto with = [](const std::string& matchers) { return "{\"matchers\":" + matchers + "," + terms + "}"; };
  EXPECT_EQ(read_one(""), "602 silence in body is required");
  EXPECT_EQ(read_one("null"), "602 comment in body is required");
  EXPECT_EQ(read_one("{}"), "602 comment in body is required");
  EXPECT_EQ(read_one(R"({"comment":"c"})"), "602 createdBy in body is required");
  EXPECT_EQ(read_one("{" + terms + "}"), "602 matchers in body is required");
  EXPECT_EQ(read_one(with("[]")), "612 matchers in body should have at least 1 items");
  EXPECT_EQ(read_one(with(R"([{"value":"b","isRegex":false}])")), "602 matchers.0.name in body is required");
  EXPECT_EQ(read_one(with(R"([{"name":"a","isRegex":false}])")), "602 matchers.0.value in body is required");
  EXPECT_EQ(read_one(with(R"([{"name":"a","value":"b"}])")), "602 matchers.0.isRegex in body is required");
  EXPECT_EQ(read_one(with("[null]")), "400 parsing silence body failed: line 1, column 14: matchers.0: expected an object");
  EXPECT_EQ(read_one(with("\"x\"")), "400 parsing silence body failed: line 1, column 13: matchers: expected an array");
  EXPECT_EQ(read_one("[]"), "400 parsing silence body failed: line 1, column 1: the body: expected an object");
}

TEST(silence_ids, are_uuids) {
  EXPECT_TRUE(is_uuid("6a29e4fd-2a8c-4a4b-9d3c-0d4d3a2b1c0f"));
  EXPECT_TRUE(is_uuid("6A29E4FD-2A8C-4A4B-9D3C-0D4D3A2B1C0F"));
  for (const char* text : {"", "zz", "6a29e4fd2a8c4a4b9d3c0d4d3a2b1c0f", "6a29e4fd-2a8c-4a4b-9d3c-0d4d3a2b1c0g"})
    EXPECT_FALSE(is_uuid(text)) << text;
}

}  // namespace
}  // namespace watchbill::outside
