// What the guarded controller and the attendant of a systemd unit (the program watchbill-unit) say of themselves at the notify
// socket, beside READY=1 and WATCHDOG=1. From other leaders it is not heard. Source: sd_notify(3).
#pragma once

#include <string_view>

namespace watchbill::model::wire {

// The last part of its path: a leader of this name stands for the unit that its argument names.
inline constexpr std::string_view attendant_program = "watchbill-unit";

// Before it ends, followed by its exit code in decimal: one that was adopted has no other witness.
inline constexpr std::string_view exit_status_note = "EXIT_STATUS=";

// Of an attendant, followed by the directory of the unit's control group, such as /sys/fs/cgroup/system.slice/nginx.service.
// Heard from the keeper's own account and from root only. The TERM of a stop then goes to the leader alone, and its KILL to every
// process of that control group.
inline constexpr std::string_view cgroup_note = "WATCHBILL_CGROUP=";

}  // namespace watchbill::model::wire
