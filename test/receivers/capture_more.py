#!/usr/bin/env python3
"""Captures what a real Alertmanager sends to WeChat, VictorOps, Pushover, SNS and Webex.

    test/receivers/capture_more.py PROMETHEUS-ALERTMANAGER

Starts it with one receiver for each case below, posts the same two alerts to each by its API, and takes what it sends on a port of
127.0.0.1. Writes test/data/receivers/KIND_CASE.json: the settings, the webhook payload of the group, and the requests. Needs openssl,
as Pushover has no other address than https://api.pushover.net: its calls go through a proxy that answers in its place.
"""
import http.server
import json
import pathlib
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TO = SOURCE / "test/data/receivers"
PORT, API_PORT = 18911, 18912
HERE = f"http://127.0.0.1:{PORT}"
LINES = "{{ range .Alerts }}{{ .Status }} {{ .Labels.instance }}: {{ .Annotations.summary }}\n{{ end }}"
TITLE = "[{{ .Status | toUpper }}] {{ .GroupLabels.SortedPairs.Values | join \" \" }}"

WECHAT = {"corp_id": "corp-{{ .GroupLabels.alertname }}", "message": LINES, "message_type": "text", "to_user": "@all",
          "to_party": "party & <{{ .Status }}>", "to_tag": "", "agent_id": "1000002"}
VICTOROPS = {"routing_key": "team {{ .CommonLabels.job }}/é?#", "message_type": "{{ .CommonLabels.severity | toUpper }}",
             "state_message": LINES, "entity_display_name": TITLE, "monitoring_tool": "watch \"bill\"",
             "custom_fields": {"Severity": "{{ .CommonLabels.severity }}", "note": "a\tb\\c"}}
PUSHOVER = {"title": TITLE, "message": LINES, "url": "http://192.0.2.1/?a=1&b={{ .GroupLabels.alertname }}", "url_title": "Look: +%",
            "sound": "siren", "priority": "{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}", "retry": 90000, "expire": 5400000,
            "html": "false"}
SNS = {"sigv4.region": "eu-west-1", "sigv4.access_key": "AKIDEXAMPLE", "subject": TITLE, "message": LINES}
WEBEX = {"message": "**" + TITLE + "**\n" + LINES, "room_id": "Y2lzY29zcGFyazovL3VzL1JPT00vYmJj"}


def defaults(kind, *names):
    """The settings that Alertmanager has for those that a file leaves out."""
    return {name: "{{ template \"%s.default.%s\" . }}" % (kind, name) for name in names}


# KIND, CASE, settings, secrets; api_url is added. "resolved": the alerts end, and the second notification is kept.
CASES = [
    ("wechat", "firing", WECHAT, {"api_secret": "s3cret&{{ .Status }}"}),
    ("wechat", "markdown_resolved", WECHAT | {"message_type": "markdown"}, {"api_secret": "s3cret"}),
    ("victorops", "firing", VICTOROPS, {"api_key": "k e/y"}),
    ("victorops", "resolved", VICTOROPS, {"api_key": "key"}),
    ("victorops", "info", VICTOROPS | {"message_type": "INFO", "routing_key": "ops"}, {"api_key": "key"}),
    ("victorops", "long", VICTOROPS | {"state_message": "{{ printf \"%9000s%9000s%2478s\" \"\" \"\" \"éé\" }}abc"}, {"api_key": "key"}),
    ("pushover", "firing", PUSHOVER, {"user_key": "user-{{ .Status }}", "token": "token"}),
    ("pushover", "resolved", PUSHOVER, {"user_key": "user", "token": "token"}),
    ("pushover", "html", PUSHOVER | {"html": "true", "message": "<b>{{ .CommonAnnotations.text }}</b>"},
     {"user_key": "user", "token": "token"}),
    ("pushover", "long", PUSHOVER | {"title": "{{ printf \"%0249d\" 7 }}éa", "message": "{{ printf \"%01023d\" 7 }}éa",
                                     "url": "{{ printf \"%0511d\" 7 }}éa", "url_title": "{{ printf \"%0200d\" 7 }}"},
     {"user_key": "user", "token": "token"}),
    ("pushover", "empty", PUSHOVER | {"message": " \n ", "sound": ""}, {"user_key": "user", "token": "token"}),
    ("sns", "topic", SNS | {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:{{ .GroupLabels.alertname }}",
                            "attributes": {"severity": "{{ .CommonLabels.severity }}", "b {{ .Status }}": "ü &=+~*"}},
     {"sigv4.secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}),
    ("sns", "fifo_resolved", SNS | {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:ops.fifo", "subject": ""},
     {"sigv4.secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}),
    ("sns", "phone", SNS | {"phone_number": "+491234567", "message": "{{ printf \"%01700d\" 7 }}"},
     {"sigv4.secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}),
    ("sns", "target", SNS | {"target_arn": "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/{{ .Status }}"},
     {"sigv4.secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}),
    ("wechat", "default", WECHAT | defaults("wechat", "message", "to_user", "to_party", "to_tag", "agent_id"), {"api_secret": "s3cret"}),
    ("victorops", "default", VICTOROPS | defaults("victorops", "state_message", "entity_display_name", "monitoring_tool"),
     {"api_key": "key"}),
    ("pushover", "default", PUSHOVER | defaults("pushover", "title", "message", "url"), {"user_key": "user", "token": "token"}),
    ("sns", "default_resolved", SNS | defaults("sns", "subject", "message") | {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:ops"},
     {"sigv4.secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}),
    ("webex", "default_resolved", WEBEX | defaults("webex", "message"), {}),
    ("webex", "firing", WEBEX, {}),
    ("webex", "resolved", WEBEX, {}),
    ("webex", "long", WEBEX | {"message": "{{ printf \"%7434s\" \"é\" }}éabc"}, {}),
]
HEADERS_KEPT = {"accept-language", "authorization", "content-type", "host", "x-amz-date"}


def answer_of(path):
    if "gettoken" in path:
        return '{"errcode":0,"errmsg":"ok","access_token":"token +/=","expires_in":7200}'
    if path.startswith("/wechat"):
        return '{"errcode":0,"errmsg":"ok"}'
    if path.startswith("/sns"):
        return ('<PublishResponse xmlns="https://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
                "</PublishResult><ResponseMetadata><RequestId>2</RequestId></ResponseMetadata></PublishResponse>")
    return '{"status":1}'


class Taker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    taken = []

    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() in HEADERS_KEPT}
        Taker.taken.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
        answer = answer_of(self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = take

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = socketserver._SocketWriter(self.connection)
        self.close_connection = False

    def log_message(self, *_):
        pass


def name_of(case):
    return f"{case[0]}_{case[1]}"


def as_written(case):
    """The entry of the receiver's list, as an Alertmanager file has it; JSON is YAML."""
    kind, name, settings, secrets = case
    entry = {"send_resolved": True}
    for key, value in (settings | secrets).items():
        if key in ("retry", "expire"):
            value = f"{value // 1000}s"
        if key == "html":
            value = value == "true"
        first, _, second = key.partition(".")
        if second:
            entry.setdefault(first, {})[second] = value
        else:
            entry[key] = value
    if kind == "pushover":
        entry["http_config"] = {"proxy_url": HERE, "tls_config": {"insecure_skip_verify": True}}
    else:
        entry["api_url"] = f"{HERE}/{kind}/{name}" + ("/" if kind in ("wechat", "victorops") else "")
    if kind == "webex":
        entry["http_config"] = {"authorization": {"credentials": "not-kept"}}
    return entry


def configuration():
    receivers, routes = [{"name": "nobody"}], []
    for case in CASES:
        name = name_of(case)
        receivers.append({"name": name, f"{case[0]}_configs": [as_written(case)],
                          "webhook_configs": [{"url": f"{HERE}/webhook/{name}", "send_resolved": True}]})
        routes.append({"receiver": name, "matchers": [f'case="{name}"']})
    return {"route": {"receiver": "nobody", "group_by": ["alertname", "case"], "group_wait": "1s", "group_interval": "1s",
                      "routes": routes}, "receivers": receivers}


def post_alerts(names, is_over):
    alerts = []
    for name in names:
        for instance in ("web-1", "web-2"):
            labels = {"alertname": "WebDown", "case": name, "instance": instance, "job": "shop", "severity": "critical"}
            annotations = {"summary": f"{instance} <down> & \"out\" — é 日本 😀", "text": "5 > 4 & 'x'"}
            alerts.append({"labels": labels, "annotations": annotations, "startsAt": "2026-03-01T12:00:00Z",
                           "endsAt": "2026-03-01T12:30:00Z" if is_over else "2126-03-01T12:00:00Z",
                           "generatorURL": "http://192.0.2.1/graph?g0.expr=up"})
    request = urllib.request.Request(f"http://127.0.0.1:{API_PORT}/api/v2/alerts", json.dumps(alerts).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request).read()


def wait_for(what, why):
    for _ in range(300):
        if what():
            return
        time.sleep(0.1)
    sys.exit(f"waited 30 s for {why}")


def is_up():
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{API_PORT}/-/ready").read()
        return True
    except OSError:
        return False


def send_one(case, is_over):
    """Posts the alerts of one case and gives what came: the payload of its webhook, and the requests."""
    del Taker.taken[:]
    post_alerts([name_of(case)], is_over)
    wanted = 3 if case[0] == "wechat" and not is_over else 2  # the token is kept for two hours
    wait_for(lambda: len(Taker.taken) >= wanted, f"{wanted} requests of {name_of(case)}")
    time.sleep(0.3)
    payload = [each["body"] for each in Taker.taken if each["path"].startswith("/webhook")]
    return payload[0], [each for each in Taker.taken if not each["path"].startswith("/webhook")]


def capture(case):
    kind, name, settings, secrets = case
    payload, requests = send_one(case, False)
    if name.endswith("resolved"):
        payload, requests = send_one(case, True)
    api_url = as_written(case).get("api_url")
    kept = {"settings": ({"api_url": api_url} if api_url else {}) | settings, "secrets": secrets, "payload": json.loads(payload),
            "requests": requests}
    (TO / f"{name_of(case)}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        certificate = ["-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=api.pushover.net", "-days", "1"]
                       + certificate, check=True, stderr=subprocess.DEVNULL)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Taker)
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(f"{folder}/certificate", f"{folder}/key")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        pathlib.Path(folder, "alertmanager.yml").write_text(json.dumps(configuration()))
        alertmanager = subprocess.Popen(
            [program, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data", "--cluster.listen-address=",
             f"--web.listen-address=127.0.0.1:{API_PORT}", "--web.external-url=http://192.0.2.9:9093", "--log.level=warn"])
        try:
            wait_for(is_up, "Alertmanager")
            for case in CASES:
                capture(case)
        finally:
            alertmanager.terminate()
            alertmanager.wait()


main()
