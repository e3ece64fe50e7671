// What a service of systemd is to its attendant: coming, up, leaving or ended, and how an end is passed on. Pure.
// Source: org.freedesktop.systemd1(5), systemd.service(5) of systemd 252.
#pragma once

#include <cstdint>
#include <string>

namespace watchbill::attendant {

// A service at one moment, in systemd's words.
struct UnitFacts {
  std::string load_state;     // "loaded", "not-found", "masked", "bad-setting", "error"
  std::string active_state;   // "active", "inactive", "failed", "activating", "deactivating", "reloading", …
  std::string sub_state;      // "running", "auto-restart", "dead", …
  std::string result;         // of the last run: "success", "exit-code", "signal", "timeout", "start-limit-hit", …
  std::string control_group;  // "/system.slice/nginx.service"; empty: it has no processes
  bool has_job{false};        // systemd has something to do for it: a restart goes through "inactive" with one
  bool is_taken_down{false};  // it went down, or does, because somebody asked for that
  std::int32_t main_code{0};  // how its main process ended: CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2); 0: it did not
  std::int32_t main_status{0};   // its exit code or signal
  std::uint32_t restart_count{0};  // by systemd itself, since somebody asked for a start
};

enum class Phase : std::uint8_t {
  coming,   // on its way up, also between two starts of systemd's own Restart=
  up,       // active
  leaving,  // on its way down
  ended,    // down, and nothing is to be done for it
};
[[nodiscard]] Phase phase_of(const UnitFacts& facts) noexcept;

// How an attendant ends, so that its keeper sees what it would have seen of a process of its own: what systemd calls a success is
// exit code 0 (SuccessExitStatus= is the unit's affair), else the main process's own code or signal, else 1.
struct Ending {
  std::int32_t exit_code{0};
  std::int32_t signal{0};  // not 0: by this signal
  std::string detail;      // for people
};
[[nodiscard]] Ending ending_of(const UnitFacts& facts);

}  // namespace watchbill::attendant
