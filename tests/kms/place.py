"""Where a case takes place: a folder with a terminal, and a KMS of its own before the moto of all."""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agreement import CURVES, AgreementKey
from proxy import Proxy
from stand_in import OTHER_REGION
from terminal import Terminal


class Keys(NamedTuple):
    """ARNs of keys that no case changes."""

    one: str
    two: str
    abroad: str  # in the other region
    multi: str
    replica: str  # of `multi`, in the other region
    agreement: dict  # by curve


def make_keys(moto):
    return Keys(
        moto.key(alias="one"),
        moto.key(),
        moto.key(OTHER_REGION),
        *moto.multi_region_key(),
        {curve: AgreementKey(curve) for curve in CURVES},
    )


class Place:
    def __init__(self, moto, keys, kms, terminal):
        self.moto, self.keys, self.kms, self.terminal = moto, keys, kms, terminal
        self.enwrap, self.write, self.read = terminal.run, terminal.write, terminal.read
        self.files = terminal.files

    def message(self, *keys, name="message", plaintext=b"some text"):
        """Encrypts for these keys, and counts the calls from there on."""
        self.write(f"{name}.plain", plaintext)
        chosen = [part for key in keys for part in ("-k", key)]
        self.enwrap("encrypt", *chosen, f"{name}.plain", "-o", name)
        self.kms.forget()
        return name

    def imported(self, arn, alias="kms"):
        self.enwrap("key", "import", "--aws-kms", arn, alias)
        return alias

    def opens(self, name, *arguments, plaintext=b"some text", **options):
        """Decrypts to a file, which has the plaintext, and is not there if it fails."""
        out = f"{name}.opened"
        ended = self.enwrap("decrypt", "-f", *arguments, name, "-o", out, **options)
        path = self.terminal.path(out)
        if ended.code == 0:
            assert path.read_bytes() == plaintext, f"{name}: other plaintext"
            path.unlink()
        assert not path.exists(), f"{name}: an output was left"
        return ended


@contextmanager
def place(program, moto, keys):
    with tempfile.TemporaryDirectory(prefix="enwrap-kms-") as folder:
        with Proxy(moto.endpoint, keys.agreement.values()) as kms:
            secrets = lambda: list(kms.secrets)
            yield Place(moto, keys, kms, Terminal(program, Path(folder), kms.endpoint, secrets))
