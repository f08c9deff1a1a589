"""Exchanges messages between enwrap and the official SDK, in every combination that both can write.

    exchange.py ENWRAP PYTHON WORK

ENWRAP is the binary, PYTHON the interpreter that has the SDK, WORK an empty folder.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

ENWRAP, PYTHON, WORK = sys.argv[1:]
SDK = Path(__file__).with_name("sdk.py")
WORK = Path(WORK)
SUITES = ["0014", "0046", "0078", "0114", "0146", "0178", "0214", "0346", "0378", "0478", "0578"]
WRITTEN = ["0478", "0578"]
FRAMES = [128, 4096, 65_536, 1 << 20]
NO_FRAMES = 0  # the SDK still writes such messages; enwrap only reads them
CONTEXTS = [
    ({}, {}),
    ({"purpose": "backup", "ünicode": "ß", "empty": ""}, {}),
    ({"stored": "1"}, {"bound": "2", "ärger": "3"}),
]
SIZES = [0, 1, 65_535, 65_536, 65_537, 10_000_000]


def enwrap(*args, **options):
    run = subprocess.run([ENWRAP, *args], capture_output=True, check=False, **options)
    if run.returncode:
        raise RuntimeError(f"enwrap {' '.join(map(str, args))}: {run.stderr.decode()}")
    return run.stdout


def keys():
    """One key that enwrap made and exports, and three that it imports."""
    enwrap("-q", "keygen", "ours")
    exported = json.loads(enwrap("key", "export", "ours"))
    result = {"ours": {name: exported[name] for name in ("namespace", "name", "material")}}
    for bits in (128, 192, 256):
        name = f"theirs-{bits}"
        material = os.urandom(bits // 8).hex()
        names = ["--namespace", "their namespace", "--name", name]
        enwrap("key", "import", name, *names, "--material-file", "-", input=material.encode())
        result[name] = {"namespace": "their namespace", "name": name, "material": material}
    return result


def flags(option, pairs):
    return [part for key, value in pairs.items() for part in (option, f"{key}={value}")]


class Exchange:
    def __init__(self):
        self.keys = keys()
        self.jobs = []
        self.plain = {}
        self.passed, self.failures = 0, []

    def plaintext(self, size):
        if size not in self.plain:
            path = WORK / f"plain-{size}"
            path.write_bytes(os.urandom(size))
            self.plain[size] = path
        return self.plain[size]

    def add(self, mode, aliases, api, suite, frame, context, required, size):
        number = len(self.jobs)
        self.jobs.append({
            "mode": mode, "api": api, "suite": suite, "frame": frame, "size": size,
            "keys": [self.keys[alias] for alias in aliases], "aliases": aliases,
            "context": context, "required": required,
            "source": str(self.plaintext(size) if mode == "encrypt" else WORK / f"{number}.message"),
            "target": str(WORK / (f"{number}.message" if mode == "encrypt" else f"{number}.plain")),
        })

    def plan(self):
        for suite, frame, api, (context, required) in itertools.product(
            SUITES, [NO_FRAMES, *FRAMES], ("keyring", "provider"), CONTEXTS
        ):
            if required and api == "provider":
                continue
            for aliases in (["ours"], ["theirs-128", "ours", "theirs-192"]):
                for size in (10_000, 2 * 65_536):
                    self.add("encrypt", aliases, api, suite, frame, context, required, size)
                    if suite in WRITTEN and frame != NO_FRAMES:
                        self.add("decrypt", aliases, api, suite, frame, context, required, size)
        for size, alias, (context, required) in itertools.product(SIZES, self.keys, CONTEXTS[:2]):
            for mode in ("encrypt", "decrypt"):
                self.add(mode, [alias], "keyring", "0478", 65_536, context, required, size)

    def run(self):
        self.plan()
        for job in self.jobs:
            if job["mode"] == "decrypt":
                self.attempt(job, self.encrypt_ours)
        lines = "".join(json.dumps(job) + "\n" for job in self.jobs)
        sdk = subprocess.run([PYTHON, SDK], input=lines, text=True, capture_output=True, check=False)
        self.failures += sdk.stderr.splitlines() if sdk.returncode else []
        for job in self.jobs:
            compare = self.compare if job["mode"] == "decrypt" else self.decrypt_theirs
            self.passed += self.attempt(job, compare)

    def attempt(self, job, step):
        try:
            step(job)
            return True
        except (RuntimeError, OSError, AssertionError) as error:
            shown = {name: job[name] for name in ("mode", "api", "suite", "frame", "size", "aliases")}
            self.failures.append(f"{shown} {job['context']} {job['required']}: {error}")
            return False

    def encrypt_ours(self, job):
        choice = [part for alias in job["aliases"] for part in ("-k", alias)]
        enwrap(
            "encrypt", *choice, "--algorithm", job["suite"], "--frame-length", str(job["frame"]),
            *flags("-c", job["context"]), *flags("--bind", job["required"]),
            self.plaintext(job["size"]), "-o", job["source"],
        )

    def decrypt_theirs(self, job):
        policy = [] if job["suite"] in WRITTEN else \
            ["--commitment-policy", "require-encrypt-allow-decrypt"]
        expected = flags("-c", job["context"] | job["required"])
        output = enwrap("decrypt", *policy, *expected, job["target"], "-o", "-")
        assert output == self.plaintext(job["size"]).read_bytes(), "other plaintext"

    def compare(self, job):
        assert Path(job["target"]).read_bytes() == self.plaintext(job["size"]).read_bytes(), \
            "other plaintext"


def main():
    exchange = Exchange()
    exchange.run()
    for failure in exchange.failures:
        print(failure)
    print(f"interop: {exchange.passed} messages exchanged with the AWS Encryption SDK for Python")
    print(f"{exchange.passed} passed, {len(exchange.failures)} failed")
    sys.exit(bool(exchange.failures))


main()
