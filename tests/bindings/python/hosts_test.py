"""What programs do to the package: odd arguments, large ones, processes, ends."""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import unittest
from pathlib import Path

import keystore

FOLDER = Path(os.environ["TEST_FOLDER"])
PIN = os.environ["TEST_PIN"]
TOKEN = "pkcs11:token=test"
SCHEME = "ecdsa_secp256r1_sha256"


def key(name="p256"):
    return keystore.key(f"{TOKEN};object={name}", pin=PIN)


def verifies(signature, message):
    (FOLDER / "signature").write_bytes(signature)
    words = ["openssl", "dgst", "-sha256", "-verify", str(FOLDER / "p256.pub"), "-signature"]
    done = subprocess.run([*words, str(FOLDER / "signature")], input=message, capture_output=True)
    return done.returncode == 0


def sign_again(name, results):
    """In another process, which opens the key itself."""
    results.put(key(name).sign(SCHEME, b"message"))


class Arguments(unittest.TestCase):
    def test_nul_ends_no_text_early(self):
        for call in (
            lambda: keystore.open(TOKEN + "\0;object=x"),
            lambda: keystore.key(f"{TOKEN};object=p256\0", pin=PIN),
            lambda: keystore.open(TOKEN, pin_source="file:/nowhere\0"),
            lambda: keystore.open(TOKEN, pin=PIN).entries(label="p256\0"),
            lambda: keystore.identity(TOKEN, pin=PIN, certificates="\0"),
            lambda: keystore.verify(FOLDER / "web.crt", host="localhost\0.test"),
            lambda: keystore.check("web\0"),
            lambda: keystore.open("\ud800"),
        ):
            with self.assertRaises(keystore.InvalidArgumentError):
                call()

    def test_secrets_may_contain_nul(self):
        with self.assertRaises(keystore.PinIncorrectError):
            keystore.key(FOLDER / "web.p12", pin=b"secret-words\0more")

    def test_types_are_told(self):
        for call in (
            lambda: keystore.open(7),
            lambda: keystore.open(b"file:x"),
            lambda: keystore.key(TOKEN, pin=7),
            lambda: key().sign(SCHEME, "text"),
            lambda: keystore.open(TOKEN, pin=PIN).entries(public_key="text"),
        ):
            with self.assertRaises(TypeError):
                call()
        for call in (
            lambda: keystore.open(TOKEN).entries(id="xyz"),
            lambda: keystore.open(TOKEN).entries(kind="thing"),
        ):
            with self.assertRaises(keystore.InvalidArgumentError):
                call()

    def test_octets_may_be_any_buffer(self):
        message = bytes(range(256))
        found = keystore.open(TOKEN, pin=PIN).entries(id=bytearray(bytes.fromhex(key().entry.id)))
        self.assertEqual({each.label for each in found}, {"p256"})
        with key() as signer:
            for given in (bytearray(message), memoryview(message), memoryview(message + message)[:256]):
                self.assertTrue(verifies(signer.sign(SCHEME, given), message))
            backwards = memoryview(message)[::-1]
            self.assertTrue(verifies(signer.sign(SCHEME, backwards), message[::-1]))
            self.assertTrue(verifies(signer.sign(SCHEME, b""), b""))

    def test_messages_may_be_large(self):
        message = bytes(100 << 20)
        self.assertTrue(verifies(key().sign(SCHEME, message, timeout=30), message))

    def test_paths_may_be_any_path(self):
        path = FOLDER / os.fsdecode(b"caf\xe9.p12")
        path.write_bytes((FOLDER / "web.p12").read_bytes())
        with keystore.key(path, pin="secret-words") as found:
            self.assertTrue(found.sign(SCHEME, b"message"))
        os.remove(path)


class Pins(unittest.TestCase):
    def test_a_wrong_pin_is_refused_after_all_handles_are_gone(self):
        key().close()
        gc.collect()
        for wrong in ("wrong", b"wrong", "pass:wrong", ""):
            with self.assertRaises(keystore.PinIncorrectError):
                keystore.key(TOKEN + ";object=p256", pin=wrong)
        key().close()


class Questions(unittest.TestCase):
    def test_interruptions_come_through(self):
        def interrupt(request):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            keystore.key(FOLDER / "web.p12", pin=interrupt)

    def test_answers_of_a_wrong_type_are_told(self):
        with self.assertRaises(TypeError):
            keystore.key(FOLDER / "web.p12", pin=lambda request: 7)

    def test_a_question_may_use_the_package(self):
        def answer(request):
            self.assertTrue(verifies(key().sign(SCHEME, b"message"), b"message"))
            return "secret-words"

        self.assertTrue(keystore.key(FOLDER / "web.p12", pin=answer))

    def test_each_thread_gets_its_own_exception(self):
        barrier, seen = threading.Barrier(8), {}

        def work(number):
            def refuse(request):
                barrier.wait(30)
                raise LookupError(number)

            try:
                keystore.key(FOLDER / "web.p12", pin=refuse)
            except LookupError as problem:
                seen[number] = problem.args

        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, {i: (i,) for i in range(8)})


class Processes(unittest.TestCase):
    def test_children_go_on_with_what_they_inherit(self):
        signer = key()
        signer.sign(SCHEME, b"message")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.write(writer, signer.sign(SCHEME, b"message", timeout=30))
                status = 0
            finally:
                os._exit(status)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            signature = pipe.read()
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertTrue(verifies(signature, b"message"))
        self.assertTrue(verifies(signer.sign(SCHEME, b"message"), b"message"))

    def test_multiprocessing(self):
        key().sign(SCHEME, b"message")
        for method in ("fork", "spawn"):
            with self.subTest(method):
                processes = multiprocessing.get_context(method)
                results = processes.Queue()
                child = processes.Process(target=sign_again, args=("p256", results))
                child.start()
                self.assertTrue(verifies(results.get(timeout=60), b"message"))
                child.join(60)
                self.assertEqual(child.exitcode, 0)

    def test_handles_stay_in_their_process(self):
        import copy
        import pickle

        with keystore.open(TOKEN, pin=PIN) as store, self.assertRaisesRegex(TypeError, "URI"):
            pickle.dumps(store)
        with self.assertRaisesRegex(TypeError, "URI"):
            copy.copy(key())

    def test_programs_end_while_threads_sign(self):
        source = (
            "import keystore, threading\n"
            f"key = keystore.key({TOKEN!r} + ';object=p256', pin={PIN!r})\n"
            "def work():\n"
            f"    while True: key.sign({SCHEME!r}, b'm')\n"
            "for _ in range(4): threading.Thread(target=work, daemon=True).start()\n"
            f"key.sign({SCHEME!r}, b'm')\n"
            "print('end')\n"
        )
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"end\n", b""))


if __name__ == "__main__":
    unittest.main()
