#!/usr/bin/python3
"""Paths that other projects made, through `keystore verify --batch`.

usage: corpus.py KEYSTORE CORPUS FLOORS [--short] [--list SET]

Prints for each set how many rows come out as their source states, and fails below the floors of
FLOORS (JSON: set -> {"agree": least share, "false_accepts": most}). --short takes every fourth row
and then compares no share, only false accepts and good paths that Botan's veto loses. --list names the differences of a set.
"""
import collections
import csv
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.S)


class Row:
    """One case: its question, what its source states, and what OpenSSL alone says."""

    def __init__(self, name, good, question, openssl=None, unsaid=""):
        self.name, self.good, self.question = name, good, question
        self.openssl, self.unsaid = openssl, unsaid  # unsaid: why no option expresses it


class Corpus:
    def __init__(self, root, work):
        self.root, self.work, self.count = pathlib.Path(root), pathlib.Path(work), 0

    def json(self, name):
        return json.loads((self.root / name).read_text())

    def file(self, text):
        self.count += 1
        path = self.work / f"{self.count}.pem"
        path.write_text(text)
        return str(path)

    def path(self, name):
        return str(self.root / name)

    def pkits(self):
        table = self.json("pkits/pkits.json")
        for test in table["tests"]:
            certs = [self.path(f"pkits/certs/{name}.crt") for name in test["certs"]]
            yield Row(test["id"], test["expected"] == "SUCCESS", {
                "cert": certs[-1], "chain": certs[1:-1], "trust": certs[:1],
                "crl": [self.path(f"pkits/crls/{name}.crl") for name in test["crls"]],
                "crl_check": "chain", "at": table["validation_time"],
                "policy": test["initial_policy_set"],
                "explicit_policy": test["initial_explicit_policy"],
                "inhibit_policy_mapping": test["initial_policy_mapping_inhibit"],
                "inhibit_any_policy": test["initial_inhibit_any_policy"]}, test["openssl30"])

    def openssl(self):
        purposes = {"": "any", "sslserver": "server", "sslclient": "client",
                    "timestampsign": "timestamp"}
        for test in self.json("chains/openssl-verify.json"):
            files = lambda names: [self.path(f"chains/openssl-certs/{n}.pem") for n in names]
            question = {"cert": files([test["cert"]])[0], "chain": files(test["untrusted"]),
                        "trust": files(test["trusted"]), "purpose": purposes.get(test["purpose"])}
            unsaid = "" if test["purpose"] in purposes else f"purpose {test['purpose']}"
            options = list(test["options"])
            while options:
                option = options.pop(0)
                if option == "-partial_chain":
                    question["partial_chain"] = True
                elif option == "-verify_depth":
                    question["depth"] = int(options.pop(0))
                elif option == "-policy":
                    question["policy"] = [options.pop(0)]
                elif option == "-explicit_policy":
                    question["explicit_policy"] = True
                elif option == "-auth_level":
                    level = options.pop(0)
                    unsaid = unsaid or ("" if level == "1" else f"auth_level {level}")
                elif option not in ("-policy_check", "-check_ss_sig"):
                    unsaid = option
            yield Row(test["id"], test["expected"] == "SUCCESS", question, test["openssl30"], unsaid)

    def chromium(self):
        purposes = {"SERVER_AUTH": "server", "CLIENT_AUTH": "client", "ANY_EKU": "any"}
        for test in self.json("chains/chromium.json"):
            blocks = [m.group(0) for m in PEM.finditer((self.root / test["chain"]).read_text())]
            root = self.file(blocks[-1])
            anchor = test["anchor"]
            unsaid = "" if test["key_purpose"] in purposes else test["key_purpose"]
            if "CONSTRAINTS" in anchor or "REQUIRE" in anchor or "EXPIRATION" in anchor:
                unsaid = unsaid or anchor
            if "digest_policy" in test["other"]:
                unsaid = unsaid or "digest policy"
            if "TRUSTED_LEAF" in anchor and len(blocks) > 1:
                unsaid = unsaid or "trusted as a leaf only"
            yield Row(test["id"], test["expected"] == "SUCCESS", {
                "cert": self.file(blocks[0]),
                "chain": [self.file("".join(blocks[1:-1]))] if len(blocks) > 2 else [],
                "trust": [root] if anchor not in ("UNSPECIFIED", "DISTRUSTED") else [],
                "distrust": [root] if anchor == "DISTRUSTED" else [],
                "partial_chain": "LEAF" in anchor, "at": test["validation_time"],
                "purpose": purposes.get(test["key_purpose"])}, test["openssl30"], unsaid)

    def botan(self):
        purposes = {"any": "any", "sslserver": "server"}
        for test in self.json("chains/botan.json"):
            files = [self.path(name) for name in test["files"]]
            yield Row(test["id"], test["expected"] == "SUCCESS", {
                "cert": files[0], "chain": files[1:], "trust": [self.path(t) for t in test["trust"]],
                "crl": [self.path(c) for c in test["crls"]],
                "crl_check": "chain" if test.get("check_crl") else "none",
                "host": test["hostname"], "purpose": purposes[test["purpose"]],
                "at": test["validation_time"]}, test["openssl30"])

    def limbo(self, webpki):
        with open(self.root / "limbo/openssl30.csv", newline="") as table:
            said = {row["id"]: row["openssl30"] for row in csv.DictReader(table)}
        for test in self.json("limbo/limbo.json")["testcases"]:
            if test["id"].startswith("webpki::") != webpki:
                continue
            question = {
                "cert": self.file(test["peer_certificate"]),
                "chain": [self.file("\n".join(test["untrusted_intermediates"]))],
                "trust": [self.file("\n".join(test["trusted_certs"]))],
                "crl": [self.file(crl) for crl in test["crls"]],
                "crl_check": "chain" if test["crls"] else "none",
                "purpose": test["validation_kind"].lower(), "partial_chain": True,
                "at": test["validation_time"] or "2024-06-01T00:00:00Z",
                "profile": "webpki" if webpki else "rfc5280", "depth": test["max_chain_depth"]}
            unsaid = ""
            names = test["expected_peer_names"] + (
                [test["expected_peer_name"]] if test["expected_peer_name"] else [])
            fields = {"DNS": "host", "IP": "ip", "RFC822": "email"}
            for name in names:
                question[fields[name["kind"]]] = name["value"]
            if len(names) > 1:
                unsaid = "several names"
            yield Row(test["id"], test["expected_result"] == "SUCCESS", question,
                      said.get(test["id"]), unsaid)

    def sets(self):
        return {"pkits": self.pkits(), "openssl": self.openssl(), "chromium": self.chromium(),
                "botan": self.botan(), "limbo": self.limbo(False), "limbo-webpki": self.limbo(True)}


def answers(keystore, rows):
    lines = "".join(json.dumps(row.question | {"second_opinion": True}) + "\n" for row in rows)
    run = subprocess.run([keystore, "verify", "--batch", "-"], input=lines, text=True,
                         stdout=subprocess.PIPE, check=True, timeout=900)
    replies = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(replies) == len(rows), f"{len(rows)} questions, {len(replies)} answers"
    return replies


def judge(name, rows, replies, floor, short, listed):
    said = [(row, reply) for row, reply in zip(rows, replies) if not row.unsaid]
    wrong = [(row, reply) for row, reply in said if reply["trusted"] != row.good]
    accepts = [pair for pair in wrong if not pair[0].good]
    worse = [pair for pair in accepts if pair[0].openssl == "FAILURE"]
    share = 1 - len(wrong) / max(1, len(said))
    print(f"{name:13} {len(said) - len(wrong):4}/{len(said):<4} {share:6.1%}  "
          f"false accepts {len(accepts)}, false refusals {len(wrong) - len(accepts)}, "
          f"not expressible {len(rows) - len(said)}")
    opinions = collections.Counter(
        "vetoes" if reply["reason"].startswith("second opinion") else reply["botan"]["verdict"]
        for row, reply in said)
    good_vetoed = [row for row, reply in said
                   if row.good and reply["reason"].startswith("second opinion")]
    print(f"{'':13} Botan: " + ", ".join(f"{word} {count}" for word, count in sorted(opinions.items()))
          + f"; good paths lost by its veto {len(good_vetoed)}")
    if listed in (name, "all"):
        for row, reply in said:
            if reply["botan"]["verdict"] == "disagrees":
                print(f"  Botan on {'good' if row.good else 'bad'} {row.name}: {reply['botan']['reason']}")
    if listed in (name, "all") or worse:
        for row, reply in wrong:
            print(f"  {'ACCEPTS' if reply['trusted'] else 'refuses'} {row.name}: {reply['reason']}")
    good = not worse and not good_vetoed and len(accepts) <= floor["false_accepts"]
    return good and (short or share >= floor["agree"])


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    keystore, root, floors = arguments[:3]
    short = "--short" in sys.argv
    listed = arguments[3] if "--list" in sys.argv else None
    if not (pathlib.Path(root) / "pkits/pkits.json").exists():
        print(f"SKIPPED: there is no corpus at {root}")
        return 77
    floors = json.loads(pathlib.Path(floors).read_text())
    good = True
    with tempfile.TemporaryDirectory() as work:
        for name, rows in Corpus(root, work).sets().items():
            rows = list(rows)[::4 if short else 1]
            replies = answers(keystore, rows)
            if not judge(name, rows, replies, floors[name], short, listed):
                print(f"FAIL {name} is below its floor {floors[name]}")
                good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
