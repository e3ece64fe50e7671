#!/usr/bin/env python3
"""Many alerts of one rule fire at once, and a block on disk has their metric: how long does the rule take?

  alert_storm.py [ALERTS]                                                  20000

A real `serve` gets one old sample of each series by remote write and cuts a block of them. Then all series rise above the
rule's threshold at once. `fired_s` is from the write to the moment when the API shows all alerts, `evaluation_s` the rule
group's own duration of that slot, `cpu_s` the processor time that the controller took meanwhile.
"""
import pathlib
import sys
import time

import remote
import serving

BILL = "global: {scrape_interval: 1m}\naccess: {compatible: open}\nrule_files: [rules.yml]\nbindings: {Storm: {unbound: a bench}}\n"
RULES = "groups: [{name: storm, interval: 5s, rules: [{alert: Storm, expr: 'm > 0'}]}]\n"
OLD_MS = 5 * 3600 * 1000


def write(port, count, at_ms, value):
    connection = remote.connect(port)
    for begin in range(0, count, 2000):
        remote.post(connection, remote.body_of(
            ({"__name__": "m", "i": str(i), "instance": f"host{i % 100}:9100", "job": "a"}, at_ms, value)
            for i in range(begin, min(begin + 2000, count))))
    connection.close()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    with serving.Serve(BILL, rules=RULES) as serve:
        now_ms = int(time.time() * 1000)
        write(serve.port, count, now_ms - OLD_MS, 0)
        serve.process.terminate()  # the first look after a start finds them old enough for a block
        serve.process.wait()
        serve.start()
        samples = pathlib.Path(serve.data) / "samples"
        serving.wait_until("a block", lambda: list(samples.glob("*.block")), seconds=300, every=0.2)
        group = lambda: serve.get("/api/v1/rules")["data"]["groups"][0]
        serving.wait_until("a slot", lambda: not group()["lastEvaluation"].startswith("0001"), every=0.2)
        begun, cpu = time.monotonic(), serving.cost_of(serve.process.pid)[1]
        write(serve.port, count, int(time.time() * 1000), 1)
        found = serving.wait_until("all alerts", lambda: (lambda g: g if len(g["rules"][0]["alerts"]) == count else None)(group()),
                                   seconds=600, every=0.1)
        serving.print_line(alerts=count, fired_s=round(time.monotonic() - begun, 1),
                           evaluation_s=round(found["evaluationTime"], 2),
                           cpu_s=round(serving.cost_of(serve.process.pid)[1] - cpu, 1))


main()
