"""Key.to_cryptography(): what the package does with our keys is verified by plain OpenSSL."""

import copy
import os
import subprocess
import unittest
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

import keystore

FOLDER = Path(os.environ["TEST_FOLDER"])
PIN = os.environ["TEST_PIN"]
MESSAGE = b"attack at dawn"
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made here")])


def key(name):
    return keystore.key(f"pkcs11:token=test;object={name}", pin=PIN).to_cryptography()


def openssl(*words, data=None):
    return subprocess.run(["openssl", *words], input=data, capture_output=True)


class Keys(unittest.TestCase):
    def test_signs_certificates_and_requests(self):
        for name, digest in (("p256", hashes.SHA256()), ("rsa2048", hashes.SHA384()), ("ed25519", None)):
            private = key(name)
            builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME)
            builder = builder.public_key(private.public_key()).serial_number(7)
            builder = builder.not_valid_before(datetime(2024, 1, 1))
            builder = builder.not_valid_after(datetime.utcnow() + timedelta(days=9))
            certificate = builder.sign(private, digest).public_bytes(serialization.Encoding.PEM)
            (FOLDER / "made.pem").write_bytes(certificate)
            done = openssl("verify", "-CAfile", str(FOLDER / "made.pem"), str(FOLDER / "made.pem"))
            self.assertEqual(done.returncode, 0, done.stderr)
            request = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(private, digest)
            self.assertTrue(request.is_signature_valid)
            done = openssl("req", "-verify", "-noout", data=request.public_bytes(serialization.Encoding.PEM))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_rsa(self):
        private = key("rsa2048")
        public = private.public_key()
        mgf = padding.MGF1(hashes.SHA256())
        for pad in (
            padding.PKCS1v15(),
            padding.PSS(mgf, 20),
            padding.PSS(mgf, padding.PSS.MAX_LENGTH),
            padding.PSS(mgf, padding.PSS.DIGEST_LENGTH),
        ):
            public.verify(private.sign(MESSAGE, pad, hashes.SHA256()), MESSAGE, pad, hashes.SHA256())
        digest = hashes.Hash(hashes.SHA512())
        digest.update(MESSAGE)
        hashed = Prehashed(hashes.SHA512())
        signature = private.sign(digest.finalize(), padding.PKCS1v15(), hashed)
        public.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA512())
        for pad in (padding.PKCS1v15(), padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)):
            self.assertEqual(private.decrypt(public.encrypt(MESSAGE, pad), pad), MESSAGE)
        self.assertEqual(private.key_size, 2048)

    def test_ec(self):
        private = key("p256")
        other = ec.generate_private_key(ec.SECP256R1())
        signature = private.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))
        private.public_key().verify(signature, MESSAGE, ec.ECDSA(hashes.SHA384()))
        shared = other.exchange(ec.ECDH(), private.public_key())
        self.assertEqual(private.exchange(ec.ECDH(), other.public_key()), shared)
        self.assertEqual((private.curve.name, private.key_size), ("secp256r1", 256))

    def test_nothing_is_handed_out(self):
        for name in ("p256", "rsa2048", "ed25519"):
            private = key(name)
            with self.assertRaises(keystore.AccessDeniedError):
                private.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            with self.assertRaises(keystore.AccessDeniedError):
                pkcs12.serialize_key_and_certificates(
                    b"name", private, None, None, serialization.NoEncryption()
                )
            self.assertIs(copy.deepcopy(private), private)

    def test_signs_revocation_lists(self):
        private = key("p256")
        builder = x509.CertificateRevocationListBuilder().issuer_name(NAME)
        builder = builder.last_update(datetime(2024, 1, 1)).next_update(datetime(2034, 1, 1))
        made = builder.sign(private, hashes.SHA256())
        self.assertTrue(made.is_signature_valid(private.public_key()))
