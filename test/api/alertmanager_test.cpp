// Alertmanager's paths over the API without a server: what is answered, and when; the texts are those of the real 0.25.
#include <gtest/gtest.h>

#include <string>

#include "api/stand.h"

namespace watchbill::api {
namespace {

class alertmanager : public ::testing::Test {
 protected:
  // What was answered, "STATUS BODY"; "waits" when nothing was yet.
  [[nodiscard]] static std::string said(const Reply& reply) {
    if (!*reply) return "waits";
    std::string body = (*reply)->body;
    if (!body.empty() && body.back() == '\n') body.pop_back();
    return std::to_string((*reply)->status) + (body.empty() ? "" : " " + body);
  }
  Reply send(const std::string& method, const std::string& path, const std::string& body, const std::string& token = {}) {
    ports::HttpRequest request{.method = method, .body = body};
    request.headers.push_back({"Content-Type", "application/json"});
    if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
    return stand_.send(path, std::move(request));
  }
  // Until everything is durable and told.
  void go_on() {
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      while (stand_.desk.step().commands > 0) is_busy = true;
      stand_.follow();
    }
  }
  std::string post(const std::string& body) {
    const Reply reply = send("POST", "/api/v2/alerts", body);
    go_on();
    return said(reply);
  }
  JsonValue list(ports::HttpParameters query = {}, const std::string& path = "/api/v2/alerts") {
    const Reply reply = stand_.ask(path, std::move(query));
    stand_.run_pool();
    auto parsed = parse_json((*reply)->body);
    EXPECT_TRUE(parsed) << said(reply);
    return std::move(*parsed);
  }
  std::string names(ports::HttpParameters query = {}) {
    std::string out;
    const JsonValue alerts = list(std::move(query));
    for (const JsonValue& each : *alerts.as_array())
      out += (out.empty() ? "" : " ") + *each.find("labels")->find("alertname")->as_string();
    return out;
  }
  [[nodiscard]] std::string fault(const std::string& path, ports::HttpParameters query) {
    const Reply reply = stand_.ask(path, std::move(query));
    stand_.run_pool();
    return said(reply);
  }
  [[nodiscard]] std::string at(std::int64_t seconds) const {
    return format_rfc3339(stand_.desk.now + Duration::seconds(seconds));
  }

  Stand stand_;
};

TEST_F(alertmanager, a_post_is_answered_when_it_is_durable_and_at_once_when_it_changes_nothing) {
  const std::string body = R"([{"labels":{"alertname":"A"},"endsAt":")" + at(60) + "\"}]";
  const Reply first = send("POST", "/api/v2/alerts", body);
  const Reply second = send("POST", "/api/v2/alerts", body);
  EXPECT_EQ(said(first), "waits");
  EXPECT_EQ(said(second), "waits") << "whether the first was taken is not known yet";
  go_on();
  EXPECT_EQ(said(first), "200");
  EXPECT_EQ(said(second), "200");
  const std::string records = stand_.desk.history();
  EXPECT_NE(records.find("AlertFired"), std::string::npos) << records;
  EXPECT_EQ(said(send("POST", "/api/v2/alerts", R"([{"labels":{"alertname":"A"},"endsAt":")" + at(90) + "\"}]")), "200");
  EXPECT_EQ(stand_.desk.history(), records) << "a repetition is not recorded";
}

TEST_F(alertmanager, an_alert_is_shown_as_its_sender_last_said) {
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A","job":"x"},"annotations":{"s":"1"},"startsAt":"2026-02-01T00:00:00Z"}])"), "200");
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A","job":"x"},"annotations":{"s":"2"},"startsAt":"2026-02-01T00:00:00Z",)"
                 R"("generatorURL":"http://p/g","endsAt":")" + at(600) + "\"}]"),
            "200");
  const Reply reply = stand_.ask("/api/v2/alerts");
  stand_.run_pool();
  EXPECT_EQ(said(reply), R"(200 [{"annotations":{"s":"2"},"endsAt":")" + at(600) +
                             R"(","fingerprint":"593b3fc30668dd0a","receivers":[],"startsAt":"2026-02-01T00:00:00.000Z",)"
                             R"("status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"updatedAt":")" +
                             at(0) + R"(","generatorURL":"http://p/g","labels":{"alertname":"A","job":"x"}}])");
}

TEST_F(alertmanager, of_a_bad_post_the_good_ones_are_taken) {
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A"}},{"labels":{"-":"x"}},{"labels":{"":"x"}},{"labels":{"alertname":"B"}}])"),
            R"x(400 "invalid label set: invalid name \"-\" (alerts[1]); invalid label set: invalid name \"\" (alerts[2])")x");
  EXPECT_EQ(names({{"filter", "alertname=~\"A|B\""}}), "B A");
  EXPECT_EQ(post("[{}]"), R"(422 {"code":602,"message":"0.labels in body is required"})");
  EXPECT_EQ(post(R"([{"labels":{"alertname":"C"}},5])"),
            R"(400 {"code":400,"message":"parsing alerts body failed: line 1, column 31: 1: expected an object"})");
  EXPECT_EQ(names({{"filter", "alertname=C"}}), "");
  ports::HttpRequest form{.method = "POST", .body = "[]"};
  form.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  EXPECT_EQ(said(stand_.send("/api/v2/alerts", form)),
            R"(415 {"code":415,"message":"unsupported media type \"application/x-www-form-urlencoded\", )"
            R"(only [application/json] are allowed"})");
}

TEST_F(alertmanager, a_lost_word_is_answered_and_tried_again) {
  stand_.desk.engine->inbox().close();
  EXPECT_TRUE(post(R"([{"labels":{"alertname":"A"}}])").starts_with("503 \"closing: "));
  EXPECT_FALSE(stand_.outside->find(Labels(std::vector<Labels::Pair>{{"alertname", "A"}})));
}

TEST_F(alertmanager, what_nobody_repeats_ends) {
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A"}}])"), "200");
  stand_.desk.now = stand_.desk.now + Duration::seconds(299);
  stand_.outside->look();
  go_on();
  EXPECT_EQ(names(), "A");
  stand_.desk.now = stand_.desk.now + Duration::seconds(1);
  EXPECT_EQ(names(), "A") << "as there: it is shown until its end has passed";
  stand_.outside->look();
  go_on();
  EXPECT_EQ(names(), "");
  EXPECT_NE(stand_.desk.history().find("AlertResolved"), std::string::npos);
}

TEST_F(alertmanager, alerts_of_rules_stand_beside_those_of_others) {
  stand_.record(RaiseAlert{{{"summary", "s"}}, false, "WorkloadFailed", "web", "workload"});
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A"}}])"), "200");
  EXPECT_EQ(names({{"filter", "alertname!=\"\""}}).size(), std::string("A WorkloadFailed").size());
  EXPECT_EQ(names({{"filter", "workload=web"}, {"filter", "severity=critical"}}), "WorkloadFailed");
  EXPECT_EQ(names({{"filter", "workload=web"}, {"filter", "severity=info"}}), "");
}

TEST_F(alertmanager, questions_are_refused_in_its_words) {
  EXPECT_EQ(fault("/api/v2/alerts", {{"filter", "("}}), R"(400 "bad matcher format: (")");
  EXPECT_EQ(fault("/api/v2/alerts", {{"filter", ""}}), R"(400 "bad matcher format: ")");
  EXPECT_TRUE(fault("/api/v2/alerts", {{"filter", "a=~("}}).starts_with(R"(400 "error parsing regexp: )"));
  EXPECT_TRUE(fault("/api/v2/alerts/groups", {{"receiver", "("}})
                  .starts_with(R"(400 "failed to parse receiver param: error parsing regexp: )"));
  EXPECT_EQ(fault("/api/v2/silences", {{"filter", "a"}}), R"(400 "bad matcher format: a")");
}

// --- silences ---

class alertmanager_silences : public alertmanager {
 protected:
  std::string set(const std::string& matchers, std::int64_t from, std::int64_t to, const std::string& id = {}) {
    const Reply reply = send("POST", "/api/v2/silences",
                             R"({"id":")" + id + R"(","matchers":[)" + matchers + R"(],"startsAt":")" + at(from) +
                                 R"(","endsAt":")" + at(to) + R"(","createdBy":"me","comment":"c"})",
                             "secret");
    go_on();
    const std::string out = said(reply);
    if (!out.starts_with("200 ")) return out;
    const Result<JsonValue> made = parse_json((*reply)->body);
    return *made->find("silenceID")->as_string();
  }
  std::string states(ports::HttpParameters query = {}) {
    std::string out;
    const JsonValue silences = list(std::move(query), "/api/v2/silences");
    for (const JsonValue& each : *silences.as_array())
      out += (out.empty() ? "" : " ") + *each.find("status")->find("state")->as_string() + "/" +
             *each.find("matchers")->as_array()->front().find("value")->as_string();
    return out;
  }
  std::string on_one(const std::string& method, const std::string& id) {
    ports::HttpRequest request{.method = method, .path_parameters = {{"id", id}}};
    request.headers.push_back({"Authorization", "Bearer secret"});
    const Reply reply = stand_.send("/api/v2/silence/{id}", std::move(request));
    go_on();
    return said(reply);
  }
  static std::string matcher(const std::string& value) {
    return R"({"name":"alertname","value":")" + value + R"(","isRegex":false,"isEqual":true})";
  }
};

TEST_F(alertmanager_silences, suppress_what_they_match) {
  EXPECT_EQ(post(R"([{"labels":{"alertname":"A"}},{"labels":{"alertname":"B"}}])"), "200");
  const std::string id = set(matcher("A"), 0, 600);
  ASSERT_EQ(id.size(), 36U) << id;
  EXPECT_EQ(names({{"active", "false"}}), "A");
  EXPECT_EQ(names({{"silenced", "false"}}), "B");
  const JsonValue alerts = list({{"filter", "alertname=A"}});
  EXPECT_EQ(*alerts.as_array()->front().find("status")->find("silencedBy")->as_array()->front().as_string(), id);
  EXPECT_EQ(on_one("DELETE", id), "200");
  EXPECT_EQ(on_one("DELETE", id), "200") << "it has ended already";
  EXPECT_EQ(names({{"silenced", "false"}}), "B A");
  EXPECT_NE(on_one("GET", id).find("\"state\":\"expired\""), std::string::npos);
}

TEST_F(alertmanager_silences, are_listed_by_state_and_end) {
  const std::string gone = set(matcher("gone"), 0, 60);
  EXPECT_EQ(on_one("DELETE", gone), "200");
  static_cast<void>(set(matcher("last"), 0, 900));
  static_cast<void>(set(matcher("later"), 700, 900));
  static_cast<void>(set(matcher("first"), 0, 600));
  static_cast<void>(set(matcher("soon"), 500, 900));
  EXPECT_EQ(states(), "active/first active/last pending/soon pending/later expired/gone");
  EXPECT_EQ(states({{"filter", "alertname=soon"}}), "pending/soon");
  EXPECT_EQ(states({{"filter", "alertname=~soon"}}), "") << "a filter names matchers, not alerts";
}

TEST_F(alertmanager_silences, are_changed_under_their_id_and_replaced_when_they_match_others) {
  const std::string id = set(matcher("A"), 0, 600);
  EXPECT_EQ(set(matcher("A"), 0, 900, id), id);
  const std::string other = set(matcher("B"), 0, 900, id);
  EXPECT_NE(other, id);
  EXPECT_EQ(states(), "active/B expired/A");
}

TEST_F(alertmanager_silences, are_refused_in_its_words) {
  const std::string nobody = "6a29e4fd-2a8c-4a4b-9d3c-0d4d3a2b1c0f";
  EXPECT_EQ(set(matcher("A"), 0, 600, nobody), R"(404 "silence not found")");
  EXPECT_EQ(set(matcher("A"), 600, 0), R"(400 "Failed to create silence: start time must be before end time")");
  EXPECT_EQ(set(matcher("A"), -600, -60), R"(400 "Failed to create silence: end time can't be in the past")");
  EXPECT_EQ(set(matcher(""), 0, 60), R"(400 "silence invalid: at least one matcher must not match the empty string")");
  EXPECT_EQ(set(R"({"name":"1a","value":"x","isRegex":false})", 0, 60),
            R"(400 "silence invalid: invalid label matcher 0: invalid label name \"1a\"")");
  EXPECT_TRUE(set(R"({"name":"a","value":"(","isRegex":true})", 0, 60)
                  .starts_with(R"(400 "silence invalid: invalid label matcher 0: invalid regular expression )"));
  EXPECT_EQ(set("", 0, 60), R"(422 {"code":612,"message":"matchers in body should have at least 1 items"})");
  EXPECT_EQ(on_one("GET", nobody), "404");
  EXPECT_EQ(on_one("DELETE", nobody), R"(404 "silence not found")");
  EXPECT_EQ(on_one("DELETE", "zz"), R"(422 {"code":601,"message":"silenceID in path must be of type uuid: \"zz\""})");
  EXPECT_TRUE(said(send("POST", "/api/v2/silences", "{}")).starts_with(R"(401 "not_authenticated: )"))
      << "a silence needs a name, posted alerts do not";
}

}  // namespace
}  // namespace watchbill::api
