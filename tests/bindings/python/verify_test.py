"""Paths and the doctor."""

import contextlib
import os
import re
import socket
import threading
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

import keystore
from keystore import _abi, _abi_openssl, _abi_verify

FOLDER = Path(os.environ["TEST_FOLDER"])
PIN = os.environ["TEST_PIN"]
WEB = FOLDER / "web.crt"
CA = FOLDER / "ca.crt"


class Paths(unittest.TestCase):
    def test_trusted(self):
        for trust in (CA, [CA], CA.read_bytes(), FOLDER / "ca.der"):
            verdict = keystore.verify(WEB, trust=trust, host="localhost")
            self.assertTrue(verdict)
            self.assertEqual((verdict.reason, verdict.openssl.accepts), ("ok", True))
            self.assertEqual([each.subject for each in verdict.path], ["CN=web", "CN=Test CA"])
            self.assertIn(verdict.botan.verdict, ("agrees", "no-opinion", "not-asked"))
        self.assertTrue(keystore.verify(verdict.path[0], trust=verdict.path[1], purpose="client"))

    def test_not_trusted(self):
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        future = datetime.now(timezone.utc) + timedelta(days=400)
        for options in (
            {"trust": []},
            {"trust": None},
            {"host": "elsewhere.test"},
            {"ip": "127.0.0.1"},
            {"at": past},
            {"at": future},
            {"distrust": CA},
            {"crl": FOLDER / "full.crl", "crl_check": "leaf"},
            {"crl_check": "leaf"},
            {"explicit_policy": True},
        ):
            verdict = keystore.verify(WEB, **{"trust": CA, **options})
            self.assertFalse(verdict, options)
            self.assertNotEqual(verdict.reason, "ok")

    def test_revocation_lists(self):
        options = {"trust": CA, "crl_check": "leaf"}
        self.assertTrue(keystore.verify(WEB, crl=FOLDER / "empty.crl", **options))
        good = keystore.verify(WEB, crl=FOLDER / "empty.crl", **options)
        self.assertEqual(good.revocation, "good")
        self.assertFalse(keystore.verify(WEB, crl=[FOLDER / "full.crl"], **options))

    def test_nothing_is_fetched_unless_asked(self):
        verdict = keystore.verify(WEB, trust=CA, crl_check="leaf")
        self.assertEqual((verdict.trusted, verdict.revocation, verdict.not_fetched), (False, "unknown", ()))
        soft = keystore.verify(WEB, trust=CA, crl_check="leaf", soft_fail=True)
        self.assertEqual((soft.trusted, soft.revocation), (True, "unknown"))
        # The certificate names no place to ask.
        asked = keystore.verify(WEB, trust=CA, ocsp=True, fetch_crl=True, aia=True, timeout=1)
        self.assertEqual((asked.trusted, asked.revocation), (False, "unknown"))

    def test_errors(self):
        for kind, call in (
            (keystore.NotFoundError, lambda: keystore.verify(FOLDER / "absent")),
            (keystore.IoError, lambda: keystore.verify(FOLDER)),
            (keystore.MalformedError, lambda: keystore.verify(b"nonsense")),
            (keystore.MalformedError, lambda: keystore.verify(WEB, trust=b"nonsense")),
            (keystore.InvalidArgumentError, lambda: keystore.verify(WEB, purpose="tea")),
            (keystore.InvalidArgumentError, lambda: keystore.verify(WEB, profile="tea")),
            (keystore.InvalidArgumentError, lambda: keystore.verify(WEB, crl_check="tea")),
            (keystore.InvalidArgumentError, lambda: keystore.verify(WEB, at=datetime(2026, 1, 1))),
        ):
            with self.assertRaises(kind):
                call()


class Doctor(unittest.TestCase):
    def codes(self, report):
        return {finding.code for target in report for finding in target.findings}

    def test_what_is_good(self):
        key = f"pkcs11:token=test;object=p256?pin-source=file:{FOLDER}/test.pin"
        report = keystore.check(key, trust=CA, host="localhost", soon_days=1)
        self.assertEqual([(each.target, each.error) for each in report], [(key, None)])
        self.assertNotEqual(report[0].verdict, "fail")
        report = keystore.check(FOLDER / "p256.crt", "pkcs11:token=test", pin=PIN, trust=CA, soon_days=1)
        self.assertNotIn("key.missing", self.codes(report))

    def test_what_is_wrong(self):
        report = keystore.check(WEB, FOLDER / "web.key", trust=CA, host="elsewhere.test")
        self.assertEqual([each.verdict for each in report][0], "fail")
        self.assertIn("cert.host-mismatch", self.codes(report))
        self.assertIn("cert.expires-soon", self.codes(report))
        (mismatch,) = [each for each in report[0].findings if each.code == "cert.host-mismatch"]
        self.assertEqual(mismatch.severity, "error")
        self.assertIn("elsewhere.test", mismatch.message)
        self.assertTrue(mismatch.why and mismatch.fix.text)
        self.assertIn("key.missing", self.codes(keystore.check(WEB, trust=CA)))

    def test_servers(self):
        context = keystore.ssl_context(
            keystore.identity("pkcs11:token=test;object=p256", pin=PIN), cafile=str(CA)
        )
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=self.serve, args=(context, listener), daemon=True)
        thread.start()
        target = f"tls://localhost:{listener.getsockname()[1]}"
        own = f"pkcs11:token=test;object=rsa2048?pin-source=file:{FOLDER}/test.pin"
        (report,) = keystore.check(target, trust=CA, identity=own, soon_days=1, timeout=20)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()
        self.assertIsNone(report.error)
        self.assertNotEqual(report.verdict, "fail", report.findings)

    @staticmethod
    def serve(context, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    with context.wrap_socket(connection, server_side=True) as tls:
                        tls.recv(100)

    def test_what_cannot_be_read(self):
        (report,) = keystore.check(FOLDER / "absent.pem", trust=CA)
        self.assertEqual((type(report.error), report.verdict), (keystore.NotFoundError, "fail"))


class Abi(unittest.TestCase):
    def test_structs_are_those_of_c(self):
        record = (Path(os.environ["KEYSTORE_SOURCE"]) / "tests/bindings/c/abi.txt").read_text()
        for struct in _abi.structs() + _abi_verify.structs() + _abi_openssl.structs():
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", struct.__name__).lower()
            size = re.search(rf"^struct ks_{name} (\d+)$", record, re.M)
            self.assertEqual(_abi.ctypes.sizeof(struct), int(size[1]), name)
            for field, *_ in struct._fields_:
                offset = re.search(rf"^  ks_{name}\.{field} (\d+)$", record, re.M)
                self.assertEqual(getattr(struct, field).offset, int(offset[1]), (name, field))
