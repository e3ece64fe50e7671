#!/usr/bin/python3
"""Records the mails that Debian's Alertmanager sends: test/data/receivers/email-CASE.json.

    ALERTMANAGER=…/prometheus-alertmanager TEMPLATES=…/alertmanager test/receivers/capture_mail.py

Needs python3-aiosmtpd. Each case is one receiver with a mail and a webhook, so that its payload is known. Three messages are
recorded: two alerts fire, one of them is over, the other is over. A file holds the settings as the program has them (defaults
written out), the payloads, and the mails with their envelopes. Settings and labels here are ours.
"""
import http.server
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from aiosmtpd.controller import Controller

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "test/data/receivers")
PEER = os.path.join(ROOT, "build/peers/prometheus-alertmanager/usr")
ALERTMANAGER = os.environ.get("ALERTMANAGER", os.path.join(PEER, "bin/prometheus-alertmanager"))
TEMPLATES = os.environ.get("TEMPLATES", os.path.join(PEER, "share/prometheus/alertmanager"))

DEFAULTS = {"html": '{{ template "email.default.html" . }}', "from": "wb@example.net"}
SUBJECT = '{{ template "email.default.subject" . }}'
CASES = {
    "plain": {"to": "ana@example.net"},
    "text": {"to": "ana@example.net,ops@example.net", "html": "",
             "text": "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }}: {{ .Annotations.summary }} \n.\n{{ end }}"},
    "full": {
        "to": 'Ana <ana@example.net>, "Ops, Night" <ops@{{ .CommonLabels.team }}.example.net>', "from": "Bill <wb@example.net>",
        "headers": {"subject": "{{ .Status | title }}: {{ .GroupLabels.alertname }} ästhetisch {{ len .Alerts }}?",
                    "x-team": "{{ .CommonLabels.team }}", "Reply-To": "nobody@example.net",
                    "X-Long": "{{ range .Alerts }}{{ .Labels.instance }} is {{ .Status }} and so on and on and on, {{ end }}end"},
        "text": "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}",
        "html": "<p title='{{ .Status }}'>{{ range .Alerts }}{{ .Annotations.summary }}<br>{{ end }}</p>\n" + "x=" * 60},
}


class Seen:
    lock = threading.Lock()
    mails = []  # case, envelope and content
    payloads = {}
    last = 0.0


class Mails:
    async def handle_DATA(self, server, session, envelope):
        with Seen.lock:
            content = envelope.original_content.decode("utf-8")
            Seen.mails.append((session.host_name, {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": content}))
            Seen.last = time.monotonic()
        return "250 taken"


class Webhook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with Seen.lock:
            Seen.payloads[self.path[1:]] = body
            Seen.last = time.monotonic()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def configuration(mail_port, web_port):
    receivers, routes = [{"name": "nobody"}], []
    for case, settings in CASES.items():
        # The name that it says hello with tells whose mail it is.
        mail = {**DEFAULTS, **settings, "smarthost": "127.0.0.1:%d" % mail_port, "hello": case, "require_tls": False,
                "send_resolved": True}
        receivers.append({"name": case, "email_configs": [mail], "webhook_configs": [
            {"url": "http://127.0.0.1:%d/%s" % (web_port, case), "send_resolved": True}]})
        routes.append({"receiver": case, "continue": True})
    return {"templates": [os.path.join(TEMPLATES, "*.tmpl")], "receivers": receivers,
            "route": {"receiver": "nobody", "group_by": ["alertname"], "group_wait": "100ms", "group_interval": "1s",
                      "repeat_interval": "1h", "routes": routes}}


def alert(instance, over=None):
    out = {"labels": {"alertname": "WebDown", "instance": instance, "severity": "critical", "team": "shop"},
           "annotations": {"summary": "%s <is> \"down\" & 'out'\nästhetic" % instance, "runbook": "http://r.example/?a=1&b=2"},
           "startsAt": "2026-01-02T03:04:05.678Z", "generatorURL": "http://p.example/graph?g0.expr=up+%3D%3D+0"}
    if over:
        out["endsAt"] = over
    return out


OVER = "2026-01-02T04:05:06.789Z"
PHASES = [("firing", [alert("web1"), alert("web2")]), ("mixed", [alert("web1", OVER)]), ("resolved", [alert("web2", OVER)])]


def post(port, alerts):
    request = urllib.request.Request("http://127.0.0.1:%d/api/v2/alerts" % port, json.dumps(alerts).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).read()


# What came since the alerts were posted, once everybody was told.
def collect():
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.1)
        with Seen.lock:
            is_whole = {case for case, _ in Seen.mails} == set(CASES) == set(Seen.payloads)
            if is_whole and time.monotonic() - Seen.last > 1.5:
                break
    with Seen.lock:
        mails, payloads = Seen.mails, Seen.payloads
        Seen.mails, Seen.payloads = [], {}
    return mails, payloads


def stored_settings(settings):
    out = {**DEFAULTS, **settings, "smarthost": "mail.example.net:25", "hello": "localhost", "require_tls": "false"}
    names = {name.title(): text for name, text in out.get("headers", {}).items()}
    out["headers"] = {"Subject": SUBJECT, "To": out["to"], "From": out["from"], **names}
    return out


def main():
    mail = Controller(Mails(), hostname="127.0.0.1", port=free_port(), decode_data=False)
    mail.start()
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    recorded = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory() as folder:
        path, api = os.path.join(folder, "alertmanager.yml"), free_port()
        with open(path, "w", encoding="utf-8") as out:
            json.dump(configuration(mail.port, web.server_address[1]), out)
        with open(os.path.join(folder, "log"), "w+", encoding="utf-8") as log:
            peer = subprocess.Popen(
                [ALERTMANAGER, "--config.file=" + path, "--storage.path=" + folder, "--cluster.listen-address=",
                 "--web.listen-address=127.0.0.1:%d" % api, "--web.external-url=http://alerts.example/am",
                 "--web.route-prefix=/"], stdout=log, stderr=log)
            try:
                for _ in range(100):
                    time.sleep(0.1)
                    try:
                        urllib.request.urlopen("http://127.0.0.1:%d/-/ready" % api, timeout=1).read()
                        break
                    except OSError:
                        continue
                for phase, alerts in PHASES:
                    post(api, alerts)
                    mails, payloads = collect()
                    for case in CASES:
                        sent = [each for name, each in mails if name == case]
                        recorded[case].append({"phase": phase, "payload": payloads.get(case), "mails": sent})
            finally:
                peer.terminate()
                peer.wait()
                log.seek(0)
                print("".join(line for line in log if "level=error" in line or "level=warn" in line)[:4000], file=sys.stderr)
    mail.stop()
    os.makedirs(OUT, exist_ok=True)
    for case, settings in CASES.items():
        golden = {"kind": "email", "settings": stored_settings(settings), "secrets": {}, "messages": recorded[case]}
        with open(os.path.join(OUT, "email-%s.json" % case), "w", encoding="utf-8") as out:
            out.write(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


main()
