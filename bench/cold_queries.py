#!/usr/bin/env python3
"""A range query whose samples are in blocks on disk, cold and warm, here or in a real Prometheus.

  cold_queries.py [PROMETHEUS] [--series N]                                 (none: `serve`)  100000

An hour of samples, 15 s apart, is written by remote write some hours back, then one sample of now; the server is restarted, so that
the hour moves into blocks, restarted again, and the host's page cache emptied (as root). `cold` is the first query then, `warm` the median of
five more: `sum by (host) (rate(http_requests_total[5m]))` over that hour, each 60 s; real time as the client sees it and
processor time of the server.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import tempfile
import time
import urllib.parse

import remote
import serving

STEP_S, STEPS, BATCH_SERIES, BATCH_STEPS = 15, 240, 1000, 24


class Prometheus:
    """A Prometheus of its own folder, with what Serve offers here."""

    def __init__(self, program):
        self.program, self.folder, self.port = program, pathlib.Path(tempfile.mkdtemp(prefix="wb-bench-", dir="/var/tmp")), 19_743
        (self.folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        self.process = subprocess.Popen(
            [self.program, f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver"],
            stderr=open(self.folder / "log", "ab"))
        serving.wait_until("Prometheus is ready", lambda: self.ready() == 200)

    def ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/-/ready")
            return connection.getresponse().status
        except OSError:
            return 0

    def kill(self):
        self.process.kill()
        self.process.wait()


def write(port, series, first_s):
    """The hour from `first_s` on, then a sample of now of each series. Values rise, each series by a slope of its own."""
    connection = remote.connect(port)
    label = lambda name, value: remote.field(1, remote.field(1, name.encode()) + remote.field(2, value.encode()))
    labels = [label("__name__", "http_requests_total") + label("code", str(200 + i % 5)) + label("host", f"host-{i // 1000}") +
              label("job", "bench") + label("route", f"/v1/objects/{i % 1000 // 5}") for i in range(series)]
    sample = lambda at_s, value: remote.field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + remote.number(at_s * 1000))

    def send(steps, at_s_of):
        slopes = [b"".join(sample(at_s_of(step), 1000 * slope + step * (slope + 1)) for step in steps) for slope in range(97)]
        for i in range(0, series, BATCH_SERIES):
            remote.post(connection, remote.uncompressed(
                b"".join(remote.field(1, labels[k] + slopes[k % 97]) for k in range(i, min(i + BATCH_SERIES, series)))))

    for begin in range(0, STEPS, BATCH_STEPS):
        send(range(begin, begin + BATCH_STEPS), lambda step: first_s + step * STEP_S)
    now = int(time.time())
    send([STEPS], lambda _: now)


def ask(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("GET", path, headers={"Authorization": f"Bearer {getattr(server, 'token', '')}"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise SystemExit(text.decode()[:500])
    return json.loads(text)["data"]


def measure(server, path):
    begun, cpu = time.monotonic(), serving.cost_of(server.process.pid)[1]
    result = ask(server, path)["result"]
    took = (time.monotonic() - begun) * 1000
    return took, (serving.cost_of(server.process.pid)[1] - cpu) * 1000, len(result)


def main():
    words = argparse.ArgumentParser()
    words.add_argument("prometheus", nargs="?")
    words.add_argument("--series", type=int, default=100_000)
    words = words.parse_args()
    first_s = (int(time.time()) - 5 * 3600) // 7200 * 7200 + 600  # one stretch of two hours holds it
    with (Prometheus(words.prometheus) if words.prometheus else serving.Serve("access: {compatible: open}\n")) as server:
        is_ready = lambda: (server.ready() if words.prometheus else server.ask("GET", "/-/ready")[0]) == 200
        blocks = "data/*/meta.json" if words.prometheus else "data/samples/*.block"

        def restart():
            server.kill()
            server.start()
            serving.wait_until("the store answers", is_ready)

        serving.wait_until("the store takes samples", is_ready)
        write(server.port, words.series, first_s)
        restart()
        serving.wait_until("the hour is in blocks", lambda: list(server.folder.glob(blocks)), seconds=300, every=2)
        restart()
        query = urllib.parse.urlencode({"query": "sum by (host) (rate(http_requests_total[5m]))", "start": first_s,
                                        "end": first_s + 3600, "step": 60})
        subprocess.run(["sync"], check=True)
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        runs = [measure(server, "/api/v1/query_range?" + query) for _ in range(6)]
        resident = serving.cost_of(server.process.pid)[0]
    warm = [statistics.median(run[i] for run in runs[1:]) for i in (0, 1)]
    serving.print_line(bench="cold_queries", server=os.path.basename(words.prometheus or "watchbill"), series=words.series,
                       results=runs[0][2], cold_ms=round(runs[0][0]), cold_cpu_ms=round(runs[0][1]), warm_ms=round(warm[0]),
                       warm_cpu_ms=round(warm[1]), resident_mib=round(resident / 1024))


main()
