"""Runs enwrap with a limit of memory and of time, and compares what it says with what it should."""

import os
import resource
import subprocess
import time

MIB = 1 << 20

# Generous: it is to catch what grows with a claimed size, and not a slow machine.
SECONDS = 120
ADDRESS_SPACE = 1024 * MIB


class Enwrap:
    """enwrap in a folder of its own, with a keyring in it."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.failures = 0
        self.environment = {
            "PATH": os.environ["PATH"],
            "ENWRAP_KEYRING": f"{folder}/keyring.json",
        }
        self.must("keygen", "one")
        self.must("keygen", "two")

    def must(self, *arguments):
        """Runs a command that prepares a case, and returns its output."""
        command = [self.program, *map(str, arguments)]
        run = subprocess.run(
            command, env=self.environment, cwd=self.folder, check=True, capture_output=True
        )
        return run.stdout

    def case(self, name, *arguments, code, says="", cwd=None, memory=ADDRESS_SPACE, **environment):
        """Runs a command. `code` is the exit code that it should have, and `says` a part of what it prints."""

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

        start = time.monotonic()
        with open(f"{self.folder}/said", "w+b") as said:
            child = subprocess.Popen(
                [self.program, *map(str, arguments)],
                env=self.environment | environment,
                cwd=cwd or self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                preexec_fn=limit,
            )
            found, peak = wait(child)
            said.seek(0)
            text = said.read(100_000).decode(errors="replace")
        seconds = time.monotonic() - start
        is_right = found == code and says in text
        self.failures += not is_right
        # The peak counts this interpreter's pages too, before the program is executed.
        print(
            f"{'ok  ' if is_right else 'FAIL'} {name}: exit {found}, {seconds:.2f} s, {peak >> 10} MiB",
            flush=True,
        )
        if not is_right:
            print(f"     expected exit {code} and '{says}'; it said: {text[:1500]}", flush=True)


def wait(child):
    """The exit code of a process, and its peak of memory in KiB; it is killed if it takes too long."""
    deadline = time.monotonic() + SECONDS
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_maxrss
        if time.monotonic() > deadline:
            child.kill()
        time.sleep(0.005)
