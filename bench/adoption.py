#!/usr/bin/env python3
"""Controller killed, started again: how long until it has adopted all workloads and decides again.

  adoption.py [WORKLOADS [ROUNDS]]                                          1000 5

A real `serve` supervises copies of keeper_sleeper. It is killed with SIGKILL and at once started again. The time runs from just
before the second process is made to the record of the last WorkloadAdopted (`adopted_s`), to the answer of an order by API, given
as soon as the API answers (`decided_s`), and to the record of the start that this order brought about (`acted_s`).
"""
import sys
import time

import serving


def one_round(serve, workloads, number):
    records = serve.get("/api/watchbill/v1/status")["records"]
    serve.kill()
    begun = time.time()
    serve.start()
    listening = time.time() - begun
    target = f"w{number}"
    serving.wait_until("an order that is taken",
                       lambda: serve.ask("POST", f"/api/watchbill/v1/workloads/{target}/restart", {"reason": "bench"})[0] < 300)
    decided = time.time() - begun
    found = {}

    def is_done():
        since = serve.events(records)
        adopted = [serving.at_s(r) for r in since if r["event"]["type"] == "WorkloadAdopted"]
        started = [serving.at_s(r) for r in since if r["event"]["type"] == "WorkloadStarted" and r["event"]["workload"] == target]
        found.update(adopted=adopted, started=started)
        return len(adopted) == workloads and started

    serving.wait_until("all are adopted and the order is carried out", is_done, every=0.5)
    serving.print_line(bench="adoption", workloads=workloads, listening_s=round(listening, 3), decided_s=round(decided, 3),
                       adopted_s=round(max(found["adopted"]) - begun, 3), acted_s=round(found["started"][0] - begun, 3))


def main():
    workloads = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with serving.Serve(serving.sleepers(workloads)) as serve:
        serving.wait_until("all run", lambda: serve.states().get("running") == workloads, every=0.2)
        for number in range(rounds):
            time.sleep(2)
            one_round(serve, workloads, number)


main()
