#!/usr/bin/python3
"""An SMTP server (aiosmtpd) with TLS and logins for real_server_test.cpp: `real_server.py CERTIFICATE KEY starttls|tls`.

Prints its port; then for each mail one line of JSON: the envelope, who logged in and by what, and what Python's email module
finds in it. Ends when its standard input does."""
import email
import email.policy
import json
import socket
import ssl
import sys
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def say(value):
    print(json.dumps(value), flush=True)


class Mails:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content().replace("\r\n", "\n")
                 for part in mail.walk() if not part.is_multipart()}
        say({"from": envelope.mail_from, "to": envelope.rcpt_tos, "options": envelope.mail_options,
             "login": session.auth_data, "is_tls": session.ssl is not None, "subject": mail["Subject"],
             "header_to": [address.addr_spec for address in mail["To"].addresses],
             "names_to": [address.display_name for address in mail["To"].addresses],
             "header_from": mail["From"].addresses[0].addr_spec, "date": mail["Date"].datetime.isoformat(),
             "id": mail["Message-Id"].strip(), "defects": [str(each) for each in mail.defects], "parts": parts})
        return "250 2.0.0 taken"


def log_in(server, session, envelope, mechanism, data):
    is_right = data.login == b"user" and data.password == b"p\xc3\xa4ss"
    # What is not handled is answered by 535.
    return AuthResult(success=is_right, handled=False, auth_data=mechanism + " " + data.login.decode())


def main():
    warnings.simplefilter("ignore")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    is_at_once = sys.argv[3] == "tls"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    class Server(Controller):
        def factory(self):
            more = {} if is_at_once else {"tls_context": context, "require_starttls": True}
            # It does not know that TLS came before it.
            return SMTP(self.handler, authenticator=log_in, auth_required=True, enable_SMTPUTF8=True,
                        auth_require_tls=not is_at_once, **more)

    server = Server(Mails(), hostname="127.0.0.1", port=port, ssl_context=context if is_at_once else None)
    server.start()
    say(port)
    sys.stdin.read()
    server.stop()


main()
