"""The commands that are disturbed, and how to tell that their results are complete."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from place import NEW_PASSPHRASE, PASSPHRASE, PLAINTEXT, SMALL, TREE, keyring, purged


@dataclass
class Scenario:
    """A command, and what it does."""

    name: str
    arguments: list
    # What the command makes or replaces, by path: whether it is complete and right.
    outputs: dict = field(default_factory=dict)
    # What the command removes: each goes only when the output that it is the key of is complete.
    removed: dict = field(default_factory=dict)
    # Whether standard output is all that it should be.
    says: Callable = lambda stdout, baseline: True
    # What standard output may be after a failure.
    may_say: Callable = lambda stdout: True
    # What else must hold after a success: a complaint, or nothing.
    done: Callable = lambda place, files: None
    # Whether old generations of the keyring are removed.
    erases: bool = False
    environment: dict = field(default_factory=dict)
    stdin: Callable = lambda place: b""
    # Whether it derives the key of a seal, which takes long.
    is_slow: bool = False
    # For a second run after a kill: exit codes besides 0 that say that the first run had done the work, and
    # variables that it then needs.
    done_before: tuple = ()
    # Further exit codes that say that it failed.
    failures: tuple = ()
    again: dict = field(default_factory=dict)


# Checks of one output: (place, files, path) -> bool.


def opens_to(plaintext, *, more=()):
    def check(place, files, path):
        ended = place.enwrap("decrypt", "-o", "-", path, more=more)
        return ended.returncode == 0 and ended.stdout == plaintext

    return check


def is_as_before(place, files, path):
    return files[path] == place.before[path]


def equals(plaintext):
    return lambda place, files, path: files[path] == plaintext


def has_materials(expected):
    """A keyring in the clear, of which `expected(materials, old materials)` holds."""

    def check(place, files, path):
        materials = keyring(files[path])[1]
        old = place.before.get(path)
        return materials is not None and expected(materials, keyring(old)[1] if old else set())

    return check


def is_sealed_with(passphrase):
    def check(place, files, path):
        if keyring(files[path])[1] is not None:
            return False
        more = {"ENWRAP_KEYRING": path, "ENWRAP_PASSPHRASE": passphrase}
        return place.enwrap("key", "show", "here", more=more).returncode == 0

    return check


def is_unsealed(place, files, path):
    return keyring(files[path])[1] == keyring(place.before["keys/keyring.json"])[1]


def is_envelope(place, files, path):
    """One more record for the message, and the old records as they were."""
    *records, end = files[path].split(b"\n")
    return end == b"" and len(records) == 1 and "message_id" in json.loads(records[0])


def is_purged(place, files, path):
    old = keyring(place.before[path])[1]
    return keyring(files[path])[1] == old - purged(place.before)


def holds_nothing_purged(place, files):
    for name, data in files.items():
        if name.startswith("due/") and any(it.encode() in data for it in purged(place.before)):
            return f"the purged material is in {name}"
    return None


def has_no_old_form(pattern):
    """Whether no generation has the old form of the keyring."""

    def check(place, files):
        names = [name for name in files if re.search(pattern, name)]
        return f"old generations are there: {names}" if names else None

    return check


def blob_opens(place, files, path):
    return place.enwrap("datakey", "decrypt", "--blob-file", path).returncode == 0


def has_links(folder):
    """Whether the tree `linked` is there with its link, its folder with nothing in it, and its owner."""

    def check(place, files):
        made = place.folder / folder / "linked"
        if not made.joinpath("link").is_symlink() or made.joinpath("link").readlink() != Path("nowhere"):
            return "the link is not as it should be"
        if not made.joinpath("empty").is_dir():
            return "the folder with nothing in it is missing"
        owner = (place.folder / "linked").stat().st_uid
        wrong = [name for name in ("a.enwrap", "link", "empty") if (made / name).lstat().st_uid != owner]
        return f"{wrong} have another owner" if wrong else None

    return check


def same(stdout, baseline):
    return stdout == baseline


def has_format(stdout, baseline):
    """inspect needs no keyring: where it cannot be read, a warning says that aliases are left out."""
    return b"format:     version 2" in stdout


def as_long(stdout, baseline):
    return len(stdout) == len(baseline)


def _prefix(stdout):
    return PLAINTEXT.startswith(stdout)


def _nothing(stdout):
    return stdout == b""


def _masked(stdout):
    return MASKED.startswith(stdout)


def _adds(count):
    return has_materials(lambda new, old: old <= new and len(new) == len(old) + count)


def _tree(folder, suffix, check):
    return {f"{folder}/{name}{suffix}": check(data) for name, data in TREE.items()}


KEYS, DUE, SEALED = "keys/keyring.json", "due/keyring.json", "sealed/keyring.json"
# enwrap failed before the command was started; the command cannot be executed; it is not there.
NOT_STARTED = (125, 126, 127)
# What `exec --mask` shows of a command that prints its secret.
MASKED = b"<***>\n"
PAIRS = "pairs/keyring.json"
OF_PAIRS = {"ENWRAP_KEYRING": PAIRS}
ANOTHER = {"ENWRAP_KEYRING": SEALED, "ENWRAP_PASSPHRASE_FILE": "passphrase"}
GENERATION = r"keyring\.json\.\d+$"


# What a message for a passphrase is opened with, where there is no keyring.
PERSONAL = {"ENWRAP_MESSAGE_PASSPHRASE": NEW_PASSPHRASE, "ENWRAP_KEYRING": "none/keyring.json"}


def _plain(place):
    return PLAINTEXT


def _message(place):
    return place.before["message"]


ALL = [
    Scenario(
        "encrypt",
        ["encrypt", "plain"],
        {"plain.enwrap": opens_to(PLAINTEXT)},
        done_before=(8,),
    ),
    Scenario(
        "encrypt-threads",
        ["encrypt", "-j", "4", "--sync", "plain"],
        {"plain.enwrap": opens_to(PLAINTEXT)},
        done_before=(8,),
    ),
    Scenario("encrypt-pipe", ["encrypt", "-j", "1"], stdin=_plain, says=as_long),
    Scenario("encrypt-pipe-threads", ["encrypt", "-j", "4"], stdin=_plain, says=as_long),
    Scenario(
        "encrypt-force",
        ["encrypt", "-f", "over"],
        {"over.enwrap": opens_to(PLAINTEXT)},
    ),
    Scenario(
        "encrypt-remove-source",
        ["encrypt", "--remove-source", "plain"],
        {"plain.enwrap": opens_to(PLAINTEXT)},
        removed={"plain": "plain.enwrap"},
        # Without its source there is nothing to encrypt.
        done_before=(1, 2, 3, 8),
    ),
    Scenario(
        "encrypt-from-command",
        ["encrypt", "-o", "made", "--from-command", "--", "cat", "plain"],
        {"made": opens_to(PLAINTEXT)},
        done_before=(8,),
    ),
    Scenario(
        "encrypt-tree",
        ["encrypt", "-r", "-j", "2", "tree"],
        _tree("tree", ".enwrap", opens_to),
        done_before=(8, 12),
    ),
    Scenario(
        "encrypt-tree-elsewhere",
        ["encrypt", "-r", "-j", "1", "--output-dir", "out", "tree"],
        _tree("out/tree", ".enwrap", opens_to),
        done_before=(8, 12),
    ),
    Scenario(
        "encrypt-tree-links",
        ["encrypt", "-r", "-j", "1", "--sync", "--links", "--preserve-owner", "--output-dir", "out", "linked"],
        {"out/linked/a.enwrap": opens_to(SMALL)},
        done=has_links("out"),
        done_before=(8, 12),
    ),
    Scenario(
        "encrypt-tree-links-force",
        ["encrypt", "-r", "-j", "1", "-f", "--links", "--preserve-owner", "--output-dir", "replaced", "linked"],
        {"replaced/linked/a.enwrap": opens_to(SMALL)},
        done=has_links("replaced"),
    ),
    Scenario(
        "encrypt-list",
        ["encrypt", "-j", "2", "-0", "--one-file-system", "-r", "--files-from", "list", "--output-dir", "out"],
        _tree("out/tree", ".enwrap", opens_to),
        done_before=(8, 12),
    ),
    Scenario(
        "encrypt-metadata",
        ["encrypt", "small", "--metadata", "metadata"],
        {
            "small.enwrap": opens_to(SMALL),
            "metadata": lambda place, files, path: json.loads(files[path])["mode"] == "encrypt",
        },
        done_before=(8,),
    ),
    Scenario(
        "decrypt",
        ["decrypt", "message", "-o", "back"],
        {"back": equals(PLAINTEXT)},
        done_before=(8,),
    ),
    Scenario(
        "decrypt-threads",
        ["decrypt", "-j", "4", "message", "-o", "back"],
        {"back": equals(PLAINTEXT)},
        done_before=(8,),
    ),
    Scenario("decrypt-stdout", ["decrypt", "-j", "1", "message", "-o", "-"], says=same, may_say=_prefix),
    Scenario("decrypt-pipe", ["decrypt", "-j", "4"], stdin=_message, says=same, may_say=_prefix),
    Scenario(
        "decrypt-verify-first",
        ["decrypt", "-j", "1", "--verify-first", "-o", "-", "message"],
        says=same,
        may_say=_prefix,
    ),
    Scenario(
        "decrypt-verify-first-pipe",
        ["decrypt", "-j", "2", "--verify-first"],
        stdin=_message,
        says=same,
        may_say=_prefix,
    ),
    Scenario(
        "decrypt-part",
        ["decrypt", "--offset", "100", "--length", "70000", "message", "-o", "part"],
        {"part": equals(PLAINTEXT[100:70_100])},
        done_before=(8,),
    ),
    Scenario(
        "decrypt-tree",
        ["decrypt", "-r", "-j", "2", "closed"],
        _tree("closed", "", equals),
        done_before=(8, 12),
    ),
    Scenario(
        "encrypt-passphrase",
        ["encrypt", "-p", "--new-passphrase-file", "new-passphrase", "plain"],
        {"plain.enwrap": opens_to(PLAINTEXT, more=PERSONAL)},
        done_before=(8,),
        is_slow=True,
    ),
    Scenario(
        "decrypt-passphrase",
        ["decrypt", "--message-passphrase-file", "new-passphrase", "personal", "-o", "back"],
        {"back": equals(PLAINTEXT)},
        done_before=(8,),
        is_slow=True,
    ),
    Scenario("verify", ["verify", "message"], says=same),
    Scenario("inspect", ["inspect", "message"], says=has_format),
    Scenario(
        "reencrypt",
        ["reencrypt", "-k", "there", "message"],
        {"message": opens_to(PLAINTEXT)},
    ),
    Scenario(
        "encrypt-if-changed",
        ["encrypt", "--if-changed", "--sync", "plain", "-o", "message"],
        {"message": is_as_before},
    ),
    Scenario(
        "encrypt-if-changed-pipe",
        ["encrypt", "--if-changed", "-", "-o", "message"],
        {"message": is_as_before},
        stdin=_plain,
    ),
    Scenario(
        "encrypt-if-changed-force",
        ["encrypt", "--if-changed", "-f", "-", "-o", "over.enwrap"],
        {"over.enwrap": opens_to(PLAINTEXT)},
        stdin=_plain,
    ),
    Scenario(
        "edit-stdin",
        ["edit", "--stdin", "message"],
        {"message": opens_to(SMALL)},
        stdin=lambda place: SMALL,
    ),
    Scenario(
        "edit-stdin-new",
        ["edit", "--stdin", "new"],
        {"new": opens_to(SMALL)},
        stdin=lambda place: SMALL,
    ),
    Scenario(
        "edit",
        ["edit", "over.enwrap"],
        {"over.enwrap": opens_to(b"edited\n")},
        environment={"EDITOR": "echo edited >"},
    ),
    Scenario(
        "git-merge",
        ["git", "merge", "base", "ours", "theirs"],
        {"ours": opens_to(b"0\n1\n2\n3\n")},
        failures=(255,),
    ),
    Scenario(
        "exec",
        ["exec", "-e", "variables", "--", "/bin/true"],
        may_say=_nothing,
        failures=NOT_STARTED,
    ),
    Scenario(
        "exec-secret-file",
        ["exec", "--secret-file", "FILE=over.enwrap", "--", "/bin/sh", "-c", "read line < $FILE"],
        may_say=_nothing,
        failures=NOT_STARTED,
    ),
    Scenario(
        "exec-mask",
        ["exec", "--mask", "-e", "variables", "--", "/bin/sh", "-c", 'echo "<$TOKEN>"; echo "<$TOKEN>" >&2'],
        says=same,
        may_say=_masked,
        failures=NOT_STARTED,
    ),
    Scenario(
        "rewrap",
        ["rewrap", "-k", "there", "message"],
        {"message.envelope": is_envelope},
    ),
    Scenario(
        "datakey",
        ["datakey", "--format", "hex", "--blob-out", "blob"],
        {"blob": blob_opens},
        says=as_long,
        done_before=(8,),
    ),
    Scenario("keygen", ["keygen", "fresh"], {KEYS: _adds(1)}, says=as_long, done_before=(8,)),
    Scenario(
        "keygen-first",
        ["keygen", "first"],
        {"home/new/keyring.json": _adds(1)},
        says=as_long,
        environment={"ENWRAP_KEYRING": "home/new/keyring.json"},
        done_before=(8,),
    ),
    Scenario("key-rotate", ["key", "rotate", "here"], {KEYS: _adds(1)}, says=as_long),
    Scenario(
        "key-import",
        ["key", "import", "imported", "--file", "export.json"],
        {KEYS: _adds(1)},
        done_before=(8,),
    ),
    Scenario(
        "encrypt-pair",
        ["encrypt", "-k", "pair", "plain", "-o", "to-pair"],
        {"to-pair": opens_to(PLAINTEXT, more=OF_PAIRS)},
        environment=OF_PAIRS,
        done_before=(8,),
    ),
    Scenario(
        "decrypt-pair",
        ["decrypt", "for-pair", "-o", "from-pair"],
        {"from-pair": equals(PLAINTEXT)},
        environment=OF_PAIRS,
        done_before=(8,),
    ),
    Scenario(
        "keygen-pair",
        ["keygen", "fresh", "--kind", "p256"],
        {PAIRS: _adds(1)},
        says=as_long,
        environment=OF_PAIRS,
        done_before=(8,),
    ),
    Scenario(
        "key-import-pem",
        ["key", "import", "imported", "--private-key-file", "pair.pem"],
        {KEYS: _adds(1)},
        says=as_long,
        done_before=(8,),
    ),
    Scenario(
        "key-export-public",
        ["key", "export", "pair", "--public", "-o", "public.json"],
        {"public.json": lambda place, files, path: json.loads(files[path])["namespace"] == "raw-ecdh"},
        environment=OF_PAIRS,
        done_before=(8,),
    ),
    Scenario(
        "key-export",
        ["key", "export", "here", "-o", "exported.json"],
        {"exported.json": lambda place, files, path: len(json.loads(files[path])) > 0},
        done_before=(8,),
    ),
    Scenario(
        "key-purge",
        ["key", "purge", "--yes"],
        {DUE: is_purged},
        done=holds_nothing_purged,
        erases=True,
        environment={"ENWRAP_KEYRING": DUE},
    ),
    Scenario(
        "keyring-backup",
        ["keyring", "backup", "copy.json"],
        {"copy.json": lambda place, files, path: files[path] == place.before[KEYS]},
        done_before=(8,),
    ),
    Scenario(
        "keyring-restore",
        ["keyring", "restore", "backup.json", "--force"],
        {DUE: has_materials(lambda new, old: old == new)},
        environment={"ENWRAP_KEYRING": DUE},
    ),
    Scenario(
        "passphrase-set",
        ["keyring", "passphrase", "--new-passphrase-file", "passphrase"],
        {KEYS: is_sealed_with(PASSPHRASE)},
        done=has_no_old_form("^keys/" + GENERATION),
        erases=True,
        is_slow=True,
        again={"ENWRAP_PASSPHRASE": PASSPHRASE},
    ),
    Scenario(
        "passphrase-change",
        ["keyring", "passphrase", "--new-passphrase-file", "new-passphrase"],
        {SEALED: is_sealed_with(NEW_PASSPHRASE)},
        done=has_no_old_form("^sealed/" + GENERATION),
        erases=True,
        environment=ANOTHER,
        is_slow=True,
        again={"ENWRAP_KEYRING": SEALED, "ENWRAP_PASSPHRASE": NEW_PASSPHRASE},
    ),
    Scenario(
        "passphrase-remove",
        ["keyring", "passphrase", "--remove"],
        {SEALED: is_unsealed},
        done=has_no_old_form("^sealed/" + GENERATION),
        erases=True,
        environment=ANOTHER,
        is_slow=True,
        again={"ENWRAP_KEYRING": SEALED},
    ),
    Scenario(
        "sealed-rotate",
        ["key", "rotate", "here"],
        {SEALED: is_sealed_with(PASSPHRASE)},
        environment=ANOTHER,
        says=as_long,
        is_slow=True,
    ),
]
