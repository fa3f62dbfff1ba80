"""on_terminal.py ANSWER… -- COMMAND…: runs a command that has a controlling terminal, where somebody
types one answer after the other; "^C" interrupts. What the terminal showed goes to stderr, a line
per question; standard output and the exit status are the command's."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

split = sys.argv.index("--")
answers, command = sys.argv[1:split], sys.argv[split + 1 :]
master, slave = pty.openpty()


def take_terminal():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


process = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=take_terminal)
shown = b""
end = time.monotonic() + 30
while process.poll() is None and time.monotonic() < end:
    ready, _, _ = select.select([master], [], [], 0.05)
    if not ready:
        continue
    piece = os.read(master, 4096)
    shown += piece
    asked_by_openssl = shown.rpartition(b"\n")[2].startswith(b"Enter ") and piece.endswith(b":")
    if answers and (asked_by_openssl or piece.endswith((b": ", b"] ", b"? "))):
        answer = answers.pop(0)
        os.write(master, b"\x03" if answer == "^C" else answer.encode() + b"\n")
process.wait(timeout=1)
while select.select([master], [], [], 0)[0]:
    shown += os.read(master, 4096)
for line in shown.decode(errors="backslashreplace").splitlines():
    if line.strip():
        print("terminal: " + line, file=sys.stderr)
sys.exit(process.returncode if process.returncode >= 0 else 128 - process.returncode)
