#!/usr/bin/env python3
"""A TLS client that knows whom it talks to, and shows its own certificate where it is asked.

    tls_client.py HOST PORT CA [KEY [CERTIFICATES]]

    tls_client.py www.example.org 443 system:
    tls_client.py db.example.org 8443 /etc/ssl/ca.pem keystore:client
"""

import ssl
import sys
import urllib.request

import keystore


def context_for(ca, key, certificates):
    if key is None:
        return ssl.create_default_context(cafile=None if ca == "system:" else ca)
    identity = keystore.identity(key, certificates=certificates)
    return keystore.ssl_context(identity, purpose="client", trust=ca)


def main(words):
    if not 4 <= len(words) <= 6:
        print("usage: tls_client HOST PORT CA [KEY [CERTIFICATES]]", file=sys.stderr)
        return 2
    host, port, ca, key, certificates = words[1:] + [None] * (6 - len(words))
    try:
        https = urllib.request.HTTPSHandler(context=context_for(ca, key, certificates))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
        with opener.open(f"https://{host}:{port}/", timeout=20) as answer:
            sys.stdout.buffer.write(answer.read())
    except (keystore.KeystoreError, OSError) as error:
        print(f"tls_client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
