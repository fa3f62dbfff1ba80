"""https_server.py CERTIFICATE KEY COUNT: prints its port, answers COUNT requests, ends."""

import socket
import ssl
import sys


def main(certificate, key, count):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        print(listener.getsockname()[1], flush=True)
        for _ in range(int(count)):
            answer(context, listener.accept()[0])


def answer(context, connection):
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.settimeout(30)
        tls.recv(65536)
        body = tls.version().encode()
        tls.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


main(*sys.argv[1:])
