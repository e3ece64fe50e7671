# shellcheck shell=bash
# What stories about units as workloads look at: watchbill's side and systemd's.
show() { verb workloads show "$1" -o json; }
is_in() { show "$1" | tee "last-$1.json" | grep -q "\"state\":\"$2\""; }
is_ready() { show "$1" | grep -q '"ready":true'; }
has_processes() { show "$1" | grep -q "\"processes\":$2}"; }
has_incarnation() { is_in "$1" running && grep -q "\"incarnation\":$2," "last-$1.json"; }
is_active() { test "$(is "$1.service" ActiveState)" = active; }
is_down() { test "$(is "$1.service" ActiveState)" != active; }
# has_another NAME PROPERTY VALUE: the unit is active, and the property is not what it was.
has_another() { is_active "$1" && test "$(is "$1.service" "$2")" != "$3"; }
is_dead() { ! kill -0 "$1" 2>/dev/null; }
says() { verb logs "$1" -n 200 | grep -q "$2"; }
attendant_of() { show "$1" | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'; }
# kill_main NAME: kills the unit's main process and waits for the next.
kill_main() {
  local pid
  pid=$(is "$1.service" MainPID)
  kill -9 "$pid"
  within has_another "$1" MainPID "$pid"
}
kill_keeper() { kill -9 "$(pgrep -f 'watchbill-keeper ')"; }
incarnation_of() { show "$1" | sed -n 's/.*"incarnation":\([0-9]*\),.*/\1/p'; }
passed() { echo "$1" >> passed; }
