"""What the benchmarks share that drive a real `watchbill serve` from outside: it, its keeper, its API."""
import calendar
import http.client
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("WATCHBILL_BUILD", HERE.parent / "build" / "release"))
SLEEPER = BUILD / "bench" / "keeper_sleeper"


def is_root():
    return os.geteuid() == 0


def percentiles(values):
    """p50, p99 and max of numbers, as the other benchmarks print them."""
    if not values:
        return None
    ordered = sorted(values)
    at = lambda share: ordered[math.floor(share * (len(ordered) - 1))]
    return {"p50": round(at(0.5), 3), "p99": round(at(0.99), 3), "max": round(ordered[-1], 3)}


def print_line(**figures):
    print(json.dumps(figures), flush=True)


def wait_until(what, condition, seconds=120, every=0.005):
    """The condition's first true value; ends the program when there is none in time."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(every)


def at_s(record):
    """The time of a record of the journal, in seconds since 1970."""
    return calendar.timegm(time.strptime(record["time"][:19], "%Y-%m-%dT%H:%M:%S")) + int(record["time"][20:23]) / 1000


def cost_of(pid):
    """Resident memory in KiB and processor time in seconds of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        resident = int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return resident, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Serve:
    """A controller in a folder of its own, with its keeper. Used with `with`: what it started ends with it."""

    def __init__(self, bill, **files):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="wb-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")))
        self.data = self.folder / "data"
        (self.folder / "watchbill.yaml").write_text(f"watchbill: 1\nlisten: 127.0.0.1:0\ndata: {self.data}\n{bill}")
        for name, text in files.items():
            (self.folder / f"{name}.yml").write_text(text)
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        keeper = self.keeper()
        if keeper:
            children = [int(pid) for task in pathlib.Path(f"/proc/{keeper}/task").iterdir()
                        for pid in (task / "children").read_text().split()]
            os.kill(keeper, signal.SIGKILL)
            for pid in children:
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts the controller and returns when it takes requests."""
        self.process = subprocess.Popen([BUILD / "watchbill", "serve", "--config", self.folder / "watchbill.yaml"],
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=open(self.folder / "serve.log", "ab"), text=True)
        said = ""
        for line in self.process.stdout:
            said += line
            api = re.search(r"API\s+http://127\.0\.0\.1:(\d+)/", line)
            if api:
                self.port = int(api.group(1))
                self.token = (self.data / "admin.token").read_text().strip()
                return
        raise SystemExit("serve did not start: " + said + (self.folder / "serve.log").read_text()[-2000:])

    def kill(self):
        """SIGKILL, and reaped; the keeper and what it runs go on."""
        self.process.kill()
        self.process.wait()

    def keeper(self):
        """The pid of this data directory's keeper, or None."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"watchbill-keeper") and str(self.data).encode() in words:
                return int(process.name)
        return None

    def ask(self, method, path, body=None):
        """Status and answer, as JSON where it is that; (0, None) when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except OSError:
            return 0, None
        finally:
            connection.close()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    def get(self, path):
        return self.ask("GET", path)[1]

    def append_ms(self):
        """The mean time of one durable append so far, by the controller's own metrics."""
        text = self.get("/metrics")
        total, count = (float(re.search(rf"^watchbill_journal_append_duration_seconds_{part} (\S+)$", text, re.M).group(1))
                        for part in ("sum", "count"))
        return round(total / count * 1000, 3)

    def append_counts(self):
        """How many durable appends took at most so many seconds, by the controller's own metrics."""
        buckets = re.findall(r'^watchbill_journal_append_duration_seconds_bucket{le="(\S+)"} (\d+)$', self.get("/metrics"), re.M)
        return {float(le): int(count) for le, count in buckets}

    def states(self):
        """How many workloads are in which state."""
        counts = {}
        for workload in (self.get("/api/watchbill/v1/workloads") or {"workloads": []})["workloads"]:
            counts[workload["state"]] = counts.get(workload["state"], 0) + 1
        return counts

    def events(self, since=1, through=None):
        """The journal's records from `since` on, one for each event."""
        words = ["journal", "list", "--since", str(since), "--data", self.data, "-o", "json"]
        listing = subprocess.Popen([BUILD / "watchbill", *words], stdout=subprocess.PIPE, text=True)
        events = []
        for line in listing.stdout:
            event = json.loads(line)
            if through is not None and int(event["id"].partition(".")[0]) > through:
                listing.kill()
                break
            events.append(event)
        listing.wait()
        return events


def sleepers(count, more=""):
    """The part of a bill that declares `count` copies of the smallest workload."""
    lines = ["workloads:"]
    user = "user: root, " if is_root() else ""
    for i in range(count):
        lines.append(f"  w{i}: {{command: [{SLEEPER}], {user}restart: {{policy: always}}{more}}}")
    return "\n".join(lines) + "\n"
