"""Random operations with some keys in AWS KMS, against the model of tests/soak: `soak.py PROGRAM SECONDS [SEED]`."""

import os
import subprocess
import sys
from pathlib import Path

from proxy import Proxy
from stand_in import OTHER_REGION, Moto

SOAK = Path(__file__).parents[1] / "soak" / "soak.py"


def main():
    program, seconds, *seed = sys.argv[1:]
    with Moto() as moto, Proxy(moto.endpoint) as kms:
        arns = [moto.key(), moto.key(OTHER_REGION), moto.multi_region_key()[0]]
        chosen = [part for arn in arns for part in ("--kms-key", arn)]
        more = ["--seed", seed[0]] if seed else []
        command = [sys.executable, "-B", SOAK, seconds, "--program", os.path.abspath(program), "--kms", kms.endpoint]
        ended = subprocess.run([*command, *chosen, *more], check=False)
        print(f"kms: {sum(kms.calls().values())} calls")
    sys.exit(ended.returncode)


main()
