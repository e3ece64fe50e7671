// The Pushgateway's paths of the real program: as curl sends to them, beside a real Pushgateway, through kills, into the store.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <set>

#include "serve/folder.h"
#include "serve/neighbour.h"

namespace watchbill::serve_test {
namespace {

// As curl --data-binary says it.
const std::vector<std::string> as_curl{"Content-Type: application/x-www-form-urlencoded"};

// Method, path behind /metrics/job/, body; one after the other.
const std::vector<std::vector<std::string>> pushes{
    {"POST", "some_job", "some_metric 3.14\n"},
    {"PUT", "some_job/instance/i", "# TYPE c counter\nc{label=\"v\"} 42\n# HELP g Just.\n# TYPE g gauge\ng 2398.283\n"},
    {"PUT", "x", "no_linefeed 1"},
    {"PUT", "x", "ts 1 1234567890\n"},
    {"PUT", "clash", "# TYPE g counter\ng 1\n"},
    {"PUT", "helps", "# HELP g other\n# TYPE g gauge\ng 1\n"},
    {"PUT", "dup", "dup 1\ndup 2\n"},
    {"PUT", "dup", "dup{job=\"a\"} 1\ndup{job=\"b\"} 2\n"},
    {"PUT", "og", "m{instance=\"i1\"} 1\n"},
    {"PUT", "og/instance/i1", "m 1\n"},
    {"PUT", "hist", "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2.0\"} 3\nh_sum 4\nh_count 5\n"},
    {"PUT", "summ", "# TYPE s summary\ns{quantile=\"0.90\",z=\"y\"} 3\ns_sum{z=\"y\"} 4\ns_count{z=\"y\"} 5000000\n"},
    {"PUT", "suffix", "h_count 5\n"},
    {"PUT", "second", "# TYPE k gauge\n# TYPE k gauge\nk 1\n"},
    {"PUT", "late", "k 1\n# TYPE k gauge\n"},
    {"PUT", "a/b", "x 1\n"},
    {"PUT", "a/__b/c", "x 1\n"},
    {"PUT", "a/b-c/c", "x 1\n"},
    {"PUT", "d/path@base64/L3Zhci90bXA", "x 1\n"},
    {"PUT", "e/first@base64/=/second/foobar", "x 1\n"},
    {"PUT", "p/l@base64/YQ==", "x 1\n"},
    {"PUT", "p/l@base64/Y%21", "x 1\n"},
    {"PUT", "titan/name/%CE%A0%CF%81", "x 1\n"},
    {"PUT", "again/job/other", "x 1\n"},
    {"PUT", "own", "push_time_seconds 7\n"},
    {"PUT", "ownclash", "# TYPE process_cpu_seconds_total gauge\nprocess_cpu_seconds_total 1\n"},
    {"PUT", "repl", "a 1\nb 2\n"},
    {"POST", "repl", "b 3\n"},
    {"PUT", "repl2", "c 4\n"},
    {"PUT", "repl2", "d 4\n"},
    {"POST", "empty", ""},
    {"PUT", "emptied", "e 4\n"},
    {"PUT", "emptied", ""},
    {"PUT", "gone", "f 4\n"},
    {"DELETE", "gone", ""},
    {"DELETE", "never", ""},
    {"PUT", "partial", "# TYPE s2 summary\ns2{quantile=\"0.5\",a=\"b\"} 2\ns2_sum{a=\"b\"} 4\n"},
    {"PUT", "nan", "n NaN\ninf +Inf\n"},
    {"PUT", "bad", "bad{ 1\n"},
    {"PUT", "reserved", "inv{__x=\"1\"} 1\n"},
};

class pushgateway : public ServedFolder {
 protected:
  pushgateway() { write("prometheus.yml", "global: {}\n"); }
  [[nodiscard]] std::vector<std::string> drop_in() const { return {"--prometheus.config", path("prometheus.yml")}; }
  static HttpReply send(const Controller& controller, const std::string& method, const std::string& target,
                        const std::string& body, const std::string& token = {}) {
    return controller.ask({method, target, token, {}, body, as_curl});
  }
  static std::string get(const Controller& controller, const std::string& target) {
    return controller.ask({"GET", target, {}, {}, {}, {}}).body;
  }
  // The lines of a page whose names begin with `prefix`.
  static std::set<std::string> lines(const std::string& page, const std::string& prefix) {
    std::set<std::string> out;
    for (std::size_t begin = 0; begin < page.size();) {
      const std::size_t end = std::min(page.find('\n', begin), page.size());
      if (page.compare(begin, prefix.size(), prefix) == 0) out.insert(page.substr(begin, end - begin));
      begin = end + 1;
    }
    return out;
  }
  // What an instant query finds, as JSON.
  static std::string find(const Controller& controller, const std::string& query) {
    const std::string body = get(controller, "/api/v1/query?query=" + query);
    const std::size_t at = body.find("\"result\":");
    return at == std::string::npos ? body : body.substr(at);
  }
};

TEST_F(pushgateway, a_push_is_on_the_page_and_in_the_store_until_it_is_removed) {
  Controller controller(path("data"), drop_in());
  ASSERT_TRUE(controller.is_serving());
  const std::string body =
      "# TYPE wb_backup_seconds gauge\n# HELP wb_backup_seconds How 100% long.\nwb_backup_seconds{a=\"50%\"} 7\n";
  EXPECT_EQ(send(controller, "POST", "/metrics/job/backup", body).status, 200);
  EXPECT_EQ(lines(get(controller, "/metrics"), "wb_backup"),
            std::set<std::string>{"wb_backup_seconds{a=\"50%\",instance=\"\",job=\"backup\"} 7"});
  ASSERT_TRUE(eventually([&] {
    return find(controller, "wb_backup_seconds").find("\"a\":\"50%\",\"job\":\"backup\"") != std::string::npos;
  })) << find(controller, "wb_backup_seconds");
  EXPECT_NE(find(controller, "up%7Bjob=%22pushgateway%22%7D").find("\"1\"]"), std::string::npos);
  EXPECT_NE(find(controller, "time()-push_time_seconds").find("\"job\":\"backup\""), std::string::npos);
  EXPECT_NE(get(controller, "/api/v1/metadata?metric=wb_backup_seconds").find("How 100% long."), std::string::npos);
  EXPECT_EQ(send(controller, "DELETE", "/metrics/job/backup", "").status, 202);
  EXPECT_EQ(lines(get(controller, "/metrics"), "wb_backup"), std::set<std::string>{});
  EXPECT_TRUE(eventually([&] { return find(controller, "wb_backup_seconds").starts_with("\"result\":[]"); }))
      << "the series ends at once, not five minutes later: " << find(controller, "wb_backup_seconds");
}

TEST_F(pushgateway, statuses_and_pages_are_those_of_a_real_one) {
  const char* const named = std::getenv("WB_PUSHGATEWAY");
  const std::string program = named == nullptr ? "prometheus-pushgateway" : named;
  if (run_words({"sh", "-c", "command -v " + program}).exit_code != 0) GTEST_SKIP() << "no prometheus-pushgateway here";
  const std::uint16_t port = free_port();
  const std::string address = "127.0.0.1:" + std::to_string(port);
  const Ended started = run_words({"sh", "-c", program + " --web.listen-address=" + address + " >/dev/null 2>&1 & echo $!"});
  const auto end_it = [pid = std::stoi(started.out)](const void*) { ::kill(pid, SIGKILL); };
  const std::unique_ptr<const void, decltype(end_it)> keeper(this, end_it);
  const auto ask_real = [&](const std::string& method, const std::string& target, const std::string& body) {
    Connection connection(port);
    connection.send(method + " " + target + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    return connection.reply();
  };
  ASSERT_TRUE(eventually([&] { return ask_real("GET", "/-/ready", "").status == 200; }));
  Controller controller(path("data"), drop_in());
  ASSERT_TRUE(controller.is_serving());

  for (const auto& push : pushes) {
    const std::string target = "/metrics/job/" + push[1];
    EXPECT_EQ(send(controller, push[0], target, push[2]).status, ask_real(push[0], target, push[2]).status)
        << push[0] << " " << target << ": " << push[2];
  }
  const std::string ours = get(controller, "/metrics");
  const std::string theirs = ask_real("GET", "/metrics", "").body;
  for (const char* prefix : {"some_metric", "c{", "g{", "m{", "h_", "s{", "s_", "x{", "a{", "b{", "c_", "d{", "e{", "f{", "n{",
                             "inf{", "s2", "dup", "k{", "process_cpu_seconds_total{", "# TYPE h ", "# TYPE s ", "# TYPE g "})
    EXPECT_EQ(lines(ours, prefix), lines(theirs, prefix)) << prefix;
  // Which groups there are, and which of them failed once.
  const auto groups = [](const std::string& page, const std::string& name) {
    std::set<std::string> out;
    for (const std::string& line : lines(page, name))
      out.insert(line.substr(0, line.find(' ')) + (line.ends_with(" 0") ? " never" : " once"));
    return out;
  };
  EXPECT_EQ(groups(ours, "push_time_seconds{"), groups(theirs, "push_time_seconds{"));
  EXPECT_EQ(groups(ours, "push_failure_time_seconds{"), groups(theirs, "push_failure_time_seconds{"));
  const JsonValue list = controller.ask({"GET", "/api/v1/metrics", {}, {}, {}, {}}).json();
  const JsonValue real = ask_real("GET", "/api/v1/metrics", "").json();
  ASSERT_NE(list.find("data"), nullptr);
  EXPECT_EQ(list.find("data")->as_array()->size(), real.find("data")->as_array()->size());
}

TEST_F(pushgateway, what_was_answered_is_there_after_each_kill) {
  std::set<std::string> expected;
  for (int life = 0; life < 8; ++life) {
    Controller controller(path("data"), drop_in());
    ASSERT_TRUE(controller.is_serving());
    for (int i = 0; i < 5; ++i) {
      const std::string job = std::to_string(life) + "_" + std::to_string(i);
      ASSERT_EQ(send(controller, "PUT", "/metrics/job/" + job, "wb_kept 1\n").status, 200);
      expected.insert("wb_kept{instance=\"\",job=\"" + job + "\"} 1");
    }
    ASSERT_EQ(send(controller, "DELETE", "/metrics/job/" + std::to_string(life) + "_0", "").status, 202);
    expected.erase("wb_kept{instance=\"\",job=\"" + std::to_string(life) + "_0\"} 1");
    controller.kill_at_once();
  }
  Controller controller(path("data"), drop_in());
  ASSERT_TRUE(controller.is_serving());
  EXPECT_TRUE(eventually([&] { return lines(get(controller, "/metrics"), "wb_kept") == expected; }));
}

TEST_F(pushgateway, a_bill_asks_who_pushes) {
  write("watchbill.yaml", "watchbill: 1\n");
  Controller controller(path("data"), arguments());
  ASSERT_TRUE(controller.is_serving());
  for (const char* target : {"/metrics/job/a", "/metrics/job@base64/YQ"}) {
    EXPECT_EQ(send(controller, "PUT", target, "m 1\n").status, 401) << target;
    EXPECT_EQ(send(controller, "DELETE", target, "").status, 401) << target;
    EXPECT_EQ(send(controller, "PUT", target, "m 1\n", controller.admin_token()).status, 200) << target;
  }
  EXPECT_EQ(lines(get(controller, "/metrics"), "m{").size(), 1U);
  EXPECT_EQ(send(controller, "PUT", "/api/v1/admin/wipe", "", controller.admin_token()).status, 404);
}

}  // namespace
}  // namespace watchbill::serve_test
