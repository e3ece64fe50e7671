#include <deque>

#include "receivers/captured.h"

namespace watchbill::receivers::captured {
namespace {

constexpr std::string_view jira_settings = R"({"api_url":"https://jira.example/rest/api/2","api_type":"auto","project":"OPS",
  "issue_type":"Bug","summary":"{{ .Status }}: {{ .GroupLabels.alertname }}","description":"{{ len .Alerts }} alerts",
  "labels":["{{ .CommonLabels.severity }}","Zone 1"],"priority":"High"})";
constexpr std::string_view no_issues = R"({"issues":[],"total":0})";
constexpr std::string_view open_issue =
    R"({"issues":[{"id":"1","key":"OPS-7","fields":{"status":{"name":"Open","statusCategory":{"key":"new"}}}}]})";
constexpr std::string_view closed_issue =
    R"({"issues":[{"id":"1","key":"OPS-7","fields":{"status":{"name":"Closed","statusCategory":{"key":"done"}}}}]})";
constexpr std::string_view transitions = R"({"transitions":[{"id":"11","name":"Close"},{"id":"12","name":"Reopen"}]})";

// What was asked, and how it ended.
struct JiraTalk {
  std::vector<ports::HttpCall> calls;
  Verdict verdict;
  std::string remark;
};

std::shared_ptr<Channel> jira_channel() { return channel(IntegrationKind::jira, jira_settings, {}); }

JiraTalk jira_talk(const std::shared_ptr<Channel>& told, std::string_view status, std::deque<ports::HttpAnswer> answers) {
  JiraTalk talk;
  const ConversationPointer attempt = begin_jira(told, shop(status), now);
  Step step = attempt->begin();
  while (const auto* call = std::get_if<ports::HttpCall>(&step)) {
    talk.calls.push_back(*call);
    if (answers.empty()) break;
    step = attempt->go_on(answers.front());
    answers.pop_front();
  }
  if (const auto* verdict = std::get_if<Verdict>(&step)) talk.verdict = *verdict;
  else ADD_FAILURE() << "no verdict";
  EXPECT_TRUE(answers.empty()) << answers.size() << " answers too many";
  talk.remark = attempt->remark();
  return talk;
}

ports::HttpAnswer ok(std::string_view body) { return answer(200, std::string(body)); }

std::string lines(const JiraTalk& talk) {
  std::string text;
  for (const ports::HttpCall& call : talk.calls) text += call.method + " " + call.url + "\n";
  return text;
}

std::string jql_of(const std::shared_ptr<Channel>& told, std::string_view status) {
  return *json(call_in(begin_jira(told, shop(status), now)->begin()).body).find("jql")->as_string();
}

const std::string jira_label = "ALERT{" + std::string(shop_hash) + "}";

TEST(Jira, a_group_without_an_issue_gets_one) {
  const JiraTalk talk = jira_talk(jira_channel(), "firing", {ok(no_issues), answer(201, R"({"key":"OPS-8"})")});
  ASSERT_EQ(lines(talk), "POST https://jira.example/rest/api/2/search\nPOST https://jira.example/rest/api/2/issue\n");
  EXPECT_EQ(canonical(talk.calls[0].body),
            canonical(R"({"fields":["status"],"jql":"statusCategory != Done and project=\"OPS\" and )"
                      R"(labels=\")" +
                      jira_label + R"(\" order by status ASC,resolutiondate DESC","maxResults":2})"));
  EXPECT_EQ(canonical(talk.calls[1].body),
            canonical(R"({"fields":{"description":"2 alerts","issuetype":{"name":"Bug"},"labels":[")" + jira_label +
                      R"(","Zone 1","critical"],"priority":{"name":"High"},)"
                      R"("project":{"key":"OPS"},"summary":"firing: WebDown"}})"));
  for (const ports::HttpCall& call : talk.calls) {
    EXPECT_EQ(header(call, "Content-Type"), "application/json");
    EXPECT_EQ(header(call, "Accept-Language"), "en");
  }
  EXPECT_EQ(talk.verdict, (Verdict{DeliveryAnswer::accepted, "http 201", {}}));
  EXPECT_EQ(talk.remark, "");
}

TEST(Jira, no_issue_is_made_for_what_is_over) {
  const JiraTalk talk = jira_talk(jira_channel(), "resolved", {ok(no_issues)});
  EXPECT_EQ(talk.verdict, (Verdict{DeliveryAnswer::accepted, "no_issue", {}}));
}

TEST(Jira, an_issue_that_is_there_is_updated) {
  const JiraTalk talk = jira_talk(jira_channel(), "firing", {ok(open_issue), answer(204, "")});
  EXPECT_EQ(lines(talk), "POST https://jira.example/rest/api/2/search\nPUT https://jira.example/rest/api/2/issue/OPS-7\n");
  EXPECT_EQ(talk.verdict, (Verdict{DeliveryAnswer::accepted, "http 204", {}}));
}

TEST(Jira, summary_and_description_stay_where_the_file_says_so) {
  const auto told = jira_channel();
  told->configuration.settings["summary.enable_update"] = "false";
  told->configuration.settings["description.enable_update"] = "false";
  const JsonValue updated = json(jira_talk(told, "firing", {ok(open_issue), answer(204, "")}).calls.at(1).body);
  EXPECT_EQ(updated.find("fields")->find("summary"), nullptr);
  EXPECT_EQ(updated.find("fields")->find("description"), nullptr);
  const JsonValue made = json(jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")}).calls.at(1).body);
  EXPECT_NE(made.find("fields")->find("summary"), nullptr);
  EXPECT_NE(made.find("fields")->find("description"), nullptr);
}

TEST(Jira, what_is_over_is_closed_by_its_transition) {
  const auto told = jira_channel();
  told->configuration.settings["resolve_transition"] = "Close";
  const JiraTalk talk = jira_talk(told, "resolved", {ok(open_issue), answer(204, ""), ok(transitions), answer(204, "")});
  ASSERT_EQ(lines(talk),
            "POST https://jira.example/rest/api/2/search\nPUT https://jira.example/rest/api/2/issue/OPS-7\n"
            "GET https://jira.example/rest/api/2/issue/OPS-7/transitions\n"
            "POST https://jira.example/rest/api/2/issue/OPS-7/transitions\n");
  EXPECT_EQ(canonical(talk.calls[3].body), R"({"transition":{"id":"11"}})");
  EXPECT_EQ(talk.verdict, (Verdict{DeliveryAnswer::accepted, "http 204", {}}));
}

TEST(Jira, what_fires_again_is_opened_again) {
  const auto told = jira_channel();
  told->configuration.settings["reopen_transition"] = "Reopen";
  told->configuration.settings["reopen_duration"] = std::int64_t{3'600'000};
  const JiraTalk talk = jira_talk(told, "firing", {ok(closed_issue), answer(204, ""), ok(transitions), answer(204, "")});
  ASSERT_EQ(talk.calls.size(), 4U);
  EXPECT_EQ(canonical(talk.calls[3].body), R"({"transition":{"id":"12"}})");
  EXPECT_TRUE(jql_of(told, "firing").starts_with("(resolutiondate is EMPTY OR resolutiondate >= -60m) and project="));
  EXPECT_TRUE(jql_of(told, "resolved").starts_with("statusCategory != Done and project="));
}

TEST(Jira, an_issue_that_stands_where_it_should_is_not_moved) {
  const auto told = jira_channel();
  told->configuration.settings["reopen_transition"] = "Reopen";
  told->configuration.settings["resolve_transition"] = "Close";
  EXPECT_EQ(jira_talk(told, "firing", {ok(open_issue), answer(204, "")}).calls.size(), 2U);
  EXPECT_EQ(jira_talk(told, "resolved", {ok(closed_issue), answer(204, "")}).calls.size(), 2U);
  EXPECT_EQ(jira_talk(told, "firing", {ok(R"({"issues":[{"key":"OPS-7"}]})"), answer(204, "")}).calls.size(), 2U);
}

TEST(Jira, issues_that_nobody_will_mend_are_left_out) {
  const auto told = jira_channel();
  told->configuration.settings["wont_fix_resolution"] = "Won't \"fix\"";
  EXPECT_TRUE(
      jql_of(told, "firing")
          .starts_with(R"((resolution is EMPTY or resolution != "Won't \"fix\"") and statusCategory != Done and project=)"));
}

TEST(Jira, a_transition_that_is_not_there_is_final) {
  const auto told = jira_channel();
  told->configuration.settings["resolve_transition"] = "Done";
  const JiraTalk talk = jira_talk(told, "resolved", {ok(open_issue), answer(204, ""), ok(transitions)});
  EXPECT_EQ(talk.verdict, (Verdict{DeliveryAnswer::final, "no_such_transition", {}}));
}

TEST(Jira, the_cloud_searches_elsewhere) {
  const auto searches_at = [](const std::string& url, const std::string& type) {
    const auto told = jira_channel();
    told->configuration.settings["api_url"] = url;
    told->configuration.settings["api_type"] = type;
    return call_in(begin_jira(told, shop("firing"), now)->begin()).url;
  };
  EXPECT_EQ(searches_at("https://a.atlassian.net/rest/api/2/", "auto"), "https://a.atlassian.net/rest/api/3/search/jql");
  EXPECT_EQ(searches_at("https://a.atlassian.net/rest/api/3", "auto"), "https://a.atlassian.net/rest/api/3/search/jql");
  EXPECT_EQ(searches_at("https://a.atlassian.net/rest/api/2", "datacenter"), "https://a.atlassian.net/rest/api/2/search");
  EXPECT_EQ(searches_at("https://jira.example/x/rest/api/2", "cloud"), "https://jira.example/x/rest/api/3/search/jql");
  EXPECT_EQ(searches_at("https://jira.example/atlassian.net/rest/api/2", "auto"),
            "https://jira.example/atlassian.net/rest/api/2/search");
}

TEST(Jira, version_3_gets_a_document) {
  const auto told = jira_channel();
  told->configuration.settings["api_url"] = "https://jira.example/rest/api/3/";
  const auto description = [&](const std::string& source) {
    told->configuration.settings["description"] = source;
    const JsonValue body = json(jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")}).calls.at(1).body);
    std::string text;
    if (const JsonValue* made = body.find("fields")->find("description")) append_json(text, *made);
    return text;
  };
  EXPECT_EQ(description(R"( {"type":"doc","version":1,"content":[]} )"), R"({"content":[],"type":"doc","version":1})");
  EXPECT_EQ(description("a \"b\"\n\n  c"),
            R"({"content":[{"content":[{"text":"a \"b\"","type":"text"}],"type":"paragraph"},)"
            R"({"content":[{"text":"c","type":"text"}],"type":"paragraph"}],"type":"doc","version":1})");
  EXPECT_EQ(description(" \n "), "");
}

TEST(Jira, a_custom_field_is_what_its_text_reads_as) {
  const auto told = jira_channel();
  told->configuration.settings["fields"] = PlanValue::Map{
      {"components", PlanValue::List{PlanValue::Map{{"name", "{{ .CommonLabels.severity }}"}}}},
      {"customfield_1", "{{ len .Alerts }}"},
      {"customfield_2", "true"},
      {"customfield_3", std::int64_t{42}},
      {"customfield_4", R"({"value":"{{ .Status }}"})"},
      {"customfield_5", "1 and more"},
      {"customfield_6", ""},
      {"customfield_7", "\"quoted\""},
      {"summary", "the field wins"},
  };
  const JsonValue body = json(jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")}).calls.at(1).body);
  const auto field = [&](std::string_view name) {
    std::string text;
    append_json(text, *body.find("fields")->find(name));
    return text;
  };
  EXPECT_EQ(field("components"), R"([{"name":"critical"}])");
  EXPECT_EQ(field("customfield_1"), "2");
  EXPECT_EQ(field("customfield_2"), "true");
  EXPECT_EQ(field("customfield_3"), "42");
  EXPECT_EQ(field("customfield_4"), R"({"value":"firing"})");
  EXPECT_EQ(field("customfield_5"), R"("1 and more")");
  EXPECT_EQ(field("customfield_6"), "null");
  EXPECT_EQ(field("customfield_7"), R"("\"quoted\"")");
  EXPECT_EQ(field("summary"), R"("the field wins")");
}

TEST(Jira, texts_are_cut_at_its_limits) {
  const auto told = jira_channel();
  const auto told_as = [&](std::string_view field) {
    return *json(jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")}).calls.at(1).body)
                .find("fields")
                ->find(field)
                ->as_string();
  };
  for (const auto& [key, characters] : std::map<std::string, std::size_t>{{"summary", 255}, {"description", 32'767}}) {
    told->configuration.settings[key] = std::string(characters, 'a');
    EXPECT_TRUE(told_as(key) == std::string(characters, 'a')) << key;
    told->configuration.settings[key] = std::string(characters + 1, 'a');
    EXPECT_TRUE(told_as(key) == std::string(characters - 1, 'a') + "…") << key;
  }
}

TEST(Jira, a_template_that_fails_is_told_plainly) {
  const auto told = jira_channel();
  for (const std::string key : {"summary", "description"}) told->configuration.settings[key] = "{{ .Nothing }}";
  told->configuration.settings["labels"] = PlanValue::List{"{{ .Nothing }}"};
  const JiraTalk talk = jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")});
  const JsonValue body = json(talk.calls.at(1).body);
  EXPECT_EQ(*body.find("fields")->find("summary")->as_string(), plain_title(shop("firing")));
  EXPECT_EQ(*body.find("fields")->find("description")->as_string(), plain_text(shop("firing")));
  EXPECT_EQ(body.find("fields")->find("labels")->as_array()->size(), 1U);
  EXPECT_NE(talk.remark.find("labels[0]"), std::string::npos) << talk.remark;
}

TEST(Jira, an_issue_has_a_summary_in_any_case) {
  const auto told = jira_channel();
  told->configuration.settings["summary"] = " ";
  const JsonValue body = json(jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")}).calls.at(1).body);
  EXPECT_EQ(*body.find("fields")->find("summary")->as_string(), plain_title(shop("firing")));
}

TEST(Jira, without_a_project_nobody_is_called) {
  const auto told = jira_channel();
  told->configuration.settings["project"] = "{{ .Nothing }}";
  EXPECT_EQ(jira_talk(told, "firing", {}).verdict, (Verdict{DeliveryAnswer::final, "no_project", {}}));
}

TEST(Jira, an_issue_key_cannot_lead_elsewhere) {
  const JiraTalk talk = jira_talk(jira_channel(), "firing", {ok(R"({"issues":[{"key":"../../admin?x"}]})"), answer(204, "")});
  EXPECT_EQ(talk.calls.at(1).url, "https://jira.example/rest/api/2/issue/..%2F..%2Fadmin%3Fx");
}

TEST(Jira, every_answer_is_judged) {
  const auto told = jira_channel();
  told->configuration.settings["resolve_transition"] = "Close";
  const std::vector<ports::HttpAnswer> good{ok(open_issue), answer(204, ""), ok(transitions), answer(204, "")};
  for (std::size_t bad = 0; bad < good.size(); ++bad)
    for (const auto& [status, wanted] : std::map<std::uint32_t, DeliveryAnswer>{{400, DeliveryAnswer::final},
                                                                                {401, DeliveryAnswer::final},
                                                                                {429, DeliveryAnswer::retryable},
                                                                                {503, DeliveryAnswer::retryable}}) {
      std::deque<ports::HttpAnswer> answers(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(bad));
      answers.push_back(answer(status, "{}", {{"Retry-After", "3"}}));
      const Verdict verdict = jira_talk(told, "resolved", answers).verdict;
      EXPECT_EQ(verdict, (Verdict{wanted, "http " + std::to_string(status),
                                  wanted == DeliveryAnswer::retryable ? Duration::seconds(3) : Duration{}}));
    }
}

TEST(Jira, what_is_no_json_is_asked_again) {
  const auto told = jira_channel();
  told->configuration.settings["resolve_transition"] = "Close";
  const Verdict wanted{DeliveryAnswer::retryable, "answer_unreadable", {}};
  for (const std::string& body : bad_bodies()) {
    if (body.starts_with("{\"a\"")) continue;
    EXPECT_EQ(jira_talk(told, "firing", {ok(body)}).verdict, wanted) << body.substr(0, 40);
    EXPECT_EQ(jira_talk(told, "resolved", {ok(open_issue), answer(204, ""), ok(body)}).verdict, wanted) << body.substr(0, 40);
  }
  EXPECT_EQ(jira_talk(told, "firing", {ok(R"({"issues":[{"id":"1"}]})")}).verdict, wanted);
}

TEST(Jira, a_huge_answer_is_no_answer) {
  const std::string huge = R"({"issues":[{"key":"OPS-7"}],"names":")" + std::string(5U << 20, 'x') + "\"}";
  EXPECT_EQ(jira_talk(jira_channel(), "firing", {ok(huge)}).verdict,
            (Verdict{DeliveryAnswer::retryable, "answer_unreadable", {}}));
}

TEST(Jira, the_default_templates_can_be_told) {
  const auto told = jira_channel();
  for (const std::string key : {"summary", "description", "priority"})
    told->configuration.settings[key] = "{{ template \"jira.default." + key + "\" . }}";
  const JiraTalk talk = jira_talk(told, "firing", {ok(no_issues), answer(201, "{}")});
  const JsonValue body = json(talk.calls.at(1).body);
  EXPECT_EQ(*body.find("fields")->find("summary")->as_string(), "[FIRING:2] WebDown (critical)");
  EXPECT_NE(body.find("fields")->find("description")->as_string()->find("# Alerts Firing:"), std::string::npos);
  EXPECT_EQ(*body.find("fields")->find("priority")->find("name")->as_string(), "High");
  EXPECT_EQ(talk.remark, "");
}

}  // namespace
}  // namespace watchbill::receivers::captured
