"""Types into real shells and reads what they complete.

Each shell starts at a pseudo-terminal with its home for working folder, enwrap on its PATH and two keyrings.
A case types some words and presses Tab; it passes when the expected text appears.
"""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import struct
import tempfile
import termios
import time

ROOT, FOLDER = sys.argv[1:]
PATIENCE = float(os.environ.get("PATIENCE", 20))  # seconds for a text to appear; nothing waits that long unless it fails

# What is typed before Tab, and what must then be on the screen.
CASES = [
    ("enwrap enc", "enwrap encrypt"),
    ("enwrap keyring bac", "enwrap keyring backup"),
    ("enwrap encrypt --output-d", "--output-dir"),
    ("enwrap datakey dec", "enwrap datakey decrypt"),
    # The names of keys: those of the keyring that the line names, before the verb or after it.
    ("enwrap encrypt -k night", "-k nightly"),
    ("enwrap key show off", "enwrap key show offsite"),
    ("enwrap --keyring ~/other.json encrypt -k we", "-k weekly"),
    ("enwrap encrypt --keyring=other.json -k we", "-k weekly"),
    # Files and folders, as the shell completes them.
    ("enwrap encrypt rep", "enwrap encrypt report.txt"),
    ("enwrap encrypt -o rep", "-o report.txt"),
    ("enwrap decrypt --output-dir re", "--output-dir restored/"),
    ("enwrap exec -e rep", "-e report.txt"),
]
# Where the shell itself completes files, which it does not for clap_complete's script for elvish: '~' stays, a name with
# a blank is quoted as the shell does, and an option and its value may be one word.
NATIVE = CASES + [
    ("enwrap encrypt ~/rep", "enwrap encrypt ~/report.txt"),
    ("enwrap decrypt --output-dir=re", "--output-dir=restored/"),
    ("enwrap encrypt two", "enwrap encrypt two\\ words.txt"),
]

# Bash takes such a name for several words, and fish also completes what is behind the sign.
EQUALS = [
    ("enwrap encrypt of=", "enwrap encrypt of=report.txt"),
    ("enwrap decrypt --output-dir=to=", "--output-dir=to=here/"),
]

SETUP = {
    "bash": {
        "command": ["bash", "--norc", "--noprofile", "-i"],
        "script": "source {root}/completions/enwrap.bash",
        "cases": NATIVE,
    },
    "zsh": {
        "command": ["zsh", "-f", "-i"],
        "script": "fpath=({root}/completions $fpath); autoload -U compinit; compinit -u",
        "cases": NATIVE + EQUALS,
    },
    "fish": {
        "command": ["fish", "--no-config", "-i"],
        "script": "source {root}/completions/enwrap.fish",
        "cases": NATIVE,
    },
    "elvish": {
        "command": ["elvish", "-norc"],
        # Without the prompt at the right, which is drawn again at each key.
        "script": "set edit:rprompt = {{ }}; eval (slurp < {root}/completions/enwrap.elv)",
        "cases": CASES,
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
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))

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


def session(shell, environment):
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
        add = {"fish": "(math {n} + 1000)", "elvish": "(+ {n} 1000)"}.get(shell, "$(({n} + 1000))")
        terminal.type(f"\x15{line}; echo ready-{add.format(n=count)}\r")
        if not terminal.wait_for(f"ready-{count + 1000}"):
            failures.append(f"{shell}: '{line}' did not end")

    run(setup["script"].format(root=ROOT))
    run("true")
    for typed, expected in setup["cases"]:
        terminal.type(typed + "\t")
        if not terminal.wait_for(expected):
            screen = ESCAPES.sub(b"", terminal.seen).decode(errors="replace")
            failures.append(f"{shell}: '{typed}<Tab>' gave {screen!r}, not '{expected}'")
        run("true")
    terminal.type("exit\r")
    terminal.close()
    return failures


def main():
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": f"{FOLDER}:{os.environ['PATH']}",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "PS1": "$ ",
        }
        for arguments in (["keygen", "nightly"], ["keygen", "offsite"],
                          ["--keyring", f"{home}/other.json", "keygen", "weekly"]):
            subprocess.run(["enwrap", "-q", *arguments], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
        for name in ("report.txt", "two words.txt", "of=report.txt"):
            open(f"{home}/{name}", "w").close()
        os.mkdir(f"{home}/restored")
        os.mkdir(f"{home}/to=here")
        os.chdir(home)
        passed, failures = 0, []
        for shell, setup in SETUP.items():
            failed = session(shell, environment)
            failures += failed
            passed += len(setup["cases"]) - len(failed)
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(bool(failures))


main()
