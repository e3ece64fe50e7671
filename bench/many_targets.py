#!/usr/bin/env python3
"""Thousands of targets, each scraped every second: does one core keep up, and when do the scrapes really come?

  many_targets.py [TARGETS] [SERIES] [SECONDS]                              2000 500 60

One nginx (Debian's package) is all targets: each has an address of its own in 127.0.0.0/8, and the same page of SERIES series.
A real `serve` scrapes them by Prometheus' own file. `jitter_ms` is how far the time between two requests of one target, as nginx
saw them (to the millisecond), is from one second; `missed` counts targets that were not `up` at the end and scrapes that did not
come. `cores` is the controller's processor time for each second.
"""
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import serving

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1;
events {{ worker_connections 8192; }}
http {{
  log_format when '$msec $server_addr';
  access_log {folder}/requests.log when buffer=256k flush=1s;
  keepalive_requests 1000000; keepalive_timeout 300s;
  server {{ listen 0.0.0.0:{port}; location = /metrics {{ default_type 'text/plain; version=0.0.4'; alias {folder}/page; }} }}
}}
"""
BILL = "global: {{scrape_interval: 1s}}\naccess: {{compatible: open}}\nscrape_configs:\n  - job_name: many\n    static_configs: [{{targets: [{}]}}]\n"


def page_of(count):
    chosen = random.Random(1)
    lines = ["# HELP http_requests_total Requests that were answered.", "# TYPE http_requests_total counter"]
    for i in range(count):
        lines.append(f'http_requests_total{{route="/v1/objects/{i // 5}",code="{[200, 204, 404, 500, 503][i % 5]}"}} '
                     f"{chosen.randrange(10 ** 6)}")
    return "\n".join(lines) + "\n"


def jitter(log, begun):
    """How far each gap between requests of one target, after `begun`, is from a second; and how many requests there were."""
    times = collections.defaultdict(list)
    for line in log.read_text().splitlines():
        at, address = line.split()
        if float(at) >= begun:
            times[address].append(float(at))
    return [abs(b - a - 1) * 1000 for each in times.values() for a, b in zip(sorted(each), sorted(each)[1:])], \
        sum(map(len, times.values()))


def main():
    defaults = [2000, 500, 60]
    targets, series, seconds = [int(w) for w in sys.argv[1:]] + defaults[len(sys.argv) - 1:]
    # nginx writes its log there: the disk is left to the controller.
    with tempfile.TemporaryDirectory(prefix="wb-bench-", dir="/dev/shm") as name:
        folder, port = pathlib.Path(name), random.randrange(20000, 30000)
        folder.chmod(0o755)
        (folder / "page").write_text(page_of(series))
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        nginx = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-p", folder])
        try:
            addresses = ", ".join(f'"127.0.{10 + i // 250}.{1 + i % 250}:{port}"' for i in range(targets))
            with serving.Serve(BILL.format(addresses)) as serve:
                time.sleep(15)  # all of them were found and read once
                pid, begun = serve.process.pid, time.time()
                cpu = serving.cost_of(pid)[1]
                time.sleep(seconds)
                resident, after = serving.cost_of(pid)
                up = serve.get('/api/v1/query?query=count(up%7Bjob="many"%7D==1)')["data"]["result"]
                until = time.time()
            time.sleep(1.5)
            late_ms, requests = jitter(folder / "requests.log", begun)
        finally:
            nginx.terminate()
            nginx.wait()
    serving.print_line(bench="many_targets", targets=targets, series=series, seconds=seconds,
                       missed={"up": targets - int(up[0]["value"][1]), "scrapes": max(0, round(targets * (until - begun)) - requests)},
                       jitter_ms=serving.percentiles(late_ms), cores=round((after - cpu) / seconds, 3),
                       resident_mib=round(resident / 1024))


main()
