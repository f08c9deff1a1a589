"""Commands under strace: what they ask of the system, and what they do when one call fails or is their last."""

import os
import re
import signal
import subprocess
from collections import Counter
from dataclasses import dataclass

# A command takes some milliseconds, or a second where it derives the key of a seal.
PATIENCE = 30

# enwrap's own first call. What comes before is the loader's and the Rust runtime's, which end the process if they
# fail; nothing of ours runs then.
FIRST_OWN_CALL = "prctl(PR_SET_DUMPABLE"

_LINE = re.compile(r"(\d+) +(\w+)\(")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    stdout: bytes
    stderr: bytes
    hangs: bool
    injected: int = 0


def calls(place, scenario):
    """How often each call is made: a list of (name, first, last).

    strace counts for each thread on its own. `first` is the first count that is not of the start of the process;
    `last` is the highest count of any thread.
    """
    run(place, scenario, ["-e", "signal=none"])
    start, counts, main, is_ours = Counter(), {}, None, False
    for line in own_lines(place):
        match = _LINE.match(line)
        if not match:
            continue
        thread, name = match.groups()
        main = main or thread
        is_ours = is_ours or FIRST_OWN_CALL in line
        if not is_ours:
            start[name] += 1
        counts.setdefault(thread, Counter())[name] += 1
    assert is_ours, "enwrap no longer begins with the call that marks its start"
    names = sorted({name for count in counts.values() for name in count})
    found = [(name, start[name] + 1, max(it[name] for it in counts.values())) for name in names]
    return [(name, first, last) for name, first, last in found if first <= last]


def own_lines(place):
    """The log without what processes do after they have become another program than enwrap."""
    main, others = None, set()
    for line in place.log.read_text(errors="replace").splitlines():
        thread, call = line.split(None, 1)
        if thread in others:
            continue
        yield line
        if re.match(r"(<\.\.\. )?execve\b.* = 0$", call):
            if main:
                others.add(thread)
            main = main or thread


def run(place, scenario, options, name=None):
    """Runs the scenario's command under strace in the working folder.

    `name` is the one call to trace; the others then run at nearly full speed.
    """
    # With execve, which tells where another program begins.
    only = ["-e", f"trace={name},execve", "-e", "signal=none"] if name else []
    # With --seccomp-bpf, strace 6.1 injects no signals.
    fast = [] if any("signal=KILL" in option for option in options) else ["--seccomp-bpf"]
    tracer = ["strace", "-f", *fast, "-qq", "-o", str(place.log), *only, *options]
    ended = start(place, scenario, tracer)
    ended.injected = sum("(INJECTED)" in line for line in own_lines(place))
    return ended


def start(place, scenario, tracer=(), during=lambda child: None):
    """Runs the scenario's command; `during` is called with the process while it runs."""
    child = subprocess.Popen(
        [*tracer, place.program, *scenario.arguments],
        cwd=place.folder,
        env=place.environment(scenario.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    during(child)
    try:
        stdout, stderr = child.communicate(scenario.stdin(place), timeout=PATIENCE)
        hangs = False
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        stdout, stderr = child.communicate()
        hangs = True
    return Ended(child.returncode, stdout, stderr, hangs)
