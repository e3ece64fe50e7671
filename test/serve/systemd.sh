#!/bin/bash
# Stories with a real systemd. Run as process 1 of fresh pid and mount namespaces by test/serve/systemd_test.cpp, with FOLDER (has
# watchbill.yaml; gets what was seen), PROGRAM (watchbill) and STORY (a file that defines `units` and `story`) in the environment:
# it becomes systemd, whose units live in a /run of its own. The story runs beside it; nothing outlives process 1.
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system

# unit NAME LINE…: a unit file with these lines after its first two.
unit() { printf '[Unit]\nDefaultDependencies=no\n' > "/run/systemd/system/$1"; printf '%s\n' "${@:2}" >> "/run/systemd/system/$1"; }
# serve: starts a controller, waits until it answers, and has the verbs ask it.
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
kill_controller() { kill -9 "$controller"; }
verb() { "$PROGRAM" "$@" --data "$FOLDER/data"; }
# is UNIT PROPERTY
is() { systemctl show "$1" --property="$2" --value; }
# within COMMAND…: waits until it succeeds, half a minute at most.
within() {
  for _ in $(seq 300); do
    ! "$@" || return 0
    sleep 0.1
  done
  echo "never came: $*"
  return 1
}

has_journal() { test -e "$(echo /run/log/journal/*/system.journal)"; }
# shellcheck source=/dev/null
. "$STORY"
unit story.target "Wants=systemd-journald.socket"
units
play() {
  within systemctl is-system-running > /dev/null 2>&1
  systemctl start systemd-journald.service  # units are told of in time only once it has its files
  within has_journal || true
  touch "$FOLDER/booted"
  cd "$FOLDER"
  story
}
# The first step that fails ends the story; what it left is judged all the same.
(trap 'touch "$FOLDER/over"' EXIT; exec 9>> "$FOLDER/story.log"; BASH_XTRACEFD=9; set -x; play) > "$FOLDER/story.out" 2>&1 &
export container=lxc
exec /lib/systemd/systemd --system --unit=story.target --log-target=journal --show-status=no
