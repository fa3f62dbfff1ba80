"""starttls_server.py PROTOCOL PORT CERT KEY: serves TLS after a plain dialogue, until it is ended.

PROTOCOL: smtp, imap, postgres; refusing-smtp offers no TLS; silent never says a word;
resetting asks for a certificate and, after the handshake, resets the connection.
"""

import socket
import ssl
import struct
import sys


def line(connection):
    text = b""
    while not text.endswith(b"\n"):
        octet = connection.recv(1)
        if not octet:
            raise ConnectionError("the client left")
        text += octet
    return text.strip()


def smtp(connection, offers=True):
    connection.sendall(b"220-mail.example.org\r\n220 ready\r\n")
    assert line(connection).startswith(b"EHLO ")
    connection.sendall(b"250-mail.example.org\r\n250 STARTTLS\r\n")
    assert line(connection) == b"STARTTLS"
    connection.sendall(b"220 go ahead\r\n" if offers else b"454 TLS not available\r\n")


def imap(connection):
    connection.sendall(b"* OK ready\r\n")
    tag, command = line(connection).split()
    assert command == b"STARTTLS"
    connection.sendall(b"* a remark\r\n" + tag + b" OK begin\r\n")


def postgres(connection):
    assert connection.recv(8) == bytes.fromhex("0000000804d2162f")
    connection.sendall(b"S")


def serve(connection, protocol, context):
    if protocol == "silent":
        connection.recv(1)
        return
    dialogues = {"smtp": smtp, "imap": imap, "postgres": postgres}
    if protocol == "refusing-smtp":
        smtp(connection, offers=False)
        return
    if protocol == "resetting":
        context.verify_mode = ssl.CERT_OPTIONAL
        context.num_tickets = 0
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    dialogues[protocol](connection)
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.recv(1)


def main():
    protocol, port, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                serve(connection, protocol, context)
            except (AssertionError, OSError) as error:
                print(error, flush=True)


main()
