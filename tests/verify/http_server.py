#!/usr/bin/python3
"""A server of certificates, CRLs and OCSP responses, and of what a hostile one sends.

usage: http_server.py FOLDER [ADDRESS]

Prints its port, serves the files of FOLDER, and appends the path of each request to FOLDER/requests.
POST /ocsp/NAME is answered by `openssl ocsp` with the arguments in FOLDER/NAME.ocsp, one a line.
FOLDER/NAME.redirect holds the URL that requests of NAME are led to.
"""
import http.server
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    timeout = 20

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self, chunk, pause):
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(2000):
                self.wfile.write(chunk)
                self.wfile.flush()
                if pause and self.connection.recv(1) == b"":  # waits for the other end to give up
                    return
        except OSError:
            pass

    def note(self):
        with open(FOLDER / "requests", "a") as requests:
            requests.write(self.path + "\n")

    def answer_anything(self, name):
        """What is answered in the same way to every kind of request; whether there is such a thing."""
        redirect = FOLDER / (name + ".redirect")
        if name == "huge":
            self.endless(b"0" * 65536, False)
        elif name == "slow":
            self.endless(b"0", True)
        elif name == "page":
            self.answer(b"<html>this is a page</html>", 200, [("Content-Type", "text/html")])
        elif redirect.is_file():
            self.answer(b"", 302, [("Location", redirect.read_text().strip())])
        else:
            return False
        return True

    def do_GET(self):
        self.note()
        name = self.path.strip("/")
        if self.answer_anything(name):
            return
        if name == "loop":
            self.answer(b"", 302, [("Location", "/loop")])
        elif name == "elsewhere":
            self.answer(b"", 302, [("Location", f"file://{FOLDER}/root.der")])
        elif name.startswith("moved-"):
            self.answer(b"", 302, [("Location", "/" + name.removeprefix("moved-"))])
        elif (FOLDER / name).is_file():
            self.answer((FOLDER / name).read_bytes())
        else:
            self.answer(b"", 404)

    def do_POST(self):
        self.note()
        request = self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.rsplit("/", 1)[1]
        if self.answer_anything(name):
            return
        arguments = FOLDER / (name + ".ocsp")
        if not arguments.is_file():
            self.answer(b"\x30\x03\x0a\x01\x02")  # OCSPResponse { internalError }
            return
        with tempfile.TemporaryDirectory() as work:
            asked, said = f"{work}/asked", f"{work}/said"
            pathlib.Path(asked).write_bytes(request)
            subprocess.run(["openssl", "ocsp", *arguments.read_text().split("\n")[:-1], "-reqin", asked,
                            "-respout", said], check=True, stdout=subprocess.DEVNULL, timeout=20)
            self.answer(pathlib.Path(said).read_bytes())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
