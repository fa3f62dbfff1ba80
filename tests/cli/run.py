"""Runs a script file: commands, what they print and how they end.

    $ COMMAND          run by bash in the work folder
    text               a line on stdout; <*> stands for anything
    json {…}           stdout is one JSON object that holds these members (<*> as above)
    ! text             a line on stderr
    ...  and  ! ...    any number of lines
    = N                the exit status; 0 where it is not said

Nothing else may be printed. $WORK is the work folder, also in commands. Every command starts with a
closed standard input and without a terminal.
"""

import json
import re
import subprocess
import sys


class Case:
    def __init__(self, line, command):
        self.line = line
        self.command = command
        self.out = []
        self.err = []
        self.json = None
        self.status = 0


def cases(text):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("$ "):
            found.append(Case(number, line[2:]))
        elif not line or line.startswith("#"):
            continue
        elif line.startswith("= "):
            found[-1].status = int(line[2:])
        elif line.startswith("! "):
            found[-1].err.append(line[2:])
        elif line.startswith("json "):
            found[-1].json = json.loads(line[5:])
        else:
            found[-1].out.append(line)
    return found


def pattern(lines, flags=0):
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("<*>")) + r"\n")
    return re.compile("".join(parts), flags)


def holds(found, wanted):
    """Whether every member that is wanted is there."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and holds(found[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(holds(f, w) for f, w in zip(found, wanted))
        )
    if isinstance(wanted, str) and isinstance(found, str):
        return pattern([wanted], re.DOTALL).fullmatch(found + "\n") is not None
    return type(found) is type(wanted) and found == wanted


def json_holds(text, wanted):
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return text.count("\n") == 1 and found.get("schema") == "keystore/1" and holds(found, wanted)


def problems(case, run, work):
    found = []
    if run.returncode != case.status:
        found.append(f"exit status {run.returncode}, not {case.status}")
    wanted = [line.replace("$WORK", work) for line in case.out]
    if case.json is not None:
        resolved = json.loads(json.dumps(case.json).replace("$WORK", work))
        if not json_holds(run.stdout, resolved):
            found.append(f"stdout does not hold {json.dumps(resolved)}")
    elif not pattern(wanted).fullmatch(run.stdout):
        found.append("stdout is another one")
    if not pattern([line.replace("$WORK", work) for line in case.err]).fullmatch(run.stderr):
        found.append("stderr is another one")
    return found


def main():
    path, work = sys.argv[1:]
    failed = 0
    with open(path, encoding="utf-8") as file:
        all_cases = cases(file.read())
    for case in all_cases:
        run = subprocess.run(
            ["bash", "-c", case.command.replace("$WORK", work)],
            cwd=work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
        what = problems(case, run, work)
        if what:
            failed += 1
            print(f"{path}:{case.line}: {'; '.join(what)}\n  $ {case.command}")
            print(f"  status: {run.returncode}\n  stdout: {run.stdout}  stderr: {run.stderr}")
    print(f"{len(all_cases)} commands, {failed} failed")
    return 1 if failed or not all_cases else 0


sys.exit(main())
