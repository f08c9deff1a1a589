"""Runs every case, some at once: `cases.py PROGRAM [WORD..]`, with WORDs only those whose names have one of them.

A case is a function in a module `on_*.py`; its name says what it is about. It has a folder, a keyring and a KMS of its
own; moto, and the keys in it, are there for all.
"""

import concurrent.futures
import importlib
import inspect
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from place import make_keys, place
from stand_in import Moto

# They wait for a server and for the backing off of enwrap more than they compute.
AT_ONCE = 6


def all_cases():
    names = sorted(path.stem for path in Path(__file__).parent.glob("on_*.py"))
    for module in map(importlib.import_module, names):
        for name, case in inspect.getmembers(module, inspect.isfunction):
            if case.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{module.__name__[3:]}: {name.replace('_', ' ')}", case


def attempt(case, program, moto, keys):
    """What went wrong, if so, and the seconds that it took."""
    begin = time.monotonic()
    try:
        with place(program, moto, keys) as here:
            case(here)
        return None, time.monotonic() - begin
    except AssertionError as finding:
        where = traceback.extract_tb(finding.__traceback__)
        line = next(frame for frame in reversed(where) if frame.name == case.__name__)
        return f"{line.filename}:{line.lineno}: {line.line}\n{finding}", time.monotonic() - begin
    except Exception:  # pylint: disable=broad-except
        return traceback.format_exc(), time.monotonic() - begin


def main():
    # Whoever starts this in the background may have it ignored, and so would enwrap.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    program, words = os.path.abspath(sys.argv[1]), sys.argv[2:]
    chosen = [(name, case) for name, case in all_cases() if not words or any(word in name for word in words)]
    failures = 0
    with Moto() as moto, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        keys = make_keys(moto)
        running = {pool.submit(attempt, case, program, moto, keys): name for name, case in chosen}
        for done in concurrent.futures.as_completed(running):
            failure, seconds = done.result()
            failures += failure is not None
            told = f": FAILED\n{failure}\n" if failure else ""
            print(f"{seconds:5.1f} s  {running[done]}{told}", flush=True)
    print(f"kms: {len(chosen) - failures} of {len(chosen)} cases passed")
    sys.exit(bool(failures) or not chosen)


if __name__ == "__main__":
    main()
