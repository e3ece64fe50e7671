// What the leader of a workload may say of itself at the notify socket, beside READY=1 and WATCHDOG=1. Source: sd_notify(3).
#pragma once

#include <string_view>

namespace watchbill::model::wire {

// Before it ends, followed by its exit code in decimal: one that was adopted has no other witness. The guarded controller says
// it, and who stands for a systemd unit.
inline constexpr std::string_view exit_status_note = "EXIT_STATUS=";

// Followed by the directory of the control group of the unit that it stands for, such as
// /sys/fs/cgroup/system.slice/nginx.service. Heard from the keeper's own account and from root only. The TERM of a stop then goes
// to the leader alone, and its KILL to every process of that control group.
inline constexpr std::string_view cgroup_note = "WATCHBILL_CGROUP=";

}  // namespace watchbill::model::wire
