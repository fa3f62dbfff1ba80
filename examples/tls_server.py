#!/usr/bin/env python3
"""A TLS server whose key may be anywhere, and which shows renewed certificates without a restart.

    tls_server.py PORT KEY [CERTIFICATES [CLIENT-CA]]

    tls_server.py 8443 keystore:web
    tls_server.py 8443 'pkcs11:token=prod;object=web?pin-source=file:/etc/pin' /etc/ssl/web.pem

CERTIFICATES is for keys that have theirs elsewhere; with CLIENT-CA, clients must show one too.
"""

import http.server
import sys

import keystore


class Greeting(http.server.BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self):
        client = self.connection.getpeercert() or {"subject": ((("nobody", ""),),)}
        name = "".join(f"/{kind}={value}" for ((kind, value),) in client["subject"])
        name = name.replace("/commonName=", "/CN=").replace("/nobody=", "nobody")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"Hello, {name}\n".encode())


class Server(http.server.ThreadingHTTPServer):
    """Each connection has its handshake in its own thread."""

    def __init__(self, port, context):
        super().__init__(("127.0.0.1", port), Greeting)
        self.context = context

    def finish_request(self, request, client_address):
        request.settimeout(Greeting.timeout)
        with self.context.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request, client_address):
        print("tls_server:", sys.exc_info()[1], file=sys.stderr)


def log(report):
    """What came of a file that was replaced."""
    if report.error:
        what = f"stays in use as it was: {report.error}"
    else:
        what = f"is in use as it is now: {report.leaf.subject if report.leaf else ''}"
    print(f"TLS: '{report.source}' {what}", file=sys.stderr, flush=True)


def main(words):
    if not 3 <= len(words) <= 5:
        print("usage: tls_server PORT KEY [CERTIFICATES [CLIENT-CA]]", file=sys.stderr)
        return 2
    port, key, certificates, client_ca = words[1:] + [None] * (5 - len(words))
    try:
        identity = keystore.identity(key, certificates=certificates)
        context = keystore.ssl_context(identity, purpose="server", trust=client_ca)
        keystore.Rotator(context, report=log)
    except keystore.KeystoreError as error:
        print(f"tls_server: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return 1
    Server(int(port), context).serve_forever()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
