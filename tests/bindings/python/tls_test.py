"""ssl_context: servers and clients whose keys stay on a token."""

import asyncio
import contextlib
import gc
import http.server
import os
import ssl
import subprocess
import threading
import unittest
import urllib.request
from pathlib import Path

import keystore

FOLDER = Path(os.environ["TEST_FOLDER"])
PIN = os.environ["TEST_PIN"]
CA = str(FOLDER / "ca.crt")
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def identity(name):
    if name == "file":
        return keystore.identity(str(FOLDER / "file.key"), certificates=str(FOLDER / "file.crt"))
    return keystore.identity(f"pkcs11:token=test;object={name}", pin=lambda request: PIN)


def context(name, purpose, mutual=True):
    made = keystore.ssl_context(identity(name), purpose=purpose)
    if purpose == "client" or mutual:
        made.load_verify_locations(CA)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


class Greeting(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        names = dict(pair[0] for pair in (self.connection.getpeercert() or {}).get("subject", ()))
        body = f"Hello, {names.get('commonName')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(made):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Greeting)
    server.socket = made.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def fetch(port, made, host="localhost"):
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=made)
    )
    with opener.open(f"https://{host}:{port}/", timeout=20) as answer:
        return answer.read().decode()


class Contexts(unittest.TestCase):
    def test_http_server_and_urllib(self):
        for server in ("p256", "rsa2048", "ed25519", "file"):
            for client, (name, version) in zip(("rsa2048", "file"), VERSIONS.items()):
                with self.subTest(server=server, client=client, version=name):
                    made = context(server, "server")
                    made.minimum_version = made.maximum_version = version
                    with serving(made) as port:
                        self.assertEqual(fetch(port, context(client, "client")), f"Hello, {client}")

    def test_curl_and_openssl(self):
        for name in ("p256", "rsa2048"):
            with serving(context(name, "server")) as port:
                for version in VERSIONS:
                    own = ["--cert", str(FOLDER / "file.crt"), "--key", str(FOLDER / "file.key")]
                    words = ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", CA, *own]
                    words += [f"--tlsv{version}", "--tls-max", version, f"https://localhost:{port}/"]
                    done = subprocess.run(words, capture_output=True)
                    self.assertEqual((done.stdout, done.returncode), (b"Hello, file", 0), done.stderr)
                    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", CA]
                    words += ["-verify_return_error", "-cert", str(FOLDER / "file.crt"), "-key"]
                    words += [str(FOLDER / "file.key"), "-tls" + version.replace(".", "_")]
                    done = subprocess.run(words, input=b"Q\n", capture_output=True, timeout=20)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(b"Verify return code: 0", done.stdout)

    def test_strangers_are_refused(self):
        with serving(context("p256", "server")) as port:
            stranger = ssl.create_default_context(cafile=CA)
            with self.assertRaises(OSError):
                fetch(port, stranger)
            unbelieving = keystore.ssl_context(identity("rsa2048"), purpose="client")
            with self.assertRaises(urllib.error.URLError):
                fetch(port, unbelieving)
            elsewhere = context("rsa2048", "client")
            self.assertTrue(elsewhere.check_hostname)

    def test_asyncio(self):
        async def answer(reader, writer):
            line = await reader.readline()
            writer.write(b"you said " + line)
            await writer.drain()
            writer.close()

        async def ask(port, made):
            reader, writer = await asyncio.open_connection("localhost", port, ssl=made)
            writer.write(b"hello\n")
            said = await reader.readline()
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            return said

        async def all_of_it():
            made = context("p256", "server")
            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=made)
            port = server.sockets[0].getsockname()[1]
            client = context("ed25519", "client")
            said = await asyncio.gather(*(ask(port, client) for _ in range(20)))
            server.close()
            await server.wait_closed()
            return said

        self.assertEqual(set(asyncio.run(all_of_it())), {b"you said hello\n"})

    def test_contexts_keep_what_they_need(self):
        made = context("p256", "server", mutual=False)
        gc.collect()
        with serving(made) as port:
            client = context("file", "client")
            self.assertEqual(fetch(port, client), "Hello, None")

    def test_nothing_is_configured_and_other_keys_work(self):
        self.assertNotIn("OPENSSL_CONF", os.environ)
        context("p256", "server")
        plain = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=CA)
        plain.load_cert_chain(FOLDER / "file.crt", FOLDER / "file.key")
        plain.verify_mode = ssl.CERT_REQUIRED
        with serving(plain) as port:
            self.assertEqual(fetch(port, context("p256", "client")), "Hello, p256")
        with self.assertRaises(ssl.SSLError):
            plain.load_cert_chain(FOLDER / "file.crt", FOLDER / "other.key")
        with self.assertRaises(keystore.InvalidArgumentError):
            keystore.ssl_context(identity("p256"), purpose="both")


if __name__ == "__main__":
    unittest.main()
