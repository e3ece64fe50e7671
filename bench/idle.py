#!/usr/bin/env python3
"""What thousands of idle workloads cost: no probes, no rules; keeper and controller together.

  idle.py [WORKLOADS [SECONDS]]                                             5000 60

A real `serve` supervises copies of keeper_sleeper; once all run, resident memory and processor time of both processes are read
from /proc, before and after SECONDS of nothing.
"""
import sys
import time

import serving


def main():
    workloads = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with serving.Serve(serving.sleepers(workloads)) as serve:
        begun = time.monotonic()
        serving.wait_until("all run", lambda: serve.states().get("running") == workloads, seconds=300, every=0.5)
        started_s = time.monotonic() - begun
        time.sleep(10)
        pids = {"controller": serve.process.pid, "keeper": serve.keeper()}
        before = {name: serving.cost_of(pid) for name, pid in pids.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - begun
        after = {name: serving.cost_of(pid) for name, pid in pids.items()}
        figures = {}
        for name in pids:
            figures[f"{name}_rss_mb"] = round(after[name][0] / 1024, 1)
            figures[f"{name}_cpu_percent"] = round((after[name][1] - before[name][1]) / took * 100, 2)
        serving.print_line(bench="idle", workloads=workloads, seconds=round(took), start_s=round(started_s, 1), **figures,
                           rss_mb=round(sum(after[name][0] for name in pids) / 1024, 1),
                           cpu_percent=round(sum(after[name][1] - before[name][1] for name in pids) / took * 100, 2))


main()
