#!/usr/bin/env python3
"""Records what Debian's Alertmanager sends for some kinds of integrations: test/data/receivers/CASE.json.

    ALERTMANAGER=…/prometheus-alertmanager TEMPLATES=…/alertmanager test/receivers/capture.py

Each case is one receiver with the integration and a webhook, so that its payload is known. Three messages are recorded: two alerts
fire, one of them is over, the other is over; and one about an alert with a long label. A file holds the settings as the program has
them (defaults written out), the secrets, the payloads and the requests. Settings and labels here are ours.
"""
import http.server
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.path.join(ROOT, "test/data/receivers")
PEER = os.path.join(ROOT, "build/peers/prometheus-alertmanager/usr")
ALERTMANAGER = os.environ.get("ALERTMANAGER", os.path.join(PEER, "bin/prometheus-alertmanager"))
TEMPLATES = os.environ.get("TEMPLATES", os.path.join(PEER, "share/prometheus/alertmanager"))
HERE = "http://receiver.example"  # stands for the capturing server in what is stored


def call(name):
    return '{{ template "%s" . }}' % name


# As docs/ of Alertmanager 0.25 has them; those that are secrets or lists are left out.
DEFAULTS = {
    "slack": {
        "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
        **{key: call("slack.default." + name) for key, name in (
            ("username", "username"), ("title", "title"), ("title_link", "titlelink"), ("icon_emoji", "iconemoji"),
            ("icon_url", "iconurl"), ("pretext", "pretext"), ("text", "text"), ("fallback", "fallback"),
            ("callback_id", "callbackid"), ("footer", "footer"))},
        "short_fields": False, "link_names": False},
    "pagerduty": {
        "description": call("pagerduty.default.description"), "client": call("pagerduty.default.client"),
        "client_url": call("pagerduty.default.clientURL"), "source": call("pagerduty.default.client"),
        "details": {
            "firing": '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
            "resolved": '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
            "num_firing": "{{ .Alerts.Firing | len }}", "num_resolved": "{{ .Alerts.Resolved | len }}"}},
    "opsgenie": {
        "message": call("opsgenie.default.message"), "description": call("opsgenie.default.description"),
        "source": call("opsgenie.default.source"), "update_alerts": False},
    "telegram": {
        "message": call("telegram.default.message"), "parse_mode": "HTML", "disable_notifications": False},
    "discord": {"title": call("discord.default.title"), "message": call("discord.default.message")},
    "webhook": {},
}

TEXT = "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }}: {{ .Annotations.summary }}\n{{ end }}"


# name, kind, settings, secrets, whether it must be called by the proxy: its address is fixed.
def cases(here):
    return [
        ("slack-plain", "slack", {"channel": "#ops"}, {"api_url": here + "/slack-plain/hook?a=b"}, False),
        ("slack-full", "slack", {
            "channel": "#{{ .CommonLabels.team }}", "username": "Bill <&>", "icon_emoji": ":fire:", "icon_url": "http://i.example/i",
            "link_names": True, "short_fields": True, "title": "{{ .GroupLabels.alertname }} “{{ .CommonLabels.team }}”",
            "title_link": "{{ .ExternalURL }}/x", "pretext": "before", "text": TEXT, "fallback": "{{ .Status | title }}",
            "callback_id": "id-{{ len .Alerts }}", "footer": "foot", "image_url": "http://i.example/{{ .Status }}",
            "thumb_url": "http://i.example/t", "mrkdwn_in": ["text"], "color": "#abcdef",
            "fields": [{"title": "Team {{ .CommonLabels.team }}", "value": "{{ .CommonLabels.severity }}"},
                       {"title": "Long", "value": "no", "short": False}],
            "actions": [{"type": "button", "text": "Open", "url": "{{ .ExternalURL }}", "style": "primary"},
                        {"type": "button", "text": "Ask", "name": "ask", "value": "{{ .Status }}",
                         "confirm": {"title": "Sure?", "text": "Really {{ .Status }}?", "ok_text": "Yes",
                                     "dismiss_text": "No"}}]},
         {"api_url": here + "/slack-full/hook"}, False),
        ("pagerduty-plain", "pagerduty", {"url": here + "/pagerduty-plain/v2/enqueue"}, {"routing_key": "key1"}, False),
        ("pagerduty-full", "pagerduty", {
            "url": here + "/pagerduty-full/v2/enqueue", "client": "C {{ .Status }}", "client_url": "http://c.example",
            "source": "{{ .CommonLabels.team }}", "description": TEXT, "severity": "{{ .CommonLabels.severity }}",
            "class": "class {{ .Status }}", "component": "comp", "group": "{{ .CommonLabels.team }}",
            "details": {"more": "{{ .CommonAnnotations.runbook }}", "num_firing": "many"},
            "images": [{"src": "http://i.example/{{ .Status }}", "alt": "alt", "href": "http://h.example"}, {"src": "", "alt": "no"}],
            "links": [{"href": "http://l.example/{{ .Status }}", "text": "<text>"}, {"text": "nowhere"}]},
         {"routing_key": "{{ .CommonLabels.team }}-key"}, False),
        ("pagerduty-first", "pagerduty", {"description": TEXT, "details": {"more": "{{ .Status }}"}}, {"service_key": "key0"}, True),
        ("opsgenie-plain", "opsgenie", {"api_url": here + "/opsgenie-plain/"}, {"api_key": "genie"}, False),
        ("opsgenie-full", "opsgenie", {
            "api_url": here + "/opsgenie-full", "update_alerts": True, "message": TEXT, "description": "d {{ .Status }}",
            "source": "s", "details": {"team": "over {{ .Status }}", "more": "m"}, "tags": " a,{{ .CommonLabels.team }},,b ",
            "note": "note {{ .Status }}", "priority": "P{{ len .Alerts }}", "entity": "e", "actions": "restart,look",
            "responders": [{"name": "{{ .CommonLabels.team }}", "type": "team"}, {"name": "a,,b", "type": "teams"},
                           {"username": "u@x.example", "type": "user"}, {"id": "{{ .CommonLabels.nothing }}", "type": "escalation"}]},
         {"api_key": "{{ .CommonLabels.team }}key"}, False),
        ("telegram-plain", "telegram", {"api_url": here + "/telegram-plain", "chat_id": -100123}, {"bot_token": "1:abc"}, False),
        ("telegram-markdown", "telegram", {
            "api_url": here + "/telegram-markdown", "chat_id": 7, "parse_mode": "MarkdownV2", "message": TEXT,
            "disable_notifications": True}, {"bot_token": "1:abc"}, False),
        ("discord-plain", "discord", {}, {"webhook_url": here + "/discord-plain/hook"}, False),
        ("webhook", "webhook", {}, {"url": here + "/webhook/hook"}, False),
    ]


def merged(kind, settings):
    out = {**DEFAULTS[kind], **settings}
    if kind == "pagerduty":
        out["details"] = {**DEFAULTS[kind]["details"], **settings.get("details", {})}
        if "client" in settings and "source" not in settings:
            out["source"] = settings["client"]
    return out


# As IntegrationConfiguration has it: truth as words.
def stored(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return {key: stored(each) for key, each in value.items()}
    if isinstance(value, list):
        return [stored(each) for each in value]
    return value


class Captured:
    lock = threading.Lock()
    requests = []  # (case, request)


def note(case, request):
    with Captured.lock:
        Captured.requests.append((case, request, time.monotonic()))


# What the far side must say so that the conversation goes on.
ANSWERS = {
    "slack": "ok",
    "telegram": '{"ok":true,"result":{"message_id":1,"chat":{"id":1}}}',
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = self.path
        proxied = getattr(self.server, "host", None)
        case = self.server.case if proxied else path.split("/")[1].split("?")[0]
        kept = {name: self.headers[name] for name in ("Content-Type", "Authorization") if self.headers[name]}
        address = ("https://" + proxied if proxied else HERE) + path
        note(case, {"method": self.command, "url": address, "headers": kept, "body": body})
        data = ANSWERS.get(case.split("-")[0], "{}").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # Alertmanager closes what it does not need any more


def certificate(folder):
    key, pem = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "2",
                    "-subj", "/CN=proxy"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context


# Opens tunnels to nobody: what is sent to any host ends here.
def start_proxy(case, context):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        host = head.split(b" ")[1].decode().split(":")[0]
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        secured = context.wrap_socket(connection, server_side=True)
        fake = type("Fake", (), {"host": host, "case": case})()
        try:
            Handler(secured, ("127.0.0.1", 0), fake)
        except (OSError, ssl.SSLError):
            pass

    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


# One entry of a `…_configs` list.
def entry(settings, secrets, proxy):
    out = {**settings, **secrets, "send_resolved": True}
    if proxy:
        out["http_config"] = {"proxy_url": "http://127.0.0.1:%d" % proxy, "tls_config": {"insecure_skip_verify": True}}
    return out


def configuration(all_cases, port, context):
    receivers, routes = [{"name": "nobody"}], []
    for case, kind, settings, secrets, by_proxy in all_cases:
        proxy = start_proxy(case, context) if by_proxy else None
        webhook = {"url": "http://127.0.0.1:%d/%s+payload" % (port, case), "send_resolved": True}
        receiver = {"name": case}
        receiver.setdefault(kind + "_configs", []).append(entry(settings, secrets, proxy))
        receiver.setdefault("webhook_configs", []).append(webhook)
        receivers.append(receiver)
        routes.append({"receiver": case, "continue": True})
    return {
        "templates": [os.path.join(TEMPLATES, "*.tmpl")], "receivers": receivers,
        "route": {"receiver": "nobody", "group_by": ["alertname"], "group_wait": "100ms", "group_interval": "1s",
                  "repeat_interval": "1h", "routes": routes}}


def alert(name, instance, over=None, **more):
    out = {"labels": {"alertname": name, "instance": instance, "severity": "critical", "team": "shop", **more},
           "annotations": {"summary": "%s <is> \"down\" & 'out'\nästhetic" % instance, "runbook": "http://r.example/?a=1&b=2",
                            "empty": ""},
           "startsAt": "2026-01-02T03:04:05.678Z", "generatorURL": "http://p.example/graph?g0.expr=up+%3D%3D+0"}
    if over:
        out["endsAt"] = over
    return out


OVER = "2026-01-02T04:05:06.789Z"
PHASES = [
    ("firing", [alert("WebDown", "web1"), alert("WebDown", "web2")]),
    ("mixed", [alert("WebDown", "web1", OVER)]),
    ("resolved", [alert("WebDown", "web2", OVER)]),
    ("long", [alert("Long", "web1", kept="äb<" * 400)]),
]


def post(port, alerts):
    request = urllib.request.Request("http://127.0.0.1:%d/api/v2/alerts" % port, json.dumps(alerts).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).read()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


# What came since the alerts were posted, once everybody has a payload and it has been quiet for a while.
def collect(names):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.2)
        with Captured.lock:
            seen = list(Captured.requests)
        told = {case for case, _, _ in seen}
        quiet = seen and time.monotonic() - seen[-1][2] > 1.5
        if quiet and all(n + "+payload" in told and n in told for n in names):
            break
    with Captured.lock:
        seen, Captured.requests = Captured.requests, []
    missing = [n for n in names if n not in {case for case, _, _ in seen}]
    if missing:
        print("nothing came for", missing, file=sys.stderr)
    return seen


def main():
    server = Server(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = "http://127.0.0.1:%d" % port
    all_cases = cases(here)
    names = [case[0] for case in all_cases]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "alertmanager.yml")
        with open(path, "w", encoding="utf-8") as out:
            json.dump(configuration(all_cases, port, certificate(folder)), out)
        api = free_port()
        log = open(os.path.join(folder, "log"), "w+", encoding="utf-8")
        peer = subprocess.Popen(
            [ALERTMANAGER, "--config.file=" + path, "--storage.path=" + folder, "--cluster.listen-address=",
             "--web.listen-address=127.0.0.1:%d" % api, "--web.external-url=http://alerts.example/am",
             "--web.route-prefix=/", "--log.level=info"], stdout=log, stderr=log)
        recorded = {name: [] for name in names}
        try:
            for _ in range(50):
                time.sleep(0.2)
                try:
                    urllib.request.urlopen("http://127.0.0.1:%d/-/ready" % api, timeout=1).read()
                    break
                except OSError:
                    continue
            for phase, alerts in PHASES:
                post(api, alerts)
                seen = collect(names)
                for name in names:
                    payloads = [request["body"] for case, request, _ in seen if case == name + "+payload"]
                    requests = [request for case, request, _ in seen if case == name]
                    # The first of two alerts may have been told alone: the last message counts.
                    count = len(requests) // len(payloads)
                    recorded[name].append({"phase": phase, "payload": payloads[-1], "requests": requests[-count:]})
        finally:
            peer.terminate()
            peer.wait()
            log.seek(0)
            print("".join(line for line in log if "level=error" in line or "level=warn" in line)[:4000], file=sys.stderr)
    store(all_cases, recorded, here)


def store(all_cases, recorded, here):
    os.makedirs(OUT, exist_ok=True)
    for case, kind, settings, secrets, _ in all_cases:
        golden = {"kind": kind, "settings": stored(merged(kind, settings)), "secrets": secrets, "messages": recorded[case]}
        text = json.dumps(golden, ensure_ascii=False, indent=1).replace(here, HERE)
        with open(os.path.join(OUT, case + ".json"), "w", encoding="utf-8") as out:
            out.write(text + "\n")


main()
