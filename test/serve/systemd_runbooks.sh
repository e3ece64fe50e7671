# shellcheck shell=bash
# Runbooks with the action `service`; played by systemd.sh. `sleeper` tells each of its starts and takes two seconds for it.
units() {
  unit sleeper.service '[Service]' "ExecStartPre=/bin/sh -c \"echo begun >> $FOLDER/begun; sleep 2\"" 'ExecStart=/bin/sleep infinity'
}
is_done() { verb run show "$1" 2>&1 | head -n 1 | tee show.out | grep -q ' done$'; }
has_begun_again() { test "$(wc -l < begun)" -gt "$(cat count-before)"; }
story() {
  systemctl start sleeper.service
  serve
  is sleeper.service InvocationID > before
  verb run restart --wait --timeout 60s > restart.out 2>&1
  is sleeper.service InvocationID > after
  verb run stop-in-vain --wait --timeout 60s > stop.out 2>&1 && echo 0 > stop.code || echo $? > stop.code
  is sleeper.service ActiveState > stopped
  wc -l < begun > count-before
  verb run restart > restart-2.out 2>&1
  within has_begun_again
  kill_controller
  serve
  within is_done "$(sed -n 's/.*\(run-[0-9A-Z]*\).*/\1/p' restart-2.out | head -n 1)"
  wc -l < begun > count-after
  verb verify > verify.out 2>&1
}
