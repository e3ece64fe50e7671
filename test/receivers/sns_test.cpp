#include "receivers/sigv4.h"

#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

Case sns_case(const std::string& name = "sns_topic") { return read_case(IntegrationKind::sns, name); }

ports::HttpCall sns_call(const Case& given) { return call_in(begin_sns(given.channel, given.notification, now)->begin()); }

// A template that gives so many letters: more than a template may have itself.
std::string sns_letters(std::size_t count) {
  std::string text = "{{ define \"a\" }}" + std::string(1024, 'a') + "{{ end }}" + std::string(count % 1024, 'a');
  for (std::size_t i = 0; i < count / 1024; ++i) text += "{{ template \"a\" }}";
  return text;
}

TEST(SignatureV4, amazons_own_examples_come_out) {
  const std::string_view time = "20150830T123600Z";
  const SigningKey key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
  const ports::HttpFields headers{{"Host", "example.amazonaws.com"}, {"X-Amz-Date", std::string(time)}};
  ports::HttpFields form_headers = headers;
  form_headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  const auto ends_with = [&](const SignedRequest& request, std::string_view names, std::string_view signature) {
    EXPECT_EQ(signature_v4(key, request, time),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" +
                  std::string(names) + ", Signature=" + std::string(signature));
  };
  // aws-sig-v4-test-suite: get-vanilla, post-vanilla, get-vanilla-query-order-key-case, post-x-www-form-urlencoded.
  ends_with({"GET", "/", "", headers, ""}, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  ends_with({"POST", "/", "", headers, ""}, "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  ends_with({"GET", "/", "Param1=value1&Param2=value2", headers, ""}, "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  ends_with({"POST", "/", "", form_headers, "Param1=value1"}, "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

// The General Reference: ListUsers of IAM.
TEST(SignatureV4, the_example_of_the_general_reference_comes_out) {
  const SigningKey key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "iam"};
  const SignedRequest request{"GET",
                              "/",
                              "Action=ListUsers&Version=2010-05-08",
                              {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"},
                               {"host", "iam.amazonaws.com"},
                               {"x-amz-date", "20150830T123600Z"}},
                              ""};
  EXPECT_TRUE(signature_v4(key, request, "20150830T123600Z")
                  .ends_with("Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"));
}

TEST(SignatureV4, what_amazons_own_client_signed_is_signed_alike) {
  for (const std::string name : {"sns_topic", "sns_fifo_resolved", "sns_phone", "sns_target", "sns_default_resolved"}) {
    const Case given = sns_case(name);
    const Request& sent = given.requests.at(0);
    const SigningKey key{"AKIDEXAMPLE", given.channel->secrets.at("sigv4.secret_key"), "eu-west-1", "sns"};
    ports::HttpFields headers{{"Content-Length", std::to_string(sent.body.size())}};
    for (const std::string each : {"content-type", "host", "x-amz-date"}) headers.push_back({each, sent.headers.at(each)});
    EXPECT_EQ(signature_v4(key, {sent.method, sent.path, "", headers, sent.body}, sent.headers.at("x-amz-date")),
              sent.headers.at("authorization"))
        << name;
  }
}

TEST(SignatureV4, blanks_in_headers_and_long_keys_count_as_amazon_counts_them) {
  const SigningKey key{"AKIDEXAMPLE", std::string(70, 'k'), "us-east-1", "service"};
  const SignedRequest wide{"GET", "/", "", {{"Host", " a.example "}, {"My-Header", "a   b"}}, ""};
  const SignedRequest narrow{"GET", "/", "", {{"my-header", "a b"}, {"host", "a.example"}}, ""};
  EXPECT_EQ(signature_v4(key, wide, "20150830T123600Z"), signature_v4(key, narrow, "20150830T123600Z"));
  // By Python: hmac with hashlib.sha256 over the same four steps.
  EXPECT_TRUE(signature_v4(key, narrow, "20150830T123600Z")
                  .ends_with("Signature=a00c611ef89b30a8e1d27a07563ca5e57b32e348eac57910e80d94502d374471"))
      << signature_v4(key, narrow, "20150830T123600Z");
}

TEST(SignatureV4, a_time_is_written_as_amazon_does) { EXPECT_EQ(amazon_time(Instant{1'440'938'160'999}), "20150830T123600Z"); }

TEST(Sns, the_request_is_what_alertmanager_sends) {
  for (const std::string name : {"sns_topic", "sns_fifo_resolved", "sns_phone", "sns_target", "sns_default_resolved"}) {
    const Case given = sns_case(name);
    const ConversationPointer attempt = begin_sns(given.channel, given.notification, now);
    const ports::HttpCall call = call_in(attempt->begin());
    const Request& wanted = given.requests.at(0);
    EXPECT_EQ(call.method, wanted.method);
    EXPECT_EQ(target_of(call.url), wanted.path);
    for (const std::string each : {"host", "content-type"}) EXPECT_EQ(header(call, each), wanted.headers.at(each));
    auto parameters = form(wanted.body);
    parameters.erase("MessageAttributes");  // how Amazon's client writes an empty map
    EXPECT_EQ(form(call.body), parameters) << name;
    EXPECT_EQ(attempt->remark(), "");
  }
}

TEST(Sns, what_is_sent_is_what_was_signed) {
  const Case given = sns_case();
  const ports::HttpCall call = sns_call(given);
  const SigningKey key{"AKIDEXAMPLE", given.channel->secrets.at("sigv4.secret_key"), "eu-west-1", "sns"};
  ports::HttpFields headers;
  for (const std::string each : {"Content-Type", "Host", "X-Amz-Date"}) headers.push_back({each, header(call, each)});
  EXPECT_EQ(header(call, "X-Amz-Date"), amazon_time(now));
  EXPECT_EQ(header(call, "Authorization"), signature_v4(key, {"POST", "/sns/topic/", "", headers, call.body}, amazon_time(now)));
}

TEST(Sns, without_an_address_the_region_says_where) {
  const Case given = sns_case();
  given.channel->configuration.settings.erase("api_url");
  EXPECT_EQ(sns_call(given).url, "https://sns.eu-west-1.amazonaws.com/");
  EXPECT_EQ(header(sns_call(given), "Host"), "sns.eu-west-1.amazonaws.com");
  given.channel->configuration.settings["sigv4.region"] = "cn-north-1";
  EXPECT_EQ(sns_call(given).url, "https://sns.cn-north-1.amazonaws.com.cn/");
}

TEST(Sns, the_host_is_signed_as_the_client_writes_it) {
  const Case given = sns_case();
  for (const auto& [url, host] : std::map<std::string, std::string>{{"https://SNS.example:443", "sns.example"},
                                                                    {"http://sns.example:80/", "sns.example"},
                                                                    {"https://sns.example:80/", "sns.example:80"},
                                                                    {"http://[::1]:4566", "[::1]:4566"}}) {
    given.channel->configuration.settings["api_url"] = url;
    EXPECT_EQ(header(sns_call(given), "Host"), host);
  }
}

TEST(Sns, a_topic_that_keeps_order_gets_group_and_name) {
  const Case given = sns_case("sns_fifo_resolved");
  auto told = form(sns_call(given).body);
  EXPECT_EQ(told["MessageGroupId"], group_hash(given.notification));
  EXPECT_EQ(told["MessageDeduplicationId"], group_hash(given.notification));
  EXPECT_FALSE(form(sns_call(sns_case()).body).contains("MessageGroupId"));
}

TEST(Sns, a_message_is_cut_at_its_bytes_and_says_so) {
  for (const auto& [name, bytes] : std::map<std::string, std::size_t>{{"sns_topic", 262'144}, {"sns_phone", 1600}}) {
    const Case given = sns_case(name);
    given.channel->configuration.settings.erase("attributes");
    given.channel->configuration.settings["message"] = sns_letters(bytes);
    EXPECT_TRUE(form(sns_call(given).body).at("Message") == std::string(bytes, 'a')) << name;
    EXPECT_FALSE(form(sns_call(given).body).contains("MessageAttributes.entry.1.Name"));
    given.channel->configuration.settings["message"] = sns_letters(bytes - 1) + "é";
    const auto told = form(sns_call(given).body);
    EXPECT_TRUE(told.at("Message") == std::string(bytes - 1, 'a')) << name;
    EXPECT_EQ(told.at("MessageAttributes.entry.1.Name"), "truncated");
    EXPECT_EQ(told.at("MessageAttributes.entry.1.Value.StringValue"), "true");
  }
}

TEST(Sns, without_keys_or_region_nobody_is_called) {
  const auto first = [](const Case& given) { return verdict_in(begin_sns(given.channel, given.notification, now)->begin()); };
  Case given = sns_case();
  given.channel->secrets.clear();
  EXPECT_EQ(first(given), (Verdict{DeliveryAnswer::final, "no_access_key", {}}));
  given = sns_case();
  given.channel->configuration.settings.erase("sigv4.access_key");
  EXPECT_EQ(first(given), (Verdict{DeliveryAnswer::final, "no_access_key", {}}));
  given = sns_case();
  given.channel->configuration.settings.erase("sigv4.region");
  EXPECT_EQ(first(given), (Verdict{DeliveryAnswer::final, "no_region", {}}));
}

TEST(Sns, a_template_that_fails_is_told_plainly) {
  const Case given = sns_case();
  given.channel->configuration.settings["message"] = "{{ .Nothing }}";
  given.channel->configuration.settings["subject"] = "{{ .Nothing }}";
  const auto told = form(sns_call(given).body);
  EXPECT_EQ(told.at("Message"), plain_text(given.notification));
  EXPECT_EQ(told.at("Subject"), plain_title(given.notification));
}

TEST(Sns, wrong_bytes_are_replaced) {
  const Case given = sns_case();
  given.channel->configuration.settings["message"] = "a\xff\xc3(b";
  EXPECT_EQ(form(sns_call(given).body).at("Message"), "a\uFFFD\uFFFD(b");
}

TEST(Sns, of_an_answer_the_status_counts_and_throttling) {
  const std::map<std::uint32_t, DeliveryAnswer> statuses{{200, DeliveryAnswer::accepted},
                                                         {400, DeliveryAnswer::final},
                                                         {403, DeliveryAnswer::final},
                                                         {429, DeliveryAnswer::retryable},
                                                         {503, DeliveryAnswer::retryable}};
  const auto says = [](std::uint32_t status, const std::string& body) {
    const Case given = sns_case();
    const ConversationPointer attempt = begin_sns(given.channel, given.notification, now);
    static_cast<void>(attempt->begin());
    return verdict_in(attempt->go_on(answer(status, body))).answer;
  };
  for (const auto& [status, wanted] : statuses)
    for (const std::string& body : bad_bodies()) EXPECT_EQ(says(status, body), wanted) << status;
  EXPECT_EQ(says(400, "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>"),
            DeliveryAnswer::retryable);
  EXPECT_EQ(says(400, "<ErrorResponse><Error><Code>InvalidParameter</Code></Error></ErrorResponse>"), DeliveryAnswer::final);
}

}  // namespace
}  // namespace watchbill::receivers::captured
