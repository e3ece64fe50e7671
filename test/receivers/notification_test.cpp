#include "receivers/support.h"

namespace watchbill::receivers {
namespace {

TEST(ReadNotification, TakesWhatThePayloadSays) {
  const Result<Notification> read = read_notification(sample_payload("resolved"));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->group_key, "{}:{alertname=\"WebDown\"}");
  EXPECT_EQ(read->payload, sample_payload("resolved"));
  EXPECT_EQ(read->truncated_count, 0U);
  const text_template::NotificationData& data = read->data;
  EXPECT_EQ(data.receiver, "ops");
  EXPECT_EQ(data.status, "resolved");
  EXPECT_EQ(data.external_url, "http://alerts.example/am");
  EXPECT_EQ(data.group_labels.get("alertname"), "WebDown");
  EXPECT_EQ(data.common_labels.get("team"), "shop");
  EXPECT_EQ(data.common_annotations.at("summary"), "<down> & out");
  ASSERT_EQ(data.alerts.size(), 2U);
  EXPECT_EQ(data.alerts[1].labels.get("instance"), "web2");
  EXPECT_EQ(data.alerts[1].generator_url, "http://p.example/g");
  EXPECT_EQ(data.alerts[1].fingerprint, "00");
  EXPECT_EQ(format_rfc3339(data.alerts[1].starts_at), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(format_rfc3339(data.alerts[1].ends_at), "2026-01-02T04:00:00.000Z");
}

TEST(ReadNotification, AnAlertThatIsNotOverEndsInTheYearOne) {
  EXPECT_EQ(format_rfc3339(sample().data.alerts[0].ends_at), "0001-01-01T00:00:00.000Z");
}

// Any member that is missing or of another kind is named.
TEST(ReadNotification, FailsOnAnythingElse) {
  struct Change {
    const char* what;
    const char* instead;
    const char* complaint;
  };
  for (const Change& change :
       {Change{R"("receiver":"ops")", R"("receiver":7)", "`receiver` is not a text"},
        Change{R"({"receiver":"ops",)", R"({)", "`receiver` is not a text"},
        Change{R"("status":"firing","alerts")", R"("status":"maybe","alerts")", "`status` is not \"firing\" or \"resolved\""},
        Change{R"("version":"4")", R"("version":"5")", "`version` is not \"4\""},
        Change{R"("truncatedAlerts":0)", R"("truncatedAlerts":-1)", "`truncatedAlerts` is not a whole number"},
        Change{R"("groupLabels":{"alertname":"WebDown"})", R"("groupLabels":{"alertname":1})", "`alertname` is not a text"},
        Change{R"("commonLabels":{)", R"("commonLabels":[],"x":{)", "`commonLabels` is not an object of texts"},
        Change{R"("startsAt":"2026-01-02T03:04:05.678Z")", R"("startsAt":"today")", "`startsAt` is not a time of RFC 3339"},
        Change{R"("alerts":[)", R"("alerts":7,"x":[)", "`alerts` is not a list"},
        Change{R"("alerts":[)", R"("alerts":[7,)", "`status` is not a text"},
        Change{R"("truncatedAlerts":0})", R"("truncatedAlerts":0)", ""}}) {
    std::string payload = sample_payload("firing");
    const std::size_t at = payload.find(change.what);
    ASSERT_NE(at, std::string::npos) << change.what;
    payload.replace(at, std::string_view(change.what).size(), change.instead);
    const Result<Notification> read = read_notification(payload);
    ASSERT_FALSE(read) << change.instead;
    EXPECT_NE(read.error().detail.find(change.complaint), std::string::npos) << read.error().text();
  }
}

// echo -n '{}:{alertname="WebDown"}' | sha256sum
TEST(GroupHash, IsTheDigestOfTheKey) {
  EXPECT_EQ(group_hash(sample()), "e2accc6ea345ac4f25504784f3ee0911bb2948dd4d74ea1ea9ca0740ecf2ed60");
}

}  // namespace
}  // namespace watchbill::receivers
