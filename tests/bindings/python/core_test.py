"""Stores, keys, identities and errors."""

import gc
import os
import subprocess
import sys
import threading
import unittest
from datetime import datetime, timezone
from pathlib import Path

import keystore
from keystore import _abi

FOLDER = Path(os.environ["TEST_FOLDER"])
PIN = os.environ["TEST_PIN"]
TOKEN = "pkcs11:token=test"
MESSAGE = b"attack at dawn"


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True)


class AErrors(unittest.TestCase):
    """First, because a token that is logged in asks for no PIN."""

    def expect(self, kind, words, call):
        with self.assertRaises(keystore.KeystoreError) as caught:
            call()
        error = caught.exception
        self.assertIs(type(error), kind)
        self.assertEqual(error.code, kind.code)
        self.assertIn(words, error.message)
        self.assertNotIn(PIN, repr(error) + str(error))
        return error

    def test_errors_are_exceptions(self):
        self.expect(keystore.MalformedError, "object", lambda: keystore.open("pkcs11:object=a;object=b"))
        self.expect(
            keystore.NotFoundError, "absent", lambda: keystore.key("pkcs11:token=absent;object=x")
        )
        self.expect(
            keystore.MalformedError, "broken.pem", lambda: keystore.key(str(FOLDER / "broken.pem"))
        )
        self.expect(keystore.PinRequiredError, "test", lambda: keystore.key(TOKEN + ";object=p256"))
        wrong = self.expect(
            keystore.PinIncorrectError,
            "test",
            lambda: keystore.key(TOKEN + ";object=p256", pin="wrong pin"),
        )
        self.assertEqual(wrong.cause, ("pkcs11", "C_Login", 0xA0))
        self.assertEqual((str(wrong.code), int(wrong.code)), ("pin_incorrect", 7))
        self.expect(
            keystore.InvalidArgumentError, "pin", lambda: keystore.open(TOKEN, pin="x", pin_source="y")
        )

    def test_what_a_callable_raises_is_raised(self):
        class Refusal(Exception):
            pass

        def refuse(request):
            self.assertEqual((request.what, request.object), ("token-pin", "test"))
            self.assertIn("PIN for token 'test'", request.prompt)
            raise Refusal

        with self.assertRaises(Refusal):
            keystore.key(TOKEN + ";object=p256", pin=refuse)
        self.expect(keystore.MalformedError, "object", lambda: keystore.open("pkcs11:object=a;object=b"))

    def test_each_code_has_a_class(self):
        codes = {each.code for each in keystore.KeystoreError.__subclasses__()}
        self.assertEqual(codes, set(keystore.ErrorCode))
        names = {_abi.ks.ks_error_name(int(each)) for each in keystore.ErrorCode}
        self.assertEqual(names, {each.value.encode() for each in keystore.ErrorCode})


_abi.declare(_abi.ks, {"ks_error_name": (_abi.c_char_p, [_abi.c_int32])})


class Stores(unittest.TestCase):
    def test_lists_entries(self):
        with keystore.open(TOKEN, pin=PIN) as store:
            self.assertEqual(store.uri, TOKEN)
            entries = store.entries()
            keys = store.entries(kind="private-key")
            self.assertEqual(store.entries(label="nobody"), [])
            (one,) = store.entries(kind="private-key", id=keys[0].id)
        with self.assertRaises(keystore.InvalidArgumentError):
            store.entries()
        self.assertEqual(entries.skipped, [])
        self.assertEqual(one, keys[0])
        self.assertEqual({key.label for key in keys}, {"p256", "rsa2048", "ed25519"})
        ec = next(key for key in keys if key.label == "p256")
        self.assertEqual((ec.custody, ec.extractable, ec.certificate), ("token", False, None))
        self.assertEqual((ec.key.type, ec.key.bits, ec.key.curve), ("ec", 256, "P-256"))
        self.assertRegex(ec.key.spki_sha256, "^[0-9a-f]{64}$")
        self.assertTrue(ec.uri.startswith("pkcs11:token=test;object=p256;type=private"))
        self.assertNotIn("pin", ec.uri)
        leaf = next(e for e in entries if e.kind == "certificate" and e.label == "p256").certificate
        self.assertEqual((leaf.subject, leaf.issuer), ("CN=p256", "CN=Test CA"))
        self.assertEqual(leaf.names, ("dns:p256.test", "dns:localhost"))
        self.assertLess(leaf.not_before, datetime.now(timezone.utc))
        self.assertIn("BEGIN CERTIFICATE", leaf.pem())

    def test_is_ambiguous_without_a_name(self):
        with keystore.open(TOKEN, pin=PIN) as store, self.assertRaises(keystore.AmbiguousError) as caught:
            store.key()
        self.assertIn("object=rsa2048", caught.exception.message)

    def test_keys_outlive_their_store(self):
        asked = []

        def answer(request):
            asked.append(request)
            return PIN

        with keystore.open(TOKEN, pin=answer) as store:
            key = store.key(label="p256")
        del store
        gc.collect()
        self.assertTrue(key.sign("ecdsa_secp256r1_sha256", MESSAGE))

    def test_files_open_with_a_passphrase(self):
        path = str(FOLDER / "web.p12")
        with self.assertRaises(keystore.PinRequiredError):
            keystore.key(path)
        with self.assertRaises(keystore.PinIncorrectError):
            keystore.key(path, pin="wrong")
        with self.assertRaises(keystore.PinIncorrectError):
            keystore.key(path, pin=b"pass:secret-words")
        keystore.key(path, pin="pass:secret-words").close()
        with keystore.key(path, pin=lambda request: "secret-words") as key:
            self.assertEqual(key.entry.custody, "file")
            self.assertTrue(key.sign("ecdsa_secp256r1_sha256", MESSAGE))


class Keys(unittest.TestCase):
    def verify(self, name, signature, *options):
        file = FOLDER / "signature"
        file.write_bytes(signature)
        plain = FOLDER / "message"
        plain.write_bytes(MESSAGE)
        words = ["pkeyutl", "-verify", "-pubin", "-inkey", str(FOLDER / f"{name}.pub"), "-rawin"]
        done = openssl(*words, "-in", str(plain), "-sigfile", str(file), *options)
        self.assertEqual(done.returncode, 0, done.stderr)

    def key(self, name):
        return keystore.key(f"{TOKEN};object={name}", pin=PIN)

    def test_signs(self):
        pss = ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
        with self.key("rsa2048") as key:
            self.assertIn(keystore.SignatureScheme.rsa_pss_rsae_sha256, key.schemes)
            signature = key.sign("rsa_pkcs1_sha256", MESSAGE)
            self.verify("rsa2048", signature, "-digest", "sha256")
            signature = key.sign(keystore.SignatureScheme.rsa_pss_rsae_sha256, bytearray(MESSAGE))
            self.verify("rsa2048", signature, "-digest", "sha256", *pss)
            self.assertEqual(len(signature), 256)
        with self.key("p256") as key:
            signature = key.sign(0x0403, MESSAGE, timeout=10)
            self.verify("p256", signature, "-digest", "sha256")
        with self.key("ed25519") as key:
            self.verify("ed25519", key.sign("ed25519", MESSAGE))

    def test_refuses_what_it_cannot_sign(self):
        key = self.key("ed25519")
        for scheme in ("rsa_pkcs1_sha256", "nonsense", 0x1234, -1):
            with self.assertRaises(keystore.InvalidArgumentError):
                key.sign(scheme, MESSAGE)
        with self.assertRaises(TypeError):
            key.sign("ed25519", "text")
        key.close()
        key.close()
        with self.assertRaises(keystore.InvalidArgumentError):
            key.sign("ed25519", MESSAGE)

    def test_signs_digests(self):
        import hashlib

        spec = keystore.SignSpec("ecdsa", "sha384")
        with self.key("p256") as key:
            self.assertTrue(key.can_sign(spec))
            signature = key.sign_digest(spec, hashlib.sha384(MESSAGE).digest())
        self.verify("p256", signature, "-digest", "sha384")

    def test_decrypts_and_derives(self):
        public = ["-pubin", "-inkey", str(FOLDER / "rsa2048.pub"), "-pkeyopt", "rsa_padding_mode:oaep"]
        secret = openssl("pkeyutl", "-encrypt", *public, data=MESSAGE).stdout
        with self.key("rsa2048") as key:
            self.assertEqual(key.decrypt(keystore.DecryptSpec(digest="sha1"), secret), MESSAGE)
            with self.assertRaises(keystore.MalformedError):
                key.decrypt(keystore.DecryptSpec(digest="sha1"), bytes(256))
        web, peer = str(FOLDER / "web.key"), str(FOLDER / "p256.pub")
        theirs = openssl("pkeyutl", "-derive", "-inkey", web, "-peerkey", peer).stdout
        public = openssl("pkey", "-in", web, "-pubout", "-outform", "DER").stdout
        with self.key("p256") as key:
            self.assertEqual(key.derive(public), theirs)

    def test_closing_waits_for_nobody(self):
        key = self.key("rsa2048")
        failures = []

        def sign():
            try:
                while True:
                    key.sign("rsa_pkcs1_sha256", MESSAGE)
            except keystore.InvalidArgumentError as closed:
                failures.append(closed)

        threads = [threading.Thread(target=sign) for _ in range(4)]
        for thread in threads:
            thread.start()
        key.sign("rsa_pkcs1_sha256", MESSAGE)
        key.close()
        for thread in threads:
            thread.join()
        self.assertEqual(len(failures), 4)


class Identities(unittest.TestCase):
    def test_finds_key_and_certificates(self):
        for uri, options in (
            ("keystore:web", {}),
            (TOKEN + ";object=p256", {"pin": PIN}),
            (TOKEN + ";object=p256", {"pin": PIN, "certificates": str(FOLDER / "p256.crt")}),
            (TOKEN + ";object=p256", {"pin_source": f"file:{FOLDER}/test.pin"}),
            (TOKEN + ";object=p256", {"pin": f"file:{FOLDER}/test.pin"}),
        ):
            with keystore.identity(uri, **options) as identity:
                self.assertEqual(identity.certificate.subject, "CN=p256")
                self.assertEqual(identity.chain, ())
                identity.prove()
                key = identity.key
            self.assertTrue(key.sign("ecdsa_secp256r1_sha256", MESSAGE))

    def test_mismatch_is_named(self):
        with self.assertRaises(keystore.KeyMismatchError):
            keystore.identity(
                TOKEN + ";object=p256", pin=PIN, certificates=str(FOLDER / "web.crt")
            )


class Ends(unittest.TestCase):
    def test_interpreters_end_well(self):
        source = (
            "import keystore\n"
            f"key = keystore.key({TOKEN!r} + ';object=p256', pin=lambda request: {PIN!r})\n"
            "store = keystore.open('pkcs11:token=test', pin=lambda request: 'x')\n"
            "print(len(key.sign('ecdsa_secp256r1_sha256', b'x')) > 0)\n"
        )
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"True\n", b""))
