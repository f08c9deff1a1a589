"""Types into real shells and reads what they complete.

Each shell starts at a pseudo-terminal with an empty home, enwrap on its PATH and a keyring with two keys.
A case types some words and presses Tab; it passes when the expected text appears.
"""

import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

ROOT = sys.argv[1]
PATIENCE = 20  # seconds for a text to appear; nothing waits that long unless it fails

# What is typed before Tab, and what must then be on the screen.
SHIPPED = [
    ("enwrap enc", "enwrap encrypt"),
    ("enwrap keyring bac", "enwrap keyring backup"),
    ("enwrap encrypt --output-d", "--output-dir"),
    ("enwrap datakey dec", "enwrap datakey decrypt"),
]
# The same, and the names of this machine's keys.
ASKING = SHIPPED[:2] + [
    ("enwrap encrypt -k night", "-k nightly"),
    ("enwrap key show off", "enwrap key show offsite"),
]

SETUP = {
    "bash": {
        "command": ["bash", "--norc", "--noprofile", "-i"],
        "prepare": "source /usr/share/bash-completion/bash_completion",
        "shipped": "source {root}/completions/enwrap.bash",
        "asking": "source <(ENWRAP_COMPLETE=bash enwrap)",
    },
    "zsh": {
        "command": ["zsh", "-f", "-i"],
        "prepare": "fpath=({root}/completions $fpath); autoload -U compinit; compinit -u",
        "shipped": "true",
        "asking": "source <(ENWRAP_COMPLETE=zsh enwrap)",
    },
    "fish": {
        "command": ["fish", "--no-config", "-i"],
        "prepare": "true",
        "shipped": "source {root}/completions/enwrap.fish",
        "asking": "ENWRAP_COMPLETE=fish enwrap | source",
    },
}

ESCAPES = re.compile(rb"\x1b\[[0-9;?>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07]*\x07|[\r\x07]")


class Terminal:
    """A shell at a pseudo-terminal."""

    def __init__(self, command, environment):
        self.seen = b""
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.execvpe(command[0], command, environment)

    def type(self, text):
        self.seen = b""
        os.write(self.fd, text.encode())

    def wait_for(self, text):
        """Whether `text` appears on the screen."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if text.encode() in ESCAPES.sub(b"", self.seen):
                return True
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    break
                self.seen += data
                # A shell may ask what kind of terminal this is, and wait for the answer.
                if b"\x1b[c" in data or b"\x1b[0c" in data:
                    os.write(self.fd, b"\x1b[?62c")
                if b"\x1b[6n" in data:
                    os.write(self.fd, b"\x1b[1;1R")
        return False

    def close(self):
        os.close(self.fd)
        os.waitpid(self.child, 0)


def session(shell, kind, cases, environment):
    """Returns the cases that fail."""
    setup = SETUP[shell]
    terminal = Terminal(setup["command"], environment)
    failures = []
    count = 0

    def run(line):
        """Runs `line`, and waits until the shell is ready again; Ctrl-U clears what was typed."""
        nonlocal count
        count += 1
        # The sum is on the screen only when the line has run, not when it is echoed.
        add = "(math {n} + 1000)" if shell == "fish" else "$(({n} + 1000))"
        terminal.type(f"\x15{line}; echo ready-{add.format(n=count)}\r")
        if not terminal.wait_for(f"ready-{count + 1000}"):
            failures.append(f"{shell}, {kind}: '{line}' did not end")

    run(setup["prepare"].format(root=ROOT))
    run(setup[kind].format(root=ROOT))
    for typed, expected in cases:
        terminal.type(typed + "\t")
        if not terminal.wait_for(expected):
            screen = ESCAPES.sub(b"", terminal.seen).decode(errors="replace")
            failures.append(f"{shell}, {kind}: '{typed}<Tab>' gave {screen!r}, not '{expected}'")
        run("true")
    terminal.type("exit\r")
    terminal.close()
    return failures


def main():
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": f"{ROOT}/target/release:{os.environ['PATH']}",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "PS1": "$ ",
        }
        for key in ("nightly", "offsite"):
            subprocess.run(["enwrap", "-q", "keygen", key], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
        passed, failures = 0, []
        for shell in SETUP:
            for kind, cases in (("shipped", SHIPPED), ("asking", ASKING)):
                failed = session(shell, kind, cases, environment)
                failures += failed
                passed += len(cases) - len(failed)
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(bool(failures))


main()
