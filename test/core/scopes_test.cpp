// Holds that would hold nothing: a person who mistypes a scope is told so.
#include "core/desk.h"

namespace watchbill::core {
namespace {

std::string refusal_of(Desk& desk, const std::string& scope) {
  const Processed done = desk.ask(SetHold{"looking", false, scope});
  return done.answer.refused ? std::string(word(done.answer.refused->reason)) + ": " + done.answer.refused->message : "";
}

TEST(scopes, that_name_nothing_are_refused_with_the_nearest_that_does) {
  Desk desk;
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.workload_groups["web"] = "";
  desk.accept(configuration);
  EXPECT_EQ(refusal_of(desk, "binding/WebDwn"),
            "bad_argument: scope \"binding/WebDwn\": the bill has nothing of that name; did you mean binding/WebDown?");
  EXPECT_EQ(refusal_of(desk, "WebDown"),
            "bad_argument: scope \"WebDown\": the bill has nothing of that name; did you mean binding/WebDown?");
  EXPECT_EQ(refusal_of(desk, "workloads/web"),
            "bad_argument: scope \"workloads/web\": the bill has nothing of that name; did you mean workload/web?");
  EXPECT_EQ(refusal_of(desk, "binding/EverythingIsSlow"),
            "bad_argument: scope \"binding/EverythingIsSlow\": the bill has nothing of that name");
  EXPECT_EQ(
      refusal_of(desk, "cluster/north"),
      "bad_argument: scope \"cluster/north\": the bill has nothing of that name; expected all, binding/NAME, workload/NAME, "
      "host/NAME, run/ID or a target of a plan");
  EXPECT_EQ(refusal_of(desk, "run/run-01JD0000000000000000000099"),
            "bad_argument: scope \"run/run-01JD0000000000000000000099\": there is no such run that has not ended; expected all, "
            "binding/NAME, workload/NAME, host/NAME, run/ID or a target of a plan");
  EXPECT_EQ(refusal_of(desk, "url/"), "bad_argument: scope \"url/\": expected \"all\" or KIND/NAME, such as binding/WebDown");
  EXPECT_TRUE(desk.state.control.holds.empty());
}

TEST(scopes, of_what_is_there_or_may_come_to_be_are_held) {
  Desk desk;
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.workload_groups["web"] = "";
  configuration.runbooks.inventory["front"] = {"web-01"};
  configuration.runbooks.runbooks["repair"].target = "database/main";
  configuration.runbooks.runbooks["drain"] = configuration.runbooks.runbooks["repair"];
  configuration.runbooks.runbooks["drain"].target = "pool/{{ .Params.pool }}";
  desk.accept(configuration);
  StartRun start;
  start.runbook = "repair";
  desk.ask(start);
  const std::string run = "run/" + *desk.state.plan.open.begin();
  for (const std::string& scope : {std::string("all"), std::string("binding/WebDown"), std::string("workload/web"),
                                   std::string("host/here"), std::string("host/web-01"), std::string("database/main"),
                                   std::string("pool/any"), std::string("url/127.0.0.1:80"), run})
    EXPECT_EQ(refusal_of(desk, scope), "") << scope;
  EXPECT_NE(refusal_of(desk, "database/spare"), "");
}

TEST(scopes, of_a_hold_that_names_nothing_any_more_are_released_all_the_same) {
  Desk desk;
  EXPECT_EQ(refusal_of(desk, "binding/WebDown"), "");
  Configuration configuration = with_two_webhooks();
  configuration.runbooks.bindings.erase("WebDown");
  desk.accept(configuration);
  EXPECT_FALSE(desk.ask(ReleaseHold{"gone", "binding/WebDown"}).answer.refused);
}

}  // namespace
}  // namespace watchbill::core
