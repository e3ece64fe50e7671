#include "receivers/rendering.h"

#include "receivers/support.h"
#include "template/runes.h"

namespace watchbill::receivers {
namespace {

std::shared_ptr<Channel> with(PlanValues settings, std::map<std::string, std::string> secrets = {}) {
  return channel_of(IntegrationKind::slack, std::move(settings), std::move(secrets));
}

TEST(Rendering, SettingsAreRenderedAndAbsentOnesEmpty) {
  const auto channel = with({{"text", "{{ .Status }} {{ .Labels }}"},
                             {"title", "{{ .CommonLabels.team }}{{ .CommonLabels.none }}"},
                             {"limit", std::int64_t{7}},
                             {"is", "true"}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  EXPECT_EQ(rendering.text("title"), "shop");  // a label that is missing is empty
  EXPECT_EQ(rendering.text("absent"), "");
  EXPECT_EQ(rendering.title("absent"), "");
  EXPECT_EQ(rendering.number("limit"), 7);
  EXPECT_EQ(rendering.setting("limit"), "7");
  EXPECT_TRUE(rendering.is_true("is"));
  EXPECT_FALSE(rendering.is_true("limit"));
  EXPECT_EQ(rendering.remark(), "");
}

TEST(Rendering, WhatFailsIsToldPlainlyOrLeftEmpty) {
  const auto channel = with({{"text", failing}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  EXPECT_EQ(rendering.text("text"), "");
  EXPECT_EQ(rendering.title("text"), plain_title(notification));
  EXPECT_EQ(rendering.message("text"), plain_text(notification));
  EXPECT_EQ(rendering.failure_count(), 3U);
  EXPECT_TRUE(rendering.remark().starts_with("text:1:")) << rendering.remark();
  EXPECT_NE(rendering.remark().find("Nothing"), std::string::npos) << rendering.remark();
  EXPECT_NE(rendering.remark().find("; left empty"), std::string::npos) << rendering.remark();
  EXPECT_NE(rendering.remark().find("; told plainly"), std::string::npos) << rendering.remark();
}

TEST(Rendering, APlainTextIsEscapedWhereHtmlIsAskedFor) {
  const auto channel = with({{"text", failing}, {"good", "<b>{{ (index .Alerts 0).Annotations.summary }}</b>"}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  EXPECT_EQ(rendering.html("good"), "<b>&lt;down&gt; &amp; out</b>");
  const std::string told = rendering.html("text");
  EXPECT_NE(told.find("summary=&lt;down&gt; &amp; out"), std::string::npos) << told;
  EXPECT_EQ(told.find('<'), std::string::npos);
}

TEST(Rendering, RemarksHoldNoSecretAndAreShort) {
  PlanValues settings;
  for (int i = 0; i < 30; ++i) settings["text" + std::to_string(i)] = failing;
  const auto channel = with(std::move(settings), {{"routing_key", "hunter2{{ .hunter3 }}"}, {"token", " {{ .Status }}\n"}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  EXPECT_EQ(rendering.rendered_secret("token"), "firing");
  EXPECT_EQ(rendering.rendered_secret("routing_key"), "");
  EXPECT_EQ(rendering.remark(), "routing_key: its template fails; left empty");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(rendering.text("text" + std::to_string(i)), "");
  EXPECT_LE(rendering.remark().size(), 500U);
  EXPECT_EQ(rendering.remark().find("hunter"), std::string::npos) << rendering.remark();
}

TEST(Rendering, AllTextsTogetherAreBounded) {
  std::string large = "{{ define \"a\" }}" + std::string(1000, 'x') + "{{ end }}";
  for (int i = 0; i < 1000; ++i) large += "{{ template \"a\" }}";
  const auto channel = with({{"text", large}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  std::size_t bytes = 0, empty = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string text = rendering.text("text");
    bytes += text.size();
    empty += text.empty() ? 1U : 0U;
  }
  EXPECT_LE(bytes, 4U << 20);
  EXPECT_GE(bytes, 3U << 20);
  EXPECT_GT(empty, 10U);
  EXPECT_LE(rendering.message("text").size(), 16U << 10);  // what stands in its place is small
}

TEST(Rendering, SoIsTheirNumber) {
  const auto channel = with({});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  std::size_t told = 0;
  for (int i = 0; i < 1100; ++i) told += rendering.rendered("x", "fields[0].title").empty() ? 0U : 1U;
  EXPECT_EQ(told, 1000U);
}

TEST(Rendering, MapsAndLists) {
  const auto channel = with({{"details", PlanValue::Map{{"a", "{{ .Status }}"}, {"b", failing}}},
                             {"fields", PlanValue::List{PlanValue::Map{{"title", "t"}}}}});
  const Notification notification = sample();
  Rendering rendering(*channel, notification, test_now);
  EXPECT_EQ(rendering.texts("details"), (std::map<std::string, std::string>{{"a", "firing"}, {"b", ""}}));
  EXPECT_TRUE(rendering.remark().starts_with("details.b")) << rendering.remark();
  EXPECT_EQ(rendering.list("fields").size(), 1U);
  EXPECT_TRUE(rendering.list("details").empty());
  EXPECT_TRUE(rendering.texts("none").empty());
}

TEST(PlainText, SaysWhatTheGroupSharesAndEachAlert) {
  EXPECT_EQ(plain_title(sample()), "[FIRING:2] WebDown");
  EXPECT_EQ(plain_title(sample("resolved")), "[RESOLVED] WebDown");
  EXPECT_EQ(plain_text(sample()),
            "[FIRING:2] WebDown\n"
            "firing: WebDown instance=web1 team=shop | summary=<down> & out\n"
            "firing: WebDown instance=web2 team=shop | summary=<down> & out");
}

TEST(PlainText, IsBoundedAndCountsWhatItLeavesOut) {
  Notification notification = sample();
  notification.truncated_count = 3;
  notification.data.alerts.resize(1);
  notification.data.alerts[0].annotations["summary"] = std::string(100'000, 'y') + "\nnext";
  for (int i = 0; i < 49; ++i) notification.data.alerts.push_back(notification.data.alerts[0]);
  const std::string text = plain_text(notification);
  EXPECT_LE(text.size(), 16U << 10);
  EXPECT_TRUE(text.ends_with(" more")) << text.substr(text.size() - 50);
  notification.data.alerts.assign(50, sample().data.alerts[0]);
  EXPECT_TRUE(plain_text(notification).ends_with("\nand 33 more"));
  notification.data.group_labels.set("alertname", "two\nlines" + std::string(1000, 'z'));
  EXPECT_EQ(plain_title(notification).find('\n'), std::string::npos);
  EXPECT_LE(plain_title(notification).size(), 500U);
}

// Source: notify/util_test.go's cases, by what its functions do.
TEST(Cutting, KeepsWholeCharacters) {
  EXPECT_EQ(cut_characters("abc", 3), "abc");
  EXPECT_EQ(cut_characters("abcd", 3), "abc");
  EXPECT_EQ(cut_characters("abcde", 4), "abc…");
  EXPECT_EQ(cut_characters("äöüßé", 4), "äöü…");
  EXPECT_EQ(cut_characters("äöüß", 4), "äöüß");
  EXPECT_EQ(cut_characters("ab", 0), "");
  EXPECT_EQ(cut_bytes("abcde", 5), "abcde");
  EXPECT_EQ(cut_bytes("abcdef", 5), "ab…");
  EXPECT_EQ(cut_bytes("aäbcd", 5), "a…");
  EXPECT_EQ(cut_bytes("abcdef", 3), "…");
  EXPECT_EQ(cut_bytes("abcdef", 2), "..");
  EXPECT_EQ(cut_bytes("abcdef", 0), "");
  const std::string wrong = std::string(5, '\xff');  // each is a character there
  EXPECT_EQ(text_template::rune_count(cut_characters(wrong, 4)), 4U);
}

}  // namespace
}  // namespace watchbill::receivers
