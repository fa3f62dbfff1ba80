"""progress.py KEYSTORE PIN-FILE: the command with a terminal as its stderr, and a token that hangs in
a call until the fault is taken away ($KEYSTORE_TEST_FAULTS): what the terminal shows meanwhile."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

keystore, pin_file = sys.argv[1:]
faults = os.environ["KEYSTORE_TEST_FAULTS"]
with open(faults, encoding="ascii") as rows:
    hang = rows.read()
uri = "pkcs11:token=prod"
pin = ["--pin", "file:" + pin_file]


def set_faults(rows):
    with open(faults + ".new", "w", encoding="ascii") as fresh:
        fresh.write(rows)
    os.replace(faults + ".new", faults)


class Run:
    """A command whose stderr, and with `on_both` its stdout too, is a terminal of 60 columns."""

    def __init__(self, *arguments, on_both=False, columns=60, **environment):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, columns))
        self.shown = ""
        self.process = subprocess.Popen(
            [keystore, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=slave if on_both else subprocess.PIPE,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", **environment},
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(slave), os.O_RDWR)),
        )
        os.close(slave)

    def read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.master, 4096)
        except OSError:  # nobody holds the other end any more
            return False
        self.shown += piece.decode()
        return bool(piece)

    def wait_for(self, pattern):
        end = time.monotonic() + 20
        while not re.search(pattern, self.shown):
            if time.monotonic() > end or not self.read(1) and self.process.poll() is not None:
                fail(f"the terminal does not show {pattern!r}", self)

    def finish(self):
        out = self.process.stdout.read().decode() if self.process.stdout else ""
        while self.read(5):
            pass
        return out, self.process.wait(timeout=20)

    def type(self, text):
        os.write(self.master, text.encode())

    def screen(self):
        """What is left on the terminal in the end: carriage returns write over what was there."""
        lines = []
        for line in self.shown.split("\n"):
            row = ""
            for piece in line.rstrip("\r").split("\r"):
                row = piece + row[len(piece) :]
            lines.append(row.rstrip())
        return "\n".join(lines).strip()


def fail(why, run):
    run.process.kill()
    sys.exit(f"FAILED: {why}\n{run.shown!r}")


def check(holds, why, run):
    if not holds:
        fail(why, run)


# Said after a second, counted on, and gone when the result is there.
run = Run("ls", uri, *pin)
run.wait_for(r"\rkeystore: reading pkcs11:token=prod \.\.\. [2-9] s")
set_faults("")
out, status = run.finish()
check(status == 0 and "private-key" in out, "the listing is not as ever", run)
check(run.screen() == "", "something is left on the terminal", run)

# A result on the same terminal stands alone.
set_faults(hang)
run = Run("ls", uri, *pin, on_both=True)
run.wait_for("keystore: reading")
set_faults("")
check(run.finish()[1] == 0, "the listing failed", run)
check("keystore:" not in run.screen() and "private-key" in run.screen(), "not the result alone", run)

# So does an error.
set_faults(hang)
run = Run("sign", uri + ";object=other", "--scheme", "ed25519", "--in", pin_file, *pin)
run.wait_for("keystore: looking for pkcs11:token=prod;object=other")
set_faults("")
check(run.finish()[1] == 3, "the key was found", run)
check(run.screen().startswith("keystore: error: "), "not the error alone", run)

# And what an interrupt says.
set_faults(hang)
run = Run("ls", uri, *pin)
run.wait_for("keystore: reading")
run.process.send_signal(signal.SIGINT)
check(run.finish()[1] == 130, "not interrupted", run)
check(run.screen() == "keystore: error: interrupted", "not the interrupt alone", run)

# Nothing while somebody is asked, however long that takes; a PIN is no part of what is said.
set_faults("C_GetTokenInfo hang")
run = Run("ls", uri + "?pin-source=prompt")
run.wait_for("keystore: ")
set_faults(hang)
run.wait_for(r"PIN for token 'prod'[^\n]*: $")
check(run.screen().startswith("PIN for token"), "the question does not stand alone", run)
check(not run.read(2.5), "something is said while a question stands", run)
with open(pin_file, encoding="ascii") as file:
    run.type(file.read() + "\n")
run.wait_for("keystore: reading")
set_faults("")
check(run.finish()[1] == 0, "the listing failed", run)
check("pin-source" not in run.shown, "a PIN's source is said", run)

# Cut to a row of a narrow terminal.
set_faults(hang)
run = Run("ls", uri, *pin, columns=20)
run.wait_for("keystore: reading p")
set_faults("")
run.finish()
check("pkcs11" not in run.shown, "longer than a row", run)

# A terminal that cannot write over a row, or a file, gets nothing of it.
set_faults("C_FindObjectsInit delay=1500 on=1")
run = Run("ls", uri, *pin, TERM="dumb", KEYSTORE_TEST_COUNTS=faults + ".counts")
check(run.finish()[1] == 0 and run.shown == "", "a dumb terminal shows something", run)
plain = subprocess.run(
    [keystore, "ls", uri, *pin],
    env={**os.environ, "KEYSTORE_TEST_COUNTS": faults + ".other-counts"},
    capture_output=True,
    timeout=30,
    check=True,
)
check(plain.stderr == b"", f"stderr has {plain.stderr!r}", run)
