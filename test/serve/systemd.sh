#!/bin/bash
# Runbooks against a real systemd. Run as process 1 of fresh pid and mount namespaces by test/serve/systemd_test.cpp, with
# FOLDER (has watchbill.yaml; gets what was seen) and PROGRAM (watchbill) in the environment: it becomes systemd, whose units live
# in a /run of its own. The story runs beside it; nothing outlives process 1. `sleeper` tells each of its starts and takes two
# seconds for it.
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
cat > /run/systemd/system/story.target <<U
[Unit]
DefaultDependencies=no
U
cat > /run/systemd/system/sleeper.service <<U
[Unit]
DefaultDependencies=no
[Service]
ExecStartPre=/bin/sh -c "echo begun >> $FOLDER/begun; sleep 2"
ExecStart=/bin/sleep infinity
U
story() {
  until systemctl is-system-running >/dev/null 2>&1; do sleep 0.1; done
  touch "$FOLDER/booted"
  cd "$FOLDER"
  serve() {
    "$PROGRAM" serve --config "$FOLDER/watchbill.yaml" --listen 127.0.0.1:0 > serve.out 2>&1 &
    controller=$!
    WATCHBILL_URL=
    while test -z "$WATCHBILL_URL"; do
      sleep 0.05
      WATCHBILL_URL=$(sed -n 's#.*\(http://[0-9.:]*\)/api.*#\1#p' serve.out)
    done
    export WATCHBILL_URL
  }
  is() { systemctl show sleeper.service --property="$1" --value > "$2"; }
  verb() { "$PROGRAM" "$@" --data "$FOLDER/data"; }
  systemctl start sleeper.service
  serve
  is InvocationID before
  verb run restart --wait --timeout 60s > restart.out 2>&1
  is InvocationID after
  verb run stop-in-vain --wait --timeout 60s > stop.out 2>&1 && echo 0 > stop.code || echo $? > stop.code
  is ActiveState stopped
  wc -l < begun > count-before
  verb run restart > restart-2.out 2>&1
  until test "$(wc -l < begun)" -gt "$(cat count-before)"; do sleep 0.05; done
  kill -9 $controller
  serve
  run=$(sed -n 's/.*\(run-[0-9A-Z]*\).*/\1/p' restart-2.out | head -n 1)
  for _ in $(seq 300); do
    verb run show "$run" 2>&1 | head -n 1 > show.out
    ! grep -q ' done$' show.out || break
    sleep 0.1
  done
  wc -l < begun > count-after
  verb verify > verify.out 2>&1
}
# The first step that fails ends the story; what it left is judged all the same.
(trap 'touch "$FOLDER/over"' EXIT; story) > "$FOLDER/story.log" 2>&1 &
export container=lxc
exec /lib/systemd/systemd --system --unit=story.target --log-target=null --show-status=no
