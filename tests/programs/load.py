"""load.py PORT CA STOP NAME…: asks the servers of these names at 127.0.0.1:PORT in turn, two threads,
a new TLS connection each time, until the file STOP exists. Prints how many requests it made; the
first that fails ends it with status 1 and its reason."""

import os
import socket
import ssl
import sys
import threading

port, ca, stop, names = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
context = ssl.create_default_context(cafile=ca)
made, failed = [], []


def ask(name):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=name) as tls:
            tls.sendall(b"GET / HTTP/1.0\r\nHost: %s\r\n\r\n" % name.encode())
            answer = b""
            while piece := tls.recv(65536):
                answer += piece
    if b" 200 OK\r\n" not in answer:
        raise RuntimeError(f"{name} answers {answer[:200]!r}")


def run():
    while not failed and not os.path.exists(stop):
        name = names[len(made) % len(names)]
        try:
            ask(name)
            made.append(name)
        except Exception as problem:
            failed.append(f"request {len(made) + 1} to {name}: {problem!r}")


threads = [threading.Thread(target=run) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(made))
if failed:
    sys.exit("\n".join(failed))
