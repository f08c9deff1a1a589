"""Runs the shell blocks of docs/kms.md as they stand there, with `aws_cli.py` in the place of the AWS CLI.

A comment before a block is its label: `<!-- the move -->`.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).parents[1] / "soak"))
from age import make_due

PAGE = Path(__file__).parents[2] / "docs" / "kms.md"
BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```sh\n(.*?)```", re.DOTALL)
MOST_SECONDS = 60
MOVE, WAY_BACK = "the move", "the way back"
COUNT = 3


class Block(NamedTuple):
    label: str
    text: str


def blocks():
    return [Block(*found.groups()) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def commands(label):
    """The arguments of each enwrap in a block, in which `&&` joins them."""
    (text,) = [block.text for block in blocks() if block.label == label]
    words = [shlex.split(command) for command in text.split("&&")]
    assert all(first == "enwrap" for first, *_ in words), text
    return [arguments for _, *arguments in words]


def calls_by_row():
    """How many calls for each file the page has, by the first cell."""
    table = PAGE.read_text(encoding="utf-8").partition("| calls for each file |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = (line.strip("| ").rsplit(" | ", 1) for line in table.splitlines())
    return {cell: int(number) for cell, number in rows}


def documented(place):
    """The session of the page, from a note and a tree of files to the end of both keys."""
    shell = _Shell(place)
    place.write("note", b"attack at dawn\n")
    place.write("host/.keep", b"")
    place.terminal.path("host").chmod(0o700)
    for block in blocks():
        if block.label == MOVE:
            _make_tree(place)
        if "key purge" in block.text:
            make_due(place.terminal.path("keys/keyring.json"))
        shell.run(block.text)
    for copy in ("note.back", "direct"):
        assert place.read(copy) == b"attack at dawn\n", f"{copy}: other plaintext"
    assert re.fullmatch(rb"[0-9a-f]{64}\n?", place.read("disk.hex")), "no data key in hex"
    # The page has ended both: the first local key, and the entry of the key in AWS KMS.
    place.kms.forget()
    place.enwrap("decrypt", "-r", "tree", "--output-dir", "read")
    assert place.kms.calls() == {}, "the way back is not all local"
    for number in range(COUNT):
        assert place.read(f"read/tree/{number}") == b"text %d" % number, f"other plaintext of {number}"
    place.enwrap("verify", "--only-key", "kms", "note.enwrap", code=7)
    assert place.kms.calls() == {}, "a key that is to go was asked"


def _make_tree(place):
    for number in range(COUNT):
        place.write(f"tree/{number}", b"text %d" % number)
    place.enwrap("encrypt", "-r", "--remove-source", "-k", "local", "tree")


def counted(place):
    """Each row of the table of calls, by runs."""
    place.imported(place.keys.one)
    place.enwrap("keygen", "local")
    for number in range(COUNT):
        place.write(f"plain/{number}", b"text")
    place.enwrap("encrypt", "-r", "-k", "local", "plain", "--output-dir", "local")
    to_remote = ("encrypt", "-r", "-k", "kms", "plain", "--output-dir", "remote")
    to_local, add = ("rewrap", "-r", "--add", "-k", "local", "remote"), ("rewrap", "-r", "--add", "-k", "kms", "local")
    told = calls_by_row()
    for cell, *runs in (
        ("`encrypt -r -k kms`", to_remote),
        ("`key usage -r`, by names", ("key", "usage", "-r", "remote")),
        ("`key usage -r --fail-if-stale`, by proof", ("key", "usage", "-r", "--fail-if-stale", "remote")),
        (
            "`decrypt -r`, `verify -r` of files that no local key opens",
            ("decrypt", "-r", "remote", "--output-dir", "read"),
            ("verify", "-r", "remote"),
        ),
        ("`reencrypt -r` of files under `kms`", ("reencrypt", "-r", "remote")),
        ("`rewrap -r --add -k local` of files under `kms`", to_local),
        ("`rewrap -r --add -k kms` of files under a local key", add),
        ("the same again, of files that have it already", add),
    ):
        number = told.pop(cell)
        for arguments in runs:
            place.kms.forget()
            place.enwrap(*arguments)
            made = sum(place.kms.calls().values())
            assert made == COUNT * number, f"{cell}: {made} calls for {COUNT} files"
    assert not told, f"no run of {list(told)}"


class _Shell:
    """Runs one block after the other, with the variables of those before."""

    def __init__(self, place):
        self.folder = place.terminal.folder
        programs = self.folder / "home" / "bin"
        programs.mkdir()
        (programs / "enwrap").symlink_to(place.terminal.program)
        aws = programs / "aws"
        cli = [sys.executable, "-B", str(Path(__file__).with_name("aws_cli.py"))]
        aws.write_text(f'#!/bin/sh\nexec {shlex.join(cli)} "$@"\n', encoding="utf-8")
        aws.chmod(0o700)
        self.variables = self.folder / "home" / "variables"
        self.variables.touch()
        self.environment = place.terminal.environment | {
            "PATH": f"{programs}:{place.terminal.environment['PATH']}",
            "KEY_AGREEMENT_ARN": place.keys.agreement["p256"].arn,
        }

    def run(self, text):
        variables = shlex.quote(str(self.variables))
        # All are exported, so that this writes down those of the block and no others of the shell's own.
        script = f"set -ea\n. {variables}\n{text}\nexport -p > {variables}\n"
        run = subprocess.run(
            ["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, cwd=self.folder, env=self.environment, timeout=MOST_SECONDS,
        )
        said = run.stdout.decode(errors="replace")
        assert run.returncode == 0, f"{text}exit {run.returncode}\n{said}"
        assert "panicked" not in said, f"{text}{said}"
