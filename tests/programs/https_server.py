"""https_server.py CERTIFICATE KEY COUNT [threads|children|after-use]: prints its port, answers COUNT
requests, ends. Each in a thread of its own or in a child, where asked; `after-use`: in children
forked after this process has answered the first itself."""

import os
import socket
import ssl
import sys
import threading


def main(certificate, key, count, mode="here"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    waits = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(60)
        print(listener.getsockname()[1], flush=True)
        for number in range(int(count)):
            connection = listener.accept()[0]
            if mode == "threads":
                waits.append(in_thread(context, connection))
            elif mode == "children" or mode == "after-use" and number > 0:
                waits.append(in_child(context, connection))
            else:
                answer(context, connection)
    for wait in waits:
        wait()


def in_thread(context, connection):
    thread = threading.Thread(target=answer, args=(context, connection))
    thread.start()
    return thread.join


def in_child(context, connection):
    child = os.fork()
    if child == 0:
        answer(context, connection)
        sys.exit(0)
    connection.close()

    def wait():
        status = os.waitpid(child, 0)[1]
        if status != 0:
            sys.exit(f"a child ended with status {status}")

    return wait


def answer(context, connection):
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.settimeout(30)
        tls.recv(65536)
        body = tls.version().encode()
        tls.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


main(*sys.argv[1:])
