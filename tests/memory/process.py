"""Runs a program and reads its memory: at its end, or while it waits for input.

The end is where the system stops a traced process whose main thread is about to exit (PTRACE_EVENT_EXIT): all
destructors have run, and its memory is still there.
"""

import ctypes
import fcntl
import os
import pathlib
import signal
import struct
import subprocess
import termios
import threading
import time

_TRACEME, _CONT, _SETOPTIONS = 0, 7, 0x4200
_O_TRACEEXIT, _O_EXITKILL = 0x40, 0x100000
_EVENT_EXIT = 6

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

PAGE = 4096
_ZEROS = bytes(PAGE)


def _ptrace(request, pid, data=0):
    if _libc.ptrace(request, pid, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


def memory_of(pid):
    """All writable mappings of a process, as (name, first address, bytes); runs of zero pages are left out."""
    pieces = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            fields = line.split(maxsplit=5)
            if "w" not in fields[1] or "r" not in fields[1]:
                continue
            first, end = (int(part, 16) for part in fields[0].split("-"))
            name = fields[5].strip() if len(fields) > 5 else "unnamed"
            pieces += _used(memory, name, first, end)
    return pieces


def _used(memory, name, first, end):
    run, start = bytearray(), first
    at = first
    while at < end:
        memory.seek(at)
        chunk = memory.read(min(end - at, 1 << 20))
        if not chunk:
            raise OSError(f"{name} cannot be read at {at:#x}")
        for offset in range(0, len(chunk), PAGE):
            page = chunk[offset : offset + PAGE]
            if page != _ZEROS[: len(page)]:
                if not run:
                    start = at + offset
                run += page
            elif run:
                yield name, start, bytes(run)
                run = bytearray()
        at += len(chunk)
    if run:
        yield name, start, bytes(run)


def locked_ranges(pid):
    """The addresses of pages that are locked in memory."""
    ranges, pages = [], None
    with open(f"/proc/{pid}/smaps") as smaps:
        for line in smaps:
            fields = line.split()
            if not fields[0].endswith(":"):
                pages = range(*(int(part, 16) for part in fields[0].split("-")))
            elif fields[0] == "VmFlags:" and "lo" in fields:
                ranges.append(pages)
    return ranges


def wait_until_it_waits_for(pipe, pid):
    """Returns when a process has taken all that was written to `pipe` and every thread of it sleeps.

    That a write to the pipe came back proves nothing: enwrap enlarges the pipe, so all of it may still lie there.
    """
    deadline = time.monotonic() + 60
    while not (_is_empty(pipe) and _sleeps(pid)):
        assert time.monotonic() < deadline, "it does not take its input"
        time.sleep(0.001)


def _is_empty(pipe):
    unread = fcntl.ioctl(pipe, termios.FIONREAD, struct.pack("i", 0))
    return struct.unpack("i", unread) == (0,)


def _sleeps(pid):
    """Whether each thread is in an interruptible sleep: the state stands behind the name, which is in parentheses."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text().rpartition(") ")[2].startswith("S") for thread in threads)


def drop_capability_to_lock():
    """Takes CAP_IPC_LOCK from this process and what it executes: out of the bounding set, which limits what root gets."""
    drop_from_bounding_set, ipc_lock = 24, 14
    if _libc.prctl(drop_from_bounding_set, ipc_lock, 0, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), "prctl")


def run_to_its_end(command, before_exec=None, meanwhile=None, **options):
    """Runs `command`, and returns its exit code and its memory at its end.

    `before_exec` is called in the new process, `meanwhile` with its id while it runs; the other options are those of
    `subprocess.Popen`.
    """

    def prepare():
        if before_exec:
            before_exec()
        _ptrace(_TRACEME, 0)

    child = subprocess.Popen(command, preexec_fn=prepare, **options)
    pid, memory = child.pid, None
    # It stops once by itself when it has begun.
    _, status = os.waitpid(pid, 0)
    assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTRAP, status
    _ptrace(_SETOPTIONS, pid, _O_TRACEEXIT | _O_EXITKILL)
    if meanwhile:
        threading.Thread(target=meanwhile, args=[pid], daemon=True).start()
    deliver = 0
    while True:
        _ptrace(_CONT, pid, deliver)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            break
        is_end = status >> 16 == _EVENT_EXIT
        if is_end:
            memory = memory_of(pid)
        deliver = 0 if is_end else os.WSTOPSIG(status)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert memory is not None
    return child.returncode, memory
