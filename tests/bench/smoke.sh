#!/bin/bash
# smoke BENCH: every section of the benchmark runs, briefly, and what it prints is JSON with
# figures. Says nothing about speed.
set -euo pipefail
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$1" --json --quick > "$out"
/usr/bin/python3 - "$out" << 'CHECK'
import json
import sys

report = json.load(open(sys.argv[1]))
assert report["schema"] == "keystore/1", report
sections = {row["section"] for row in report["measurements"]}
expected = {"sign", "slow", "few", "layers", "load", "list", "pfx", "verify", "tls", "botan", "async"}
assert sections == expected, f"not the sections expected: {sections ^ expected}"
processes = [row["through"] for row in report["processes"]]
assert {"floor: file + pkcs11", "reference", "URI"} <= set(processes), processes
assert all(row["cost"]["wall_ms"] > 0 for row in report["processes"]), report
assert all(row["ratio"] > 0 for row in report["measurements"]), report
CHECK
