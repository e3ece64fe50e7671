// What systemd's words mean to an attendant, and what becomes of them. With a real systemd: test/serve/systemd_test.cpp.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "attendant/judge.h"

namespace watchbill::attendant {
namespace {

UnitFacts facts_of(std::string active_state, std::string result = "success", bool has_job = false) {
  UnitFacts facts;
  facts.load_state = "loaded";
  facts.active_state = std::move(active_state);
  facts.result = std::move(result);
  facts.has_job = has_job;
  return facts;
}

TEST(attendant_phase, a_unit_has_ended_only_when_nothing_is_to_be_done_for_it) {
  EXPECT_EQ(phase_of(facts_of("active")), Phase::up);
  EXPECT_EQ(phase_of(facts_of("reloading")), Phase::up);
  EXPECT_EQ(phase_of(facts_of("activating")), Phase::coming) << "also between two starts of its own Restart=";
  EXPECT_EQ(phase_of(facts_of("deactivating")), Phase::leaving);
  EXPECT_EQ(phase_of(facts_of("inactive")), Phase::ended);
  EXPECT_EQ(phase_of(facts_of("failed", "exit-code")), Phase::ended);
  EXPECT_EQ(phase_of(facts_of("inactive", "success", true)), Phase::coming) << "somebody's systemctl restart goes through it";
  EXPECT_EQ(phase_of(facts_of("failed", "exit-code", true)), Phase::coming);
}

struct EndCase {
  const char* active_state;
  const char* result;
  std::int32_t code, status;
  std::int32_t exit_code, signal;
};

TEST(attendant_ending, is_the_end_that_the_keeper_would_have_seen) {
  constexpr EndCase cases[] = {
      {"inactive", "success", CLD_EXITED, 0, 0, 0},
      {"inactive", "success", CLD_EXITED, 143, 0, 0},         // SuccessExitStatus=143
      {"inactive", "success", CLD_KILLED, SIGTERM, 0, 0},     // somebody's systemctl stop
      {"inactive", "success", 0, 0, 0, 0},                    // it never had a process: a condition did not hold
      {"failed", "exit-code", CLD_EXITED, 3, 3, 0},
      {"failed", "signal", CLD_KILLED, SIGKILL, 0, SIGKILL},
      {"failed", "core-dump", CLD_DUMPED, SIGSEGV, 0, SIGSEGV},
      {"failed", "watchdog", CLD_DUMPED, SIGABRT, 0, SIGABRT},
      {"failed", "timeout", CLD_EXITED, 0, 1, 0},             // its start or stop took too long
      {"failed", "start-limit-hit", 0, 0, 1, 0},
      {"failed", "resources", 0, 0, 1, 0},
      {"failed", "success", CLD_EXITED, 0, 1, 0},             // failed is failed
      {"failed", "exit-code", CLD_EXITED, 300, 1, 0},         // no exit code is so large
  };
  for (const EndCase& each : cases) {
    UnitFacts facts = facts_of(each.active_state, each.result);
    facts.main_code = each.code;
    facts.main_status = each.status;
    const Ending ending = ending_of(facts);
    EXPECT_EQ(ending.exit_code, each.exit_code) << each.result << " " << each.status;
    EXPECT_EQ(ending.signal, each.signal) << each.result << " " << each.status;
    if (each.exit_code != 0) {
      EXPECT_NE(ending.detail.find(each.result), std::string::npos) << ending.detail;
    }
  }
}

}  // namespace
}  // namespace watchbill::attendant
