"""Rotator, and contexts that judge their peers by trust and CRLs of the library's."""

import os
import queue
import shutil
import ssl
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import keystore
from tls_test import CA, FOLDER, PIN, context, fetch, identity, serving


def put(name, target="live"):
    for kind in (".key", ".crt"):
        shutil.copy(FOLDER / (name + kind), FOLDER / "fresh")
        os.replace(FOLDER / "fresh", FOLDER / (target + kind))


def files(name):
    return keystore.identity(str(FOLDER / f"{name}.key"), certificates=str(FOLDER / f"{name}.crt"))


def shown(port, name="localhost"):
    """The common name of what the server there shows."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name]
    done = subprocess.run(words, input=b"Q\n", capture_output=True, timeout=20)
    subject = next(line for line in done.stdout.decode().splitlines() if line.startswith("subject="))
    return subject.split("=")[-1].strip()


class Rotation(unittest.TestCase):
    def watched(self, made):
        reports = queue.Queue()
        rotator = keystore.Rotator(made, reports.put, settle=0.05)
        self.addCleanup(rotator.close)
        return rotator, reports

    def test_a_running_server_shows_what_replaces_its_key(self):
        put("file")
        made = keystore.ssl_context(files("live"), purpose="server")
        rotator, reports = self.watched(made)
        with serving(made) as port:
            self.assertEqual(shown(port), "file")
            shutil.copy(FOLDER / "other.key", FOLDER / "live.key")  # alone, it fits nothing
            report = reports.get(timeout=60)
            self.assertIsInstance(report.error, keystore.KeyMismatchError)
            self.assertIsNone(report.leaf)
            self.assertEqual(shown(port), "file")
            put("other")
            report = reports.get(timeout=60)
            self.assertEqual((report.error, report.leaf.subject), (None, "CN=other"))
            self.assertIn("live.key", report.source)
            self.assertEqual(shown(port), "other")
            rotator.close()
            rotator.close()
            put("file")
            self.assertEqual(shown(port), "other")
        with self.assertRaises(keystore.InvalidArgumentError):
            rotator.check()

    def test_clients_show_what_replaces_their_key(self):
        put("file")
        made = keystore.ssl_context(files("live"), purpose="client", cafile=CA)
        _, reports = self.watched(made)
        with serving(context("p256", "server")) as port:
            self.assertEqual(fetch(port, made), "Hello, file")
            put("other")
            self.assertEqual(reports.get(timeout=60).leaf.subject, "CN=other")
            self.assertEqual(fetch(port, made), "Hello, other")

    def test_a_file_gives_way_to_a_token(self):
        put("file")
        made = keystore.ssl_context(files("live"), purpose="server")
        _, reports = self.watched(made)
        with serving(made) as port:
            put("other")  # settled before the next
            reports.get(timeout=60)
            reference = (FOLDER / "p256.ref").read_text()
            self.assertIn("KEYSTORE KEY REFERENCE", reference)
            shutil.copy(FOLDER / "p256.crt", FOLDER / "live.crt")
            shutil.copy(FOLDER / "p256.ref", FOLDER / "live.key")
            while (report := reports.get(timeout=60)).leaf is None:
                pass
            self.assertEqual(report.leaf.subject, "CN=p256")
            self.assertEqual(shown(port), "p256")

    def test_asks_the_callable_of_its_identity_again(self):
        asked = []

        def answer(request):
            asked.append(threading.current_thread())
            return "words"

        def encrypt(name):
            words = ["openssl", "pkey", "-in", str(FOLDER / f"{name}.key"), "-aes128", "-passout", "pass:words"]
            subprocess.run([*words, "-out", str(FOLDER / "fresh")], check=True, timeout=20)
            shutil.copy(FOLDER / f"{name}.crt", FOLDER / "secret.crt")
            os.replace(FOLDER / "fresh", FOLDER / "secret.key")

        encrypt("file")
        shown_identity = keystore.identity(
            str(FOLDER / "secret.key"), pin=answer, certificates=str(FOLDER / "secret.crt")
        )
        made = keystore.ssl_context(shown_identity)
        shown_identity.close()
        del shown_identity
        _, reports = self.watched(made)
        encrypt("other")
        while (report := reports.get(timeout=60)).leaf is None:
            pass
        self.assertEqual(report.leaf.subject, "CN=other")
        self.assertTrue(any(each is not threading.main_thread() for each in asked))

    def test_misuse_is_refused(self):
        with self.assertRaises(keystore.InvalidArgumentError):
            keystore.Rotator(ssl.create_default_context())
        put("file")
        made = keystore.ssl_context(files("live"))
        refusals = queue.Queue()

        def closing(report):
            try:
                rotator.close()
            except keystore.InvalidArgumentError as refusal:
                refusals.put(refusal)

        rotator = keystore.Rotator(made, closing, settle=0.05)
        put("other")
        self.assertIn("report", refusals.get(timeout=60).message)
        rotator.close()

    def test_programs_end_well_with_one(self):
        source = (
            "import keystore\n"
            f"made = keystore.ssl_context(keystore.identity({str(FOLDER / 'file.key')!r},"
            f" certificates={str(FOLDER / 'file.crt')!r}))\n"
            "keystore.Rotator(made, print).check()\n"
            "print('end')\n"
        )
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"end\n", b""))


class Several(unittest.TestCase):
    def test_the_name_that_is_asked_for_chooses(self):
        made = keystore.ssl_context([identity("p256"), files("file")])
        with serving(made) as port:
            self.assertEqual(shown(port, "file.test"), "file")
            self.assertEqual(shown(port, "p256.test"), "p256")
            self.assertEqual(shown(port, "nobody.test"), "p256")

    def test_server_name_callbacks_may_choose_another_context(self):
        made, other = keystore.ssl_context(identity("p256")), keystore.ssl_context(files("file"))

        def choose(connection, name, context):
            if name == "file.test":
                connection.context = other

        made.sni_callback = choose
        with serving(made) as port:
            self.assertEqual(shown(port, "file.test"), "file")
            self.assertEqual(shown(port, "p256.test"), "p256")


class Peers(unittest.TestCase):
    def test_clients_judge_by_trust_and_lists(self):
        def client(**options):
            return keystore.ssl_context(identity("p256"), purpose="client", **options)

        with serving(keystore.ssl_context(files("web"))) as port:
            for options in (
                {"trust": CA},
                {"trust": [CA], "crl": str(FOLDER / "empty.crl")},
                {"trust": CA, "crl": [str(FOLDER / "full.crl")], "crl_check": "none"},
                {"trust": CA, "crl_check": "leaf", "soft_fail": True},
            ):
                with self.subTest(options):
                    self.assertEqual(fetch(port, client(**options)), "Hello, None")
            for options, words in (
                ({"trust": CA, "crl": str(FOLDER / "full.crl")}, "certificate revoked"),
                ({"trust": "system:"}, "unable to get local issuer"),
            ):
                with self.subTest(options), self.assertRaisesRegex(OSError, words):
                    fetch(port, client(**options))
            made = client(trust=CA)
            with self.assertRaisesRegex(OSError, "IP address mismatch"):
                fetch(port, made, host="127.0.0.1")
            made.check_hostname = False
            self.assertEqual(fetch(port, made, host="127.0.0.1"), "Hello, None")

    def test_servers_judge_by_trust_and_lists_that_may_be_replaced(self):
        shutil.copy(FOLDER / "empty.crl", FOLDER / "live.crl")
        made = keystore.ssl_context(identity("p256"), trust=CA, crl=str(FOLDER / "live.crl"))
        self.assertEqual(made.verify_mode, ssl.CERT_REQUIRED)
        reports = queue.Queue()
        client = keystore.ssl_context(files("web"), purpose="client", cafile=CA)
        with serving(made) as port, keystore.Rotator(made, reports.put, settle=0.05):
            self.assertEqual(fetch(port, client), "Hello, web")
            shutil.copy(FOLDER / "full.crl", FOLDER / "live.crl")
            self.assertEqual(reports.get(timeout=60).source, "trust")
            with self.assertRaises(OSError):
                fetch(port, client)
            with self.assertRaises(OSError):
                fetch(port, ssl.create_default_context(cafile=CA))

    def test_what_makes_no_sense_is_refused(self):
        shown_identity = identity("p256")
        for options in (
            {"cafile": CA, "trust": CA},
            {"crl": str(FOLDER / "empty.crl")},
            {"trust": CA, "crl_check": "sometimes"},
            {"trust": CA, "crl_check": "chain"},
        ):
            with self.subTest(options), self.assertRaises(keystore.InvalidArgumentError):
                keystore.ssl_context(shown_identity, **options)
        with self.assertRaises(keystore.NotFoundError):
            keystore.ssl_context(shown_identity, trust=str(FOLDER / "absent.pem"))
        with self.assertRaises(keystore.InvalidArgumentError):
            keystore.ssl_context([])
        shown_identity.close()
        with self.assertRaises(keystore.InvalidArgumentError):
            keystore.ssl_context(shown_identity)


if __name__ == "__main__":
    unittest.main()
