// Pages of the running program: a held run is told of, and who cannot be told is told of elsewhere.
// Source: domain/incidents.md §4, domain/peer-failures.md (an_undelivered_page_takes_another_way).
#include <gtest/gtest.h>

#include "agent/house.h"
#include "serve/target.h"

namespace watchbill::serve_test {
namespace {

using agent_test::House;

// Its change is made and does not help; a person is to look.
constexpr const char* runbooks = R"(
runbooks:
  vain:
    summary: A change that does not help
    steps:
      - name: mark
        do: {file: {path: marker, content: changed}}
        verify: {query: "vector(0) == 1", within: 1s}
        on_failure: hold
)";

class page : public ::testing::Test {
 protected:
  // The first webhook is a port that nobody listens on.
  page() {
    house_.write("watchbill.yaml", std::string("watchbill: 1\nlisten: 127.0.0.1:0\nalertmanager_config: am.yml\n") + runbooks);
    house_.write("am.yml",
                 "route: {receiver: ops, group_by: [alertname], group_wait: 100ms, group_interval: 1s}\n"
                 "receivers: [{name: ops, webhook_configs: [{url: \"http://127.0.0.1:1/\"}, {url: \"http://" +
                     sink_.address() + "/\"}]}]\n");
  }
  [[nodiscard]] Ended verb(const Controller& controller, std::vector<std::string> words) const {
    words.insert(words.end(), {"--server", controller.url(), "--data", house_.data()});
    return run_program(std::move(words));
  }
  [[nodiscard]] std::string alert(const Controller& controller, const std::string& name) const {
    return verb(controller, {"alerts", "show", name}).out;
  }

  Target sink_{""};
  House house_;
};

TEST_F(page, of_a_held_run_arrives_and_the_channel_that_is_down_is_told_of_on_the_other) {
  const Controller controller(house_.data(), house_.arguments());
  ASSERT_TRUE(controller.is_serving());
  const Ended started = verb(controller, {"run", "vain"});
  ASSERT_EQ(started.exit_code, 0) << started.err;
  const std::string run = started.out.substr(started.out.find("run-"), 30);
  ASSERT_TRUE(eventually([&] {
    return alert(controller, "RunHeld").find("ops/webhook[1] told that it fires: sent") != std::string::npos;
  })) << alert(controller, "RunHeld");
  EXPECT_NE(alert(controller, "RunHeld").find("watchbill run resume " + run), std::string::npos);
  // After 2 and 4 s the first webhook has failed three times.
  ASSERT_TRUE(eventually([&] {
    return alert(controller, "NotificationUndelivered").find("ops/webhook[1] told that it fires: sent") != std::string::npos;
  })) << alert(controller, "NotificationUndelivered");
  EXPECT_NE(alert(controller, "NotificationUndelivered").find("channel=\"ops/webhook[0]\""), std::string::npos);
  EXPECT_GE(sink_.answered_count(), 2U);
  ASSERT_EQ(verb(controller, {"cancel", run, "--reason", "done by hand"}).exit_code, 0);
  EXPECT_TRUE(eventually([&] { return alert(controller, "RunHeld").starts_with("RunHeld is resolved"); }))
      << alert(controller, "RunHeld");
}

}  // namespace
}  // namespace watchbill::serve_test
