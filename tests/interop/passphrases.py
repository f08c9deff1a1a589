"""Messages for a passphrase go to the official SDK and back. The keys are derived by another implementation of Argon2.

    passphrases.py ENWRAP WORK

ENWRAP is the binary, WORK an empty folder. Runs with the interpreter that has the SDK and argon2-cffi.
"""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

from argon2.low_level import Type, hash_secret_raw

ENWRAP, WORK = sys.argv[1], Path(sys.argv[2])
SDK = Path(__file__).with_name("sdk.py")
NAMESPACE = "enwrap-passphrase"
WORDS = "sechs Wörter, die niemand errät"
SALT = base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def enwrap(*args):
    # No keyring: a passphrase needs none.
    environment = {**os.environ, "ENWRAP_KEYRING": str(WORK / "none" / "keyring.json")}
    run = subprocess.run([ENWRAP, *map(str, args)], capture_output=True, check=False, env=environment)
    if run.returncode:
        raise RuntimeError(f"enwrap {' '.join(map(str, args))}: {run.stderr.decode()}")
    return run.stdout


def key(name):
    """The wrapping key that a key name stands for, as docs/format.md has it."""
    kdf, cost, salt = name.split(":")
    assert kdf == "argon2id"
    cost = {part[0]: int(part[2:]) for part in cost.split(",")}
    salt = base64.urlsafe_b64decode(salt + "==")
    material = hash_secret_raw(WORDS.encode(), salt, cost["t"], cost["m"], cost["p"], 32, Type.ID)
    return {"namespace": NAMESPACE, "name": name, "material": material.hex()}


def sdk(mode, source, target, name, context, required):
    job = {
        "mode": mode, "api": "keyring", "source": str(source), "target": str(target), "keys": [key(name)],
        "context": context, "required": required, "suite": "0478", "frame": 65_536,
    }
    ended = subprocess.run([sys.executable, SDK], input=json.dumps(job), text=True, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr


def main():
    (WORK / "words").write_text(WORDS + "\n")
    (WORK / "plain").write_bytes(os.urandom(200_000))
    plain = (WORK / "plain").read_bytes()
    for number, (context, required) in enumerate([({}, {}), ({"purpose": "test"}, {"bound": "1"})]):
        stored = [part for pair in context.items() for part in ("-c", "=".join(pair))]
        bound = [part for pair in required.items() for part in ("--bind", "=".join(pair))]
        given = [part for pair in (context | required).items() for part in ("-c", "=".join(pair))]
        ours, theirs, back = (WORK / f"{name}-{number}" for name in ("ours", "theirs", "back"))
        enwrap("encrypt", "-p", "--new-passphrase-file", WORK / "words", *stored, *bound, WORK / "plain", "-o", ours)
        [wrapped] = json.loads(enwrap("inspect", "--json", ours))["encrypted_data_keys"]
        assert wrapped["namespace"] == NAMESPACE, wrapped
        sdk("decrypt", ours, back, wrapped["name"], context, required)
        assert back.read_bytes() == plain, "the SDK reads other bytes"
        # At the usual cost, and at one that enwrap only reads.
        for cost in ("m=65536,t=3,p=4", "m=8192,t=1,p=1"):
            sdk("encrypt", WORK / "plain", theirs, f"argon2id:{cost}:{SALT}", context, required)
            opened = enwrap("decrypt", "--message-passphrase-file", WORK / "words", *given, theirs, "-o", "-")
            assert opened == plain, "enwrap reads other bytes"
    print("passphrases: exchanged with the AWS Encryption SDK for Python")


main()
