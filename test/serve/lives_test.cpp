// Many lives of the controller over workloads that go on (domain/supervision.md §8, domain/peer-failures.md).
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "sanitized.h"
#include "serve/program.h"

namespace watchbill::serve_test {
namespace {

constexpr int workload_count = 50;
constexpr int life_count = 100 / static_cast<int>(sanitized_stride);

class lives : public ::testing::Test {
 protected:
  lives() {
    std::string bill = "watchbill: 1\nworkloads:\n";
    const std::string user = ::geteuid() == 0 ? ", user: root" : "";
    for (int i = 0; i < workload_count; ++i)
      bill += "  w" + std::to_string(i) +
              ": {command: [/bin/sleep, infinity], restart: {policy: always, backoff: {initial: 0s}}" + user + "}\n";
    std::ofstream(directory_.path() + "/watchbill.yaml") << bill;
  }
  [[nodiscard]] std::string data() const { return directory_.path() + "/data"; }
  [[nodiscard]] std::vector<std::string> arguments() const { return {"--config", directory_.path() + "/watchbill.yaml"}; }

  struct Told {
    std::vector<JsonValue> events;
    std::uint64_t next_record = 1;  // the one after the last of them
  };
  // Events of one type from a record on, in order, as objects.
  [[nodiscard]] Told told(const std::string& type, std::uint64_t since) const {
    const Ended listed =
        run_program({"journal", "list", "--data", data(), "--type", type, "--since", std::to_string(since), "-o", "json"});
    std::istringstream lines(listed.out);
    Told out{{}, since};
    for (std::string line; std::getline(lines, line);) {
      const Result<JsonValue> value = parse_json(line);
      if (!value || value->find("event") == nullptr) continue;
      out.events.push_back(*value->find("event"));
      out.next_record = std::stoull(*value->find("id")->as_string()) + 1;  // RECORD.EVENT
    }
    return out;
  }
  [[nodiscard]] std::vector<JsonValue> events(const std::string& type) const { return told(type, 1).events; }
  // Waits until `count` of them are there that `next_record_` does not pass over, and moves it past these: a hundred lives would
  // otherwise read all those before them, again and again.
  [[nodiscard]] bool come(const std::string& type, std::size_t count) {
    Told seen;
    if (!eventually([&] { return (seen = told(type, next_record_)).events.size() >= count; })) return false;
    next_record_ = seen.next_record;
    return true;
  }

  TemporaryDirectory directory_;

 private:
  std::uint64_t next_record_ = 1;
};

std::string text_of(const JsonValue& event, const char* key) {
  const JsonValue* member = event.find(key);
  if (member == nullptr) return "";
  if (const std::int64_t* number = member->as_integer()) return std::to_string(*number);
  return member->as_string() == nullptr ? "" : *member->as_string();
}

TEST_F(lives, killing_the_controller_stops_and_forgets_no_workload) {
  struct Facts { std::string pid, incarnation; };
  std::map<std::string, Facts> first;
  {
    Controller controller(data(), arguments());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().err;
    ASSERT_TRUE(come("WorkloadStarted", workload_count));
    for (const JsonValue& started : events("WorkloadStarted"))
      first[text_of(started, "workload")] = {text_of(started, "pid"), text_of(started, "incarnation")};
    controller.kill_at_once();
  }
  ASSERT_EQ(first.size(), std::size_t{workload_count});
  // One crashes while nobody but its keeper is there.
  ASSERT_EQ(::kill(std::stoi(first["w7"].pid), SIGKILL), 0);
  for (int life = 1; life <= life_count; ++life) {
    Controller controller(data(), arguments());
    ASSERT_TRUE(controller.is_serving()) << controller.ended().err;
    // In the first life w7 is not adopted: its keeper has started it anew.
    ASSERT_TRUE(come("WorkloadAdopted", std::size_t{workload_count} - (life == 1 ? 1 : 0))) << "in life " << life;
    controller.kill_at_once();
  }
  Controller controller(data(), {"--config", directory_.path() + "/watchbill.yaml", "--stop-workloads"});
  std::map<std::string, int> adopted;
  for (const JsonValue& event : events("WorkloadAdopted")) {
    const std::string name = text_of(event, "workload");
    if (name != "w7") {
      EXPECT_EQ(text_of(event, "pid"), first[name].pid) << name;
      EXPECT_EQ(text_of(event, "incarnation"), first[name].incarnation) << name;
    }
    ++adopted[name];
  }
  for (const auto& [name, facts] : first) EXPECT_GE(adopted[name], name == "w7" ? life_count - 1 : life_count) << name;
  const std::vector<JsonValue> exits = events("WorkloadExited");
  ASSERT_EQ(exits.size(), 1U) << "one outcome, recorded once";
  EXPECT_EQ(text_of(exits[0], "workload"), "w7");
  const std::vector<JsonValue> starts = events("WorkloadStarted");
  ASSERT_EQ(starts.size(), std::size_t{workload_count + 1}) << "one restart, and no other";
  EXPECT_EQ(text_of(starts.back(), "workload"), "w7");
  EXPECT_EQ(text_of(starts.back(), "incarnation"), "2");
  EXPECT_EQ(text_of(starts.back(), "by_standing_order"), "yes");
  EXPECT_EQ(controller.stop().exit_code, 0);
  const Ended verified = run_program({"verify", "--data", data()});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  const Ended replayed = run_program({"replay", "--data", data()});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.out << replayed.err;
}

}  // namespace
}  // namespace watchbill::serve_test
