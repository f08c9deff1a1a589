"""The move of a tree from a local key to AWS KMS and back, as docs/kms.md has it.

`move(place)` goes by the commands here; whoever has other words for them, such as a document, gives them as `there` and
`back`: lists of arguments of enwrap, in order. The local key is called `local`, the other `kms`, the tree `tree`.
"""

import sys
from pathlib import Path

import moods

sys.path.append(str(Path(__file__).parents[1] / "soak"))
from age import make_due

COUNT = 12
THERE = [
    ["rewrap", "-r", "--add", "-k", "kms", "tree"],
    ["verify", "-r", "--only-key", "kms", "tree"],
    ["key", "delete", "local", "--pending-days", "7"],
]
BACK = [
    ["rewrap", "-r", "--add", "-k", "local", "tree"],
    ["verify", "-r", "--only-key", "local", "tree"],
    ["key", "delete", "kms", "--pending-days", "7"],
]
RETIRE = ["key", "purge", "--yes", "--check", "tree"]


def _tree(place, key):
    for number in range(COUNT):
        place.write(f"tree/{number}", b"text %d" % number)
    place.enwrap("encrypt", "-r", "--remove-source", "-c", "of=tree", "-k", key, "tree")


def _is_readable(place):
    place.enwrap("decrypt", "-r", "tree", "--output-dir", "read")
    for number in range(COUNT):
        assert place.read(f"read/tree/{number}") == b"text %d" % number, f"other plaintext of {number}"
        place.terminal.path(f"read/tree/{number}").unlink()


def _retire(place):
    """The days go by, and the key that was deleted is destroyed."""
    make_due(place.terminal.path("keys/keyring.json"))
    place.enwrap(*RETIRE)


def move(place, there=None, back=None):
    place.imported(place.keys.one)
    place.enwrap("keygen", "local")
    _tree(place, "local")
    for command in there or THERE:
        place.enwrap(*command)
    assert place.kms.calls() == {"Encrypt": COUNT, "Decrypt": COUNT}, place.kms.calls()
    _retire(place)
    _is_readable(place)
    place.kms.mood = moods.broken
    place.enwrap("verify", "-r", "tree", code=12, says=place.keys.one)
    place.kms.mood = moods.well

    place.enwrap("keygen", "local")
    for command in back or BACK:
        place.enwrap(*command)
    _retire(place)
    place.kms.forget()
    _is_readable(place)
    assert place.kms.calls() == {}, "a call of a key that is gone"
