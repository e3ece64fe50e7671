#!/usr/bin/env python3
"""From the probe result that crosses `fall` to the first step's process: how long a real controller needs to act.

  first_step.py [ROUNDS]                                                    100

A real `serve` probes an HTTP server of this program every 250 ms (fall: 1); in each round that begins to answer 503. The alert on
probe_success fires by an early look (its rule's slots are 1 s apart; `early` tells how many did), its binding starts a run, and
the first step executes keeper_sleeper, which tells when its main() began. The time runs from just before the failing answer is
sent, so its way to the prober is counted too, to that main(); both on CLOCK_MONOTONIC. The records of alert, run and intent are
durable before the step starts. Then the server answers 200 again, the run is verified, the alert ends, the next round begins.
"""
import http.server
import random
import socket
import struct
import sys
import threading
import time

import serving

BILL = """
global: {{scrape_interval: 15s, evaluation_interval: 1s}}
rule_files: [rules.yml]
{supervisor}probes:
  site: {{http: "http://127.0.0.1:{port}/", every: 250ms, timeout: 200ms, rise: 1, fall: 1}}
runbooks:
  mend:
    summary: Mend the site
    steps:
      - name: mend
        do: {{exec: [{sleeper}, --once, {socket}]}}
        verify: {{http: {{url: "http://127.0.0.1:{port}/verify", status: 200}}, within: 10s}}
        undo: {{exec: ["/bin/true"]}}
  give-up:
    summary: Leave the site as it is
    steps:
      - name: nothing
        do: {{exec: ["/bin/true"]}}
        verify: {{exec: ["/bin/true"]}}
        undo: {{exec: ["/bin/true"]}}
bindings:
  SiteDown: {{mitigation: mend, rollback: give-up, mode: auto, limits: {{cooldown: 1s, runs: 1000 per 1h, targets: 100%}}}}
"""
RULES = "groups: [{name: site, rules: [{alert: SiteDown, expr: 'probe_success{job=\"site\"} == 0'}]}]\n"


class Site(http.server.BaseHTTPRequestHandler):
    """Answers 200, or 503 from the moment a round begins until its step has run."""
    protocol_version = "HTTP/1.1"
    fails = False
    failed_at_ns = None

    def do_GET(self):
        fails = Site.fails
        if fails and Site.failed_at_ns is None:
            Site.failed_at_ns = time.monotonic_ns()
        self.wfile.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" %
                         (b"503 Service Unavailable" if fails else b"200 OK"))
        self.close_connection = True

    def log_message(self, *_):
        pass


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = "watchbill-bench-first-step"
    told.bind("\0" + name)
    told.settimeout(60)
    bill = BILL.format(supervisor="supervisor: {exec_user: root}\n" if serving.is_root() else "",
                       port=site.server_address[1], sleeper=serving.SLEEPER, socket=name)
    took_ms = []
    with serving.Serve(bill, rules=RULES) as serve:
        alerts = lambda: [a["state"] for a in serve.get("/api/v1/alerts")["data"]["alerts"]]
        serving.wait_until("the first passing probe",
                           lambda: serve.get('/api/v1/query?query=probe_success==1')["data"]["result"])
        for _ in range(rounds):
            time.sleep(random.uniform(1.1, 2.1))  # at no fixed place between probes or slots, and past the cooldown
            Site.failed_at_ns = None
            Site.fails = True
            _, _, main_at_ns = struct.unpack("=iIQ", told.recv(64))
            took_ms.append((main_at_ns - Site.failed_at_ns) / 1e6)
            Site.fails = False
            serving.wait_until("the end of alert and run", lambda: not alerts() and not serve.get(
                "/api/watchbill/v1/runs?state=open")["items"], every=0.05)
        append = serve.append_ms()
        early = sum(r["event"]["type"] == "RuleEvaluated" and r["event"]["kind"] == "early" for r in serve.events())
    serving.print_line(bench="first_step", rounds=len(took_ms), early=early,
                       probe_result_to_process_ms=serving.percentiles(took_ms), mean_append_ms=append)


main()
