#!/usr/bin/env python3
"""Reading 100,000 active alerts beside a full inbox: does the engine wait for its readers?

  many_alerts.py [ALERTS [CALLERS [READERS [SECONDS]]]]                     100000 320 2 20

A real `serve` scrapes a page with one bad series for each alert. Then CALLERS connections set and release holds, each as soon
as the former is answered: more than the inbox has room for. Turns alternate without and with READERS that ask `GET
/api/v1/alerts` without a pause, from a process of their own. `apart_ms` is from one batch's engine time to the next batch's,
as the journal has it, in milliseconds. Where callers wait for more than the engine that is more than its batch lasts, so the
bucket of the controller's own histogram in which the p99 of its durable appends lies is told beside it: `append_p99_le_ms`.
"""
import http.server
import multiprocessing
import selectors
import socket
import sys
import threading
import time

import serving

BILL = """
global: {{scrape_interval: 20s, scrape_timeout: 15s, evaluation_interval: 20s}}
scrape_configs: [{{job_name: bench, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}]
rule_files: [rules.yml]
bindings: {{Bad: {{unbound: nobody acts on it}}}}
{workloads}"""
RULES = "groups: [{name: bad, rules: [{alert: Bad, expr: 'bench_bad > 0', annotations: {summary: '{{ $labels.n }} is bad'}}]}]\n"
ROUNDS = 2


class Page(http.server.BaseHTTPRequestHandler):
    page = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(Page.page)))
        self.end_headers()
        self.wfile.write(Page.page)

    def log_message(self, *_):
        pass


class Caller:
    """One connection that sets and releases one hold in turn."""

    def __init__(self, serve, number):
        self.connection = socket.create_connection(("127.0.0.1", serve.port))
        self.connection.setblocking(False)
        body = b'{"scope":"workload/w%d","reason":"bench"}' % number
        head = "{} /api/watchbill/v1/hold{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n" \
               "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n"
        self.requests = [head.format("PUT", "", serve.port, serve.token, len(body)).encode() + body,
                         head.format("DELETE", f"?scope=workload/w{number}", serve.port, serve.token, 0).encode()]
        self.turn = 0
        self.answer = b""
        self.answered = self.refused = 0

    def send(self):
        self.connection.send(self.requests[self.turn])

    def receive(self):
        part = self.connection.recv(65536)
        if not part:
            raise SystemExit("a caller's connection was closed")
        self.answer += part
        head, end, body = self.answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        if head.startswith(b"HTTP/1.1 2"):
            self.turn = 1 - self.turn
            self.answered += 1
        elif head.startswith((b"HTTP/1.1 429", b"HTTP/1.1 503")):
            self.refused += 1  # the inbox is full
        else:
            raise SystemExit(self.answer.decode())
        self.answer = b""
        self.send()


def call_for(callers, seconds):
    selector = selectors.DefaultSelector()
    for caller in callers:
        selector.register(caller.connection, selectors.EVENT_READ, caller)
        if not caller.answered + caller.refused:
            caller.send()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for key, _ in selector.select(1):
            key.data.receive()
    selector.close()


def read_alerts(port, counts, stops):
    request = b"GET /api/v1/alerts HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    connection = socket.create_connection(("127.0.0.1", port))
    buffer = bytearray(1 << 20)
    while not stops.is_set():
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(65536)
            if not part:
                raise SystemExit("a reader's connection was closed before its answer")
            head += part
        head, _, body = head.partition(b"\r\n\r\n")
        left = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
        while left > 0:
            count = connection.recv_into(buffer, min(left, len(buffer)))
            if not count:
                raise SystemExit("a reader's connection was closed within its answer")
            left -= count
        with counts.get_lock():
            counts.value += 1


def batch_ms(records):
    """How long each batch lasted, in ms."""
    times = sorted({serving.at_s(record) for record in records})
    return [(after - before) * 1000 for before, after in zip(times, times[1:])]


def p99_bucket_ms(before, after):
    """The upper end of the bucket that holds the p99 of what came between two looks at a histogram."""
    all_of_them = max(after.values()) - max(before.values())
    return min((le for le in after if after[le] - before[le] >= 0.99 * all_of_them)) * 1000


def turn(serve, callers, readers, seconds):
    first = serve.get("/api/watchbill/v1/status")["records"] + 1
    counts, stops = multiprocessing.Value("i", 0), multiprocessing.Event()
    processes = [multiprocessing.Process(target=read_alerts, args=(serve.port, counts, stops), daemon=True)
                 for _ in range(readers)]
    for process in processes:
        process.start()
    before = serve.append_counts()
    call_for(callers, seconds)
    appended = p99_bucket_ms(before, serve.append_counts())
    stops.set()
    last = serve.get("/api/watchbill/v1/status")["records"]
    for process in processes:
        process.join()
    return first, last, counts.value, appended


def main():
    words = sys.argv[1:] + ["100000", "320", "2", "20"][len(sys.argv) - 1:]
    alerts, call_count, readers, seconds = (int(word) for word in words)
    Page.page = b"# TYPE bench_bad gauge\n" + b"".join(b'bench_bad{n="%d"} 1\n' % n for n in range(alerts))
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    # What holds may name.
    declared = serving.sleepers(call_count, ", enabled: false, skip_reason: only held")
    with serving.Serve(BILL.format(port=page.server_address[1], workloads=declared), rules=RULES) as serve:
        firing = lambda: serve.get("/api/watchbill/v1/status")["alerts"]["firing"]
        serving.wait_until("all alerts fire", lambda: firing() == alerts, seconds=300, every=0.5)
        callers = [Caller(serve, n) for n in range(call_count)]
        turns = [turn(serve, callers, with_readers, seconds) + (with_readers,)
                 for _ in range(ROUNDS) for with_readers in (0, readers)]
        p99 = {}
        for with_readers in (0, readers):
            mine = [each for each in turns if each[4] == with_readers]
            lasted = [ms for first, last, *_ in mine for ms in batch_ms(serve.events(first, last))]
            figures = serving.percentiles(lasted)
            p99[with_readers] = figures["p99"]
            serving.print_line(bench="many_alerts", alerts=alerts, callers=call_count, readers=with_readers,
                               batches=len(lasted), records=sum(last - first for first, last, *_ in mine),
                               answers_read=sum(each[2] for each in mine), apart_ms=figures,
                               append_p99_le_ms=max(each[3] for each in mine))
        serving.print_line(bench="many_alerts", p99_ratio=round(p99[readers] / p99[0], 2),
                           refused=sum(caller.refused for caller in callers))


main()
