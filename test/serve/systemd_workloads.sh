# shellcheck shell=bash
# Workloads that are units; played by systemd.sh.
units() {
  unit steady.service '[Service]' 'ExecStart=/bin/sleep infinity'
  unit selfish.service '[Service]' 'ExecStart=/bin/sleep infinity' 'Restart=always' 'RestartSec=100ms'
  unit stubborn.service '[Service]' "ExecStart=/bin/bash -c 'trap \"\" TERM; while :; do sleep 1; done'" 'TimeoutStopSec=infinity'
  unit hopeless.service '[Service]' "ExecStart=/bin/bash -c 'echo words of the hopeless; exit 3'"
}
# shellcheck source=test/serve/systemd_seen.sh
. "$(dirname "$STORY")/systemd_seen.sh"
story() {
  systemctl start steady.service
  is steady.service InvocationID > before
  serve
  for name in steady selfish stubborn; do within is_in $name running; done
  is steady.service InvocationID | cmp - before
  within says steady 'is taken over as it runs'
  within is_ready steady
  passed 'a unit that runs is taken over'

  within is_in ghost failed
  within says ghost 'ghost.service'
  grep -q '"code":78' last-ghost.json
  passed 'a unit that does not exist says so'

  within is_in hopeless failed
  grep -q '"reason":"restart_budget_exhausted"' last-hopeless.json
  grep -q '"incarnation":3,' last-hopeless.json
  grep -q '"code":3' last-hopeless.json
  passed 'a crash loop ends with its budget'
  within says hopeless 'words of the hopeless'
  passed 'its words are in its log'

  kill_main steady
  within has_incarnation steady 2
  grep -q '"signal":9' last-steady.json
  passed 'a crash is answered by the standing order'

  kill_main selfish
  within says selfish 'by itself, time 1'
  has_incarnation selfish 1
  pid=$(is selfish.service MainPID)
  systemctl restart selfish.service
  within has_another selfish MainPID "$pid"
  has_incarnation selfish 1
  passed 'restarts of systemd and by others are theirs'

  verb workloads stop steady --wait --timeout 30s
  test "$(is steady.service ActiveState)" = inactive
  verb workloads start steady --wait --timeout 30s
  is_active steady
  passed 'it is stopped and started by hand'

  main=$(is stubborn.service MainPID)
  verb workloads stop stubborn --wait --timeout 30s
  is_in stubborn stopped
  is_dead "$main"
  within verb why stubborn
  passed 'what does not stop is killed'

  kill_controller
  kill_main steady
  serve
  within has_incarnation steady 4
  passed 'a crash without a controller is answered and told'

  verb workloads start stubborn --wait --timeout 30s
  kill_keeper
  within is_in stubborn running
  main=$(is stubborn.service MainPID)
  verb workloads stop stubborn --wait --timeout 60s
  within is_dead "$main"
  passed 'a keeper that was killed knows what to kill'

  is selfish.service InvocationID > before
  within has_processes selfish 2
  passed 'what its processes use is counted'
  kill -9 "$(attendant_of selfish)"
  within is_in selfish lost
  is selfish.service InvocationID | cmp - before
  passed 'a unit runs on without its attendant'
  verb workloads start selfish --wait --timeout 30s
  is selfish.service InvocationID | cmp - before

  systemctl daemon-reexec
  within says steady 'answers again'
  systemctl stop steady.service
  within is_in steady completed
  passed 'a stop by others is seen'
  verb verify > verify.out 2>&1
}
