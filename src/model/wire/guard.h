// The guarded controller: what a guardian (the foreground program of `serve --supervised`) and the keeper say to each other.
//
// A guardian has no epoch and gives no orders about workloads: it has the keeper run the controller itself, again when it
// crashes, and is told what becomes of it. There is one guarded controller a data directory; it goes on without its guardian, and
// appears in no snapshot or report that an agent gets. A keeper that does not know these types refuses the first one as
// hello_required.
#pragma once

#include "model/wire/notes.h"

namespace watchbill::model::wire {

// Its name in WATCHBILL_WORKLOAD, FIFO and log. No bill, order or effect can have it: their names do not begin with a dot.
inline constexpr std::string_view guarded_name = ".controller";
// The first message of a guardian, instead of Hello. Answer: Welcome, followed by one ControllerState, or Refused
// version_unsupported. From then on each change and all output is told.
struct GuardHello {
  using is_wire = void;
  static constexpr MessageType type = MessageType::guard_hello;
  std::uint32_t protocol{protocol_version};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.protocol); }
};

// Starts the controller and guards it from now on. This first start counts in restart.limit as a restart does. While one is
// guarded that has not come to rest: refused already_running when another guardian is connected; else it is followed as it is,
// its state is told once more, and these terms are those of its next start.
struct GuardController {
  using is_wire = void;
  static constexpr MessageType type = MessageType::guard_controller;
  Program program;
  RestartTerms restart;
  BoundedList<std::int32_t, 32> final_exit_codes;  // failures that a restart would only repeat; 0 is the one success
  Duration stop_grace{Duration::seconds(10)};      // between TERM and KILL of EndController
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.program), visit(self.restart), visit(self.final_exit_codes), visit(self.stop_grace);
  }
};

// Passes a signal on to the running controller. Refused not_running.
struct SignalController {
  using is_wire = void;
  static constexpr MessageType type = MessageType::signal_controller;
  std::uint32_t signal{1};
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.signal); }
};

// Stops the controller (TERM, stop_grace, KILL) and does not start it again. Accepted also while it stops. Refused not_running.
struct EndController {
  using is_wire = void;
  static constexpr MessageType type = MessageType::end_controller;
  template <class Self, class Visit>
  static void fields(Self&, Visit&) {}
};

// What the guarded controller is now (number 0). `idle`: none was ever guarded. At rest it is `completed` (exit code 0),
// `stopped` (EndController), `failed` (a final exit code, or the limit is used up) or `lost` (the host was restarted).
struct ControllerState {
  using is_wire = void;
  static constexpr MessageType type = MessageType::controller_state;
  State state{State::idle};
  std::uint64_t incarnation{0};
  std::int32_t pid{0};          // 0 while none runs
  bool is_adopted{false};       // from a keeper that is gone
  ExitHow how{ExitHow::code};   // of the last end, of which there was one when incarnation > 1 or it does not run
  std::int32_t value{0};        // exit code, signal, or errno of the start
  std::uint32_t starts_in_window{0};  // of restart.limit
  Duration next_start_in;       // in backoff
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.state), visit(self.incarnation), visit(self.pid), visit(self.is_adopted), visit(self.how), visit(self.value);
    visit(self.starts_in_window), visit(self.next_start_in);
  }
};

// What it wrote (number 0). Also in DATA/logs/.controller.log; what a slow guardian misses is in that file only.
struct ControllerOutput {
  using is_wire = void;
  static constexpr MessageType type = MessageType::controller_output;
  bool is_error_stream{false};
  std::uint64_t omitted_bytes{0};  // before these, because the guardian did not read
  std::string_view bytes;
  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) { visit(self.is_error_stream), visit(self.omitted_bytes), visit(self.bytes); }
};

}  // namespace watchbill::model::wire
