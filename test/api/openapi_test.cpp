// The document of the API says what its paths take, and each refusal that they give.
#include <gtest/gtest.h>

#include "api/stand.h"

namespace watchbill::api {
namespace {

class openapi : public ::testing::Test {
 protected:
  // What is written of GET below /api/watchbill/v1.
  [[nodiscard]] const JsonValue* get(const std::string& path) const {
    const JsonValue* paths = document_->find("paths");
    const JsonValue* methods = paths->find("/api/watchbill/v1" + path);
    return methods == nullptr ? nullptr : methods->find("get");
  }
  // The names of its parameters, in their order.
  [[nodiscard]] std::string parameters(const std::string& path) const {
    const JsonValue* written = get(path);
    if (written == nullptr) return "not written";
    std::string out;
    for (const JsonValue& each : *written->find("parameters")->as_array()) out += *each.find("name")->as_string() + " ";
    return out;
  }
  // True when the reply is a refusal of this reason, and the document has it at the reply's status.
  [[nodiscard]] bool is_written(const std::string& path, std::string_view reason, const Reply& reply) const {
    if (!*reply || get(path) == nullptr) return false;
    const Result<JsonValue> body = parse_json((**reply).body);
    const JsonValue* given = body ? body->find("reason") : nullptr;
    const JsonValue* at = get(path)->find("responses")->find(std::to_string((**reply).status));
    return given != nullptr && *given->as_string() == reason && at != nullptr &&
           at->find("description")->as_string()->find(reason) != std::string::npos;
  }

  Result<JsonValue> document_ = parse_json(openapi_text(all_routes()));
  Stand stand_;
};

TEST_F(openapi, says_what_lists_of_alerts_and_plans_take) {
  ASSERT_TRUE(document_);
  EXPECT_EQ(parameters("/alerts"), "limit cursor state min_sequence ");
  EXPECT_EQ(parameters("/alerts/{id}"), "id min_sequence ");
  EXPECT_EQ(parameters("/plans"), "limit cursor min_sequence ");
  EXPECT_EQ(parameters("/plans/{digest}"), "digest min_sequence ");
}

TEST_F(openapi, says_which_answers_only_begin) {
  ASSERT_TRUE(document_);
  const JsonValue* paths = document_->find("paths");
  const auto responses = [&](const std::string& path) {
    return paths->find("/api/watchbill/v1" + path)->find("post")->find("responses");
  };
  ASSERT_NE(responses("/runs")->find("202"), nullptr);
  EXPECT_NE(responses("/runs")->find("202")->find("headers")->find("Location"), nullptr);
  EXPECT_NE(responses("/runs")->find("200"), nullptr) << "a dry run begins nothing";
  EXPECT_EQ(responses("/runs/{id}/cancel")->find("202"), nullptr);
}

TEST_F(openapi, says_how_they_refuse) {
  ASSERT_TRUE(document_);
  const std::string base = "/api/watchbill/v1";
  EXPECT_TRUE(is_written("/alerts", "bad_argument", stand_.ask(base + "/alerts", {{"state", "lost"}})));
  EXPECT_TRUE(is_written("/alerts", "bad_argument", stand_.ask(base + "/alerts", {{"limit", "1001"}})));
  EXPECT_TRUE(is_written("/alerts/{id}", "unknown_alert", stand_.ask(base + "/alerts/{id}", {}, {{"id", "Nothing"}})));
  EXPECT_TRUE(is_written("/plans", "bad_argument", stand_.ask(base + "/plans", {{"cursor", "x"}})));
  EXPECT_TRUE(is_written("/plans/{digest}", "bad_argument", stand_.ask(base + "/plans/{digest}", {}, {{"digest", "x"}})));
  const std::string digest(64, '0');
  EXPECT_TRUE(is_written("/plans/{digest}", "busy", stand_.ask(base + "/plans/{digest}", {}, {{"digest", digest}})))
      << "the history takes no question here";
}

}  // namespace
}  // namespace watchbill::api
