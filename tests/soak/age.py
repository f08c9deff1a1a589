"""Has every key version that waits to be destroyed due now: `age.py KEYRING`, which is not sealed."""

import hashlib
import json
import os
import sys


def make_due(path):
    with open(path, "rb") as file:
        line, body = file.read().split(b"\n", 1)
    header, body = json.loads(line), json.loads(body)
    for key in body["keys"]:
        for version in key["versions"]:
            if version["deletion_date"]:
                version["deletion_date"] = "2000-01-01T00:00:00Z"
    text = json.dumps(body, separators=(",", ":")).encode()
    header["sha256"] = hashlib.sha256(text).hexdigest()
    # A new file: the old one may be a generation too.
    os.unlink(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(json.dumps(header, separators=(",", ":")).encode() + b"\n" + text)


if __name__ == "__main__":
    make_due(sys.argv[1])
