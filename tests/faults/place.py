"""A folder with keyrings, messages and trees, made once; each run gets a copy that is as good as new."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path

PASSPHRASE = "correct horse battery"
NEW_PASSPHRASE = "staple of another kind"
# Several frames of 64 KiB, the last one not full.
PLAINTEXT = random.Random(1).randbytes(200_001)
SMALL = b"one line of text, which is all\n"
TOKEN = b"a token that nobody is to see"
TREE = {"a": SMALL, "b": b"", "sub/c": SMALL * 3, "sub/d": PLAINTEXT[:70_000]}

# A tree with links and a folder with nothing in it, which belongs to somebody else where root runs this.
LINKED_OF_OTHERS = ["linked/a", "linked/link", "linked/empty"]
NOBODY = 65_534

TEMPORARY = re.compile(r"\.enwrap-[0-9a-f]{16}\.tmp$")


class Place:
    """The prepared folder, and the copy of it in which commands run."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.pristine, self.folder = folder / "pristine", folder / "work"
        self.log = folder / "strace.log"
        self._prepare()
        self.before = snapshot(self.pristine)
        self.secrets = _secrets(self.before)

    def environment(self, more=()):
        """Relative paths, so that a printed command line can be repeated in any copy of the folder."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": "home",
            "TMPDIR": "spool",
            "ENWRAP_KEYRING": "keys/keyring.json",
            "LANG": "C.UTF-8",
            **dict(more),
        }

    def enwrap(self, *arguments, folder=None, more=(), stdin=b""):
        """Runs enwrap without any fault."""
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder or self.folder,
            env=self.environment(more),
            input=stdin,
            capture_output=True,
            timeout=60,
        )

    def reset(self):
        """Makes the working copy as good as new."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.pristine, self.folder, symlinks=True)
        if os.geteuid() == 0:
            for path in ["linked", *LINKED_OF_OTHERS]:
                os.lchown(self.folder / path, NOBODY, NOBODY)

    def _prepare(self):
        for name in ("keys", "due", "sealed", "pairs", "tree/sub", "closed/sub", "home", "spool"):
            (self.pristine / name).mkdir(parents=True)
        for name in ("keys", "due", "sealed", "pairs"):
            (self.pristine / name).chmod(0o700)
        self._write("plain", PLAINTEXT)
        self._write("small", SMALL)
        for name, data in TREE.items():
            self._write(f"tree/{name}", data)
            self._write(f"closed/{name}", data)
        (self.pristine / "linked/empty").mkdir(parents=True)
        self._write("linked/a", SMALL)
        (self.pristine / "linked/link").symlink_to("nowhere")
        (self.pristine / "replaced/linked").mkdir(parents=True)
        (self.pristine / "replaced/linked/link").symlink_to("elsewhere")
        self._write("list", "".join(f"tree/{name}\0" for name in TREE).encode())
        self._write("passphrase", PASSPHRASE.encode())
        self._write("new-passphrase", NEW_PASSPHRASE.encode())

        self._do("keygen", "here")
        self._do("encrypt", "plain", "-o", "old-version.enwrap")
        self._do("key", "rotate", "here")
        self._do("keygen", "there")
        for name in ("message", "over.enwrap"):
            self._do("encrypt", "plain" if name == "message" else "small", "-o", name)
        self._write("over", PLAINTEXT)
        self._do("encrypt", "-p", "--new-passphrase-file", "new-passphrase", "plain", "-o", "personal")
        self._do("encrypt", "-r", "--remove-source", "closed")
        for name, text in (("base", b"1\n2\n"), ("ours", b"0\n1\n2\n"), ("theirs", b"1\n2\n3\n")):
            self._do("edit", "--stdin", name, stdin=text)
        self._do("edit", "--stdin", "variables", stdin=b"TOKEN='" + TOKEN + b"'\n")
        self._do("keyring", "backup", "backup.json")
        pairs = {"ENWRAP_KEYRING": "pairs/keyring.json"}
        self._do("keygen", "pair", "--kind", "p256", more=pairs)
        self._do("encrypt", "-k", "pair", "plain", "-o", "for-pair", more=pairs)
        self._do("key", "export", "pair", "--as", "pem", "-o", "pair.pem", more=pairs)
        other = {"ENWRAP_KEYRING": "other/keyring.json"}
        self._do("keygen", "elsewhere", more=other)
        self._do("key", "export", "--as", "keyring", "elsewhere", "-o", "export.json", more=other)
        shutil.rmtree(self.pristine / "other")

        for name in os.listdir(self.pristine / "keys"):
            for folder in ("due", "sealed"):
                shutil.copy2(self.pristine / "keys" / name, self.pristine / folder / name)
        self._do("key", "delete", "here", "--version", "1", more={"ENWRAP_KEYRING": "due/keyring.json"})
        _let_deletion_be_due(self.pristine / "due/keyring.json")
        self._do(
            *("keyring", "passphrase", "--new-passphrase-file", "passphrase"),
            more={"ENWRAP_KEYRING": "sealed/keyring.json"},
        )

    def _write(self, name, data):
        (self.pristine / name).write_bytes(data)

    def _do(self, *arguments, more=(), stdin=b""):
        ended = self.enwrap(*arguments, folder=self.pristine, more=more, stdin=stdin)
        assert ended.returncode == 0, (arguments, ended)


def _let_deletion_be_due(path):
    """Moves the deletion dates of a keyring into the past: no command does, and nobody waits for days."""
    line, body = path.read_bytes().split(b"\n", 1)
    body, count = re.subn(rb'("deletion_date": ")\d{4}', rb"\g<1>2000", body)
    assert count == 1, body
    header = json.loads(line) | {"sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(json.dumps(header, separators=(",", ":")).encode() + b"\n" + body)


def snapshot(folder):
    """All files of a folder: their bytes, by their relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def keyring(data):
    """(header, materials) of a keyring's bytes; the materials are `None` if it is sealed. Raises if it is damaged."""
    line, body = data.split(b"\n", 1)
    header = json.loads(line)
    if hashlib.sha256(body).hexdigest() != header["sha256"]:
        raise ValueError("the keyring's checksum does not hold")
    if header["seal"]:
        return header, None
    keys = json.loads(body)["keys"]
    return header, {it["material"] for key in keys for it in key["versions"]}


def purged(before):
    """The material that `key purge` is to destroy."""
    body = before["due/keyring.json"].split(b"\n", 1)[1]
    versions = [it for key in json.loads(body)["keys"] for it in key["versions"]]
    return {it["material"] for it in versions if it["deletion_date"]}


def _secrets(files):
    """What must never be told: root keys, passphrases, a token and the beginning of plaintexts."""
    secrets = {PASSPHRASE.encode(), NEW_PASSPHRASE.encode(), TOKEN, PLAINTEXT[:16], SMALL[:16]}
    for name, data in files.items():
        if data.startswith(b'{"format":"enwrap-keyring"'):
            secrets |= {material.encode() for material in keyring(data)[1] or ()}
    return secrets
