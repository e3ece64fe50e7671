#!/usr/bin/env python3
"""From the arrival of a sample to its alert, with many rules loaded: what does the detector itself take?

  sample_to_alert.py [RULES] [ROUNDS]                                       5000 200

A real `serve` (`early: all`) has RULES alerting rules without `for`, each of a metric of its own, in groups of 100, slots 5 s apart. In
each round one of the metrics rises above its threshold by remote write, at no fixed place between slots. The time runs from just
before the request is sent to the moment when the event stream tells of the alert, both seen by this program; the alert is durable
by then. `early` tells how many fired by an early look, not by a slot. `host_ms` is what the host itself takes, between the rounds: a
request that asks for nothing, and one fdatasync of a file beside the journal (the alert waits for one, and the next request for its own).
"""
import http.client
import os
import random
import sys
import time

import remote
import serving

BILL = "global: {evaluation_interval: 5s}\nevaluation: {early: all}\naccess: {compatible: open}\nrule_files: [rules.yml]\nbindings:\n"


def rules_of(count):
    lines = ["groups:"]
    for i in range(count):
        if i % 100 == 0:
            lines += [f"  - name: g{i // 100}", "    rules:"]
        lines.append(f"      - {{alert: A{i}, expr: 'm{i} > 0', for: 0s}}")
    return "\n".join(lines) + "\n"


def follow(serve):
    """The lines of the stream of alerts that fire from now on."""
    connection = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=60)
    connection.request("GET", "/api/watchbill/v1/events?type=AlertFired", headers={
        "Authorization": f"Bearer {serve.token}", "Accept": "text/event-stream"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(answer.read().decode())
    return answer


def took(work):
    """Milliseconds."""
    begun = time.monotonic()
    work()
    return (time.monotonic() - begun) * 1000


def main():
    count, rounds = (int(word) for word in (sys.argv[1:] + ["5000", "200"][len(sys.argv) - 1:]))
    took_ms, idle_ms, sync_ms = [], [], []
    bindings = "".join(f"  A{i}: {{unbound: a bench}}\n" for i in range(count))
    with serving.Serve(BILL + bindings, rules=rules_of(count)) as serve:
        connection = remote.connect(serve.port)
        sample = lambda i, value: remote.post(connection, remote.body_of(
            [({"__name__": f"m{i}", "instance": "a:1", "job": "a"}, int(time.time() * 1000), value)]))
        for i in range(0, count, 500):
            remote.post(connection, remote.body_of(
                ({"__name__": f"m{k}", "instance": "a:1", "job": "a"}, int(time.time() * 1000), 0)
                for k in range(i, min(i + 500, count))))
        groups = lambda: serve.get("/api/v1/rules")["data"]["groups"]
        serving.wait_until("a slot of each group",
                           lambda: not any(g["lastEvaluation"].startswith("0001") for g in groups()), every=0.2)
        stream = follow(serve)
        idle = http.client.HTTPConnection("127.0.0.1", serve.port, timeout=60)
        beside = os.open(serve.data / "bench.tmp", os.O_CREAT | os.O_WRONLY)

        def ask_nothing():
            idle.request("GET", "/-/healthy")
            idle.getresponse().read()

        cpu, begun = serving.cost_of(serve.process.pid)[1], time.monotonic()
        for i in random.sample(range(count), rounds):
            time.sleep(random.uniform(0.05, 0.3))
            idle_ms.append(took(ask_nothing))
            os.write(beside, bytes(500))
            sync_ms.append(took(lambda: os.fdatasync(beside)))
            time.sleep(random.uniform(0.05, 0.3))
            name, sent = f'"A{i}"'.encode(), time.monotonic()
            sample(i, 1)
            line = b" "
            while line and name not in line:
                line = stream.readline()
            if not line:
                raise SystemExit("the event stream ended")
            took_ms.append((time.monotonic() - sent) * 1000)
        cores = (serving.cost_of(serve.process.pid)[1] - cpu) / (time.monotonic() - begun)
        early = sum(r["event"]["type"] == "RuleEvaluated" and r["event"]["kind"] == "early" for r in serve.events())
    serving.print_line(bench="sample_to_alert", rules=count, rounds=rounds, early=early,
                       sample_to_alert_ms=serving.percentiles(took_ms),
                       host_ms={"request": serving.percentiles(idle_ms), "sync": serving.percentiles(sync_ms)}, cores=round(cores, 3))


main()
