"""A folder in which enwrap runs, and the shell script that repeats what was done there."""

import collections
import os
import pathlib
import random
import shlex
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))

BEGINNING = """#!/usr/bin/env bash
# {why}
# ENWRAP names the program; each line says the exit code that the model expects.
set -euo pipefail
cd "$(mktemp -d)" && mkdir -m 700 k b d && export ENWRAP_KEYRING=k/keyring.json
printf one > one; printf two > two
expect() {{
    local code=0
    "$ENWRAP" "${{@:2}}" > out 2> err || code=$?
    [ "$code" = "$1" ] || {{ echo "exit $code, expected $1: ${{*:2}}"; cat err; }}
}}
plain() {{
    python3 -c 'import random, sys
sys.stdout.buffer.write(random.Random(int(sys.argv[1])).randbytes(int(sys.argv[2])))' "$1" "$2" > "$3"
}}
"""


class Finding(Exception):
    """enwrap did something else than the model says."""


class Kms:
    """Keys of AWS KMS, and the endpoint that has them."""

    def __init__(self, endpoint, arns):
        self.arns = tuple(arns)
        self.environment = {
            "AWS_ENDPOINT_URL_KMS": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "soak",
            "AWS_SECRET_ACCESS_KEY": "soak",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class Step:
    def __init__(self, line, touched, is_change):
        self.line, self.touched, self.is_change = line, set(touched), is_change


class World:
    def __init__(self, program, folder, name, kms=None):
        self.program, self.folder, self.name = program, pathlib.Path(folder), name
        self.steps = []
        self.codes = collections.Counter()
        for part in ("k", "b", "d"):
            (self.folder / part).mkdir(mode=0o700)
        for word in ("one", "two"):
            (self.folder / word).write_text(word)
        self.kms_keys = kms.arns if kms else ()
        self.kms_environment = kms.environment if kms else {}
        self.environment = {"PATH": os.environ["PATH"], "HOME": folder, "ENWRAP_KEYRING": "k/keyring.json"}
        self.environment |= self.kms_environment

    def path(self, name):
        return self.folder / name

    def read(self, name):
        return self.path(name).read_bytes()

    def plain(self, seed, size, name, touched):
        """Writes a plaintext that is needed for `touched`, and returns it."""
        data = random.Random(seed).randbytes(size)
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(data)
        folder = os.path.dirname(name)
        make = f"mkdir -p {folder} && " if folder else ""
        self.steps.append(Step(f"{make}plain {seed} {size} {name}", [touched], True))
        return data

    def shell(self, line, *touched):
        """Runs a line of shell, which the script repeats."""
        subprocess.run(["bash", "-c", line], cwd=self.folder, check=True)
        self.steps.append(Step(line, touched, True))

    def age(self):
        self.shell(f"python3 {shlex.quote(HERE)}/age.py k/keyring.json", "k")

    def run(self, *arguments, code, touched=(), is_change=False, stdin=os.devnull):
        """Runs enwrap, and returns its standard output. `touched` are the files that it depends on and changes.

        The script repeats what is a change, as far as it has to do with what fails.
        """
        with open(self.path(stdin), "rb") as source:
            ended = subprocess.run(
                [self.program, *arguments],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                stdin=source,
            )
        self.codes[ended.returncode] += 1
        line = f"expect {code} {shlex.join(arguments)} < {stdin}"
        self.steps.append(Step(line, touched, is_change and ended.returncode in (0, 12)))
        if ended.returncode != code:
            raise Finding(f"exit {ended.returncode}, expected {code}\n{ended.stderr.decode(errors='replace')}")
        return ended.stdout

    def script(self):
        """What repeats the last step: every change of the keyring, and of the files that it has to do with."""
        *earlier, last = self.steps
        lines, wanted = [last.line], last.touched | {"k"}
        for step in reversed(earlier):
            if step.is_change and step.touched & wanted:
                lines.append(step.line)
                wanted |= step.touched
        exports = [f"export {name}={value}" for name, value in self.kms_environment.items()]
        return BEGINNING.format(why=self.name) + "\n".join([*exports, *reversed(lines)])
