"""Random operations of enwrap, against a model: `soak.py SECONDS [--seed N] --program FILE`.

With `--kms ENDPOINT --kms-key ARN..` some keys are those of AWS KMS, behind that endpoint. Exit code 1 if anything was
found.
"""

import argparse
import collections
import os
import random
import tempfile
import time

from operations import WEIGHTS, Soak
from world import Finding, Kms, World

# A new world after so many operations, so that a failure has a short history.
PER_WORLD = 300
MOST_FINDINGS = 5


def live(program, seed, end, done, codes, kms):
    """Lives in one world until it is old or the time is over, and returns what was found."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(program, folder, f"seed {seed}", kms)
        try:
            soak = Soak(world, rng)
            for _ in range(PER_WORLD):
                if time.monotonic() > end:
                    break
                weights = dict(WEIGHTS)
                # Argon2 takes its time: a keyring is seldom sealed, and not for long.
                weights["passphrase"] = 15 if soak.keyring.passphrase else 0.4
                operation = rng.choices(list(weights), list(weights.values()))[0]
                getattr(soak, operation)()
                done[operation] += 1
        # The others are output that is not in its documented form.
        except (Finding, LookupError, TypeError, ValueError) as finding:
            what = finding if isinstance(finding, Finding) else repr(finding)
            return f"{what}\n{world.script()}"
        finally:
            codes.update(world.codes)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--program", required=True)
    parser.add_argument("--kms")
    parser.add_argument("--kms-key", action="append", default=[])
    arguments = parser.parse_args()
    kms = Kms(arguments.kms, arguments.kms_key) if arguments.kms else None
    print(f"seed {arguments.seed}", flush=True)
    end, seed = time.monotonic() + arguments.seconds, arguments.seed
    done, codes, findings = collections.Counter(), collections.Counter(), 0
    while time.monotonic() < end and findings < MOST_FINDINGS:
        finding = live(os.path.abspath(arguments.program), seed, end, done, codes, kms)
        if finding:
            findings += 1
            print(f"FOUND with --seed {seed}: {finding}\n", flush=True)
        seed += 1
    print("operations: " + ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    print("exit codes: " + ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())))
    runs, operations = sum(codes.values()), sum(done.values())
    print(f"{seed - arguments.seed} worlds, {operations} operations, {runs} runs of enwrap, {findings} findings")
    raise SystemExit(bool(findings))


main()
