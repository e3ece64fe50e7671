# shellcheck shell=bash
# Units that make trouble, and what is killed at the wrong moment; played by systemd.sh.
units() {
  unit steady.service 'Conflicts=shutdown.target' 'Before=shutdown.target' '[Service]' 'ExecStart=/bin/sleep infinity'
  unit java.service '[Service]' "ExecStart=/bin/bash -c 'trap \"exit 143\" TERM; while :; do sleep 0.1; done'"
  unit late.service '[Service]' 'Type=notify' 'ExecStart=/bin/sleep infinity' 'TimeoutStartSec=infinity'
  unit real.service '[Service]' "ExecStart=/bin/bash -c 'while :; do echo tick; sleep 0.1; done'"
  ln -s real.service /run/systemd/system/alias.service
  unit slow.service '[Service]' "ExecStart=/bin/bash -c 'trap \"until [ -e /run/end-slowly ]; do sleep 0.1; done; sleep 2; exit 0\" TERM; while :; do sleep 0.1; done'"
  unit stubborn.service '[Service]' "ExecStart=/bin/bash -c 'trap \"\" TERM; while :; do sleep 0.1; done'" 'TimeoutStopSec=infinity'
  unit words.service '[Service]' "ExecStart=/bin/bash -c 'seq 5000; echo FATAL-reason; exit 3'"
}
# shellcheck source=test/serve/systemd_seen.sh
. "$(dirname "$STORY")/systemd_seen.sh"
story() {
  serve
  for name in steady java slow stubborn aliased; do within is_in $name running; done

  within is_in words failed
  within says words FATAL-reason
  passed 'the last words of a crash are in the log'

  within says aliased tick
  within has_processes aliased 3
  passed 'an alias is known by its own name'

  is_in late starting
  is_in behind-late pending
  passed 'what systemd has not active has not started'

  systemctl stop java.service
  within is_in java completed
  passed 'a stop by others is no crash, however it ends'

  attendant=$(attendant_of slow)
  verb workloads stop slow
  within is_in slow stopping
  kill -9 "$attendant"
  touch /run/end-slowly
  within is_in slow stopped
  test "$(is slow.service ActiveState)" = inactive
  passed 'stopped means that the unit is down'

  main=$(is stubborn.service MainPID)
  verb workloads stop stubborn
  within is_in stubborn stopping
  kill_keeper
  within is_in stubborn stopped
  is_dead "$main"
  passed 'a keeper killed in the middle of a stop leaves a successor that knows'

  systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald-audit.socket systemd-journald.service
  for _ in 1 2 3; do
    incarnation=$(incarnation_of steady)
    kill_main steady
    within has_incarnation steady $((incarnation + 1))
  done
  passed 'a crash is seen without the journal of the host'
  verb verify > verify.out 2>&1
  systemctl poweroff
  within is_down steady
}
