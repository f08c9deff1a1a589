"""Lets each call of the system fail in turn, one in each run, and judges what comes of it.

    faults.py PROGRAM [--full] [--seed N] [--shard I/N] [--scenario NAME] [--call NAME] [--when N] [--errno NAME]

Without --full, each call fails in one way, and the commands that derive the key of a seal are sampled. A bad outcome
is printed with the options that repeat it.
"""

import argparse
import errno
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import tracer
from judge import judge
from place import Place
from scenarios import ALL

# How a call may fail; the others with OTHERS.
OTHERS = ["EIO", "EPERM", "ENOMEM"]
ERRNOS = {
    **dict.fromkeys(["openat", "openat2"], ["EACCES", "EMFILE", "EINTR", "EIO", "ENOSPC", "ENOMEM", "EDQUOT", "EPERM", "ENOSYS"]),
    **dict.fromkeys(["read", "pread64", "recvfrom"], ["EIO", "EINTR", "EAGAIN", "ENOMEM"]),
    **dict.fromkeys(["write", "pwrite64", "sendto"], ["ENOSPC", "EDQUOT", "EIO", "EINTR", "EFBIG", "EAGAIN", "EPIPE"]),
    **dict.fromkeys(["fsync", "fdatasync", "sync_file_range"], ["EIO", "ENOSPC", "EDQUOT", "EINTR"]),
    "close": ["EIO", "EINTR", "ENOSPC", "EDQUOT"],
    **dict.fromkeys(["statx", "newfstatat", "fstat"], ["EACCES", "EIO", "ENOMEM", "ENOSYS", "EPERM"]),
    **dict.fromkeys(["linkat", "link"], ["EIO", "ENOSPC", "EPERM", "EMLINK", "EDQUOT", "EXDEV", "ENOSYS", "EACCES"]),
    **dict.fromkeys(["rename", "renameat", "renameat2"], ["EIO", "ENOSPC", "EACCES", "EXDEV", "EDQUOT", "EPERM"]),
    **dict.fromkeys(["unlink", "unlinkat"], ["EIO", "EACCES", "EPERM", "EBUSY"]),
    **dict.fromkeys(["mkdir", "mkdirat"], ["EIO", "ENOSPC", "EACCES", "EDQUOT", "EMLINK"]),
    "symlinkat": ["EIO", "ENOSPC", "EPERM", "EDQUOT", "EROFS"],
    **dict.fromkeys(["fchown", "fchownat"], ["EPERM", "EIO", "EROFS"]),
    **dict.fromkeys(["readlink", "readlinkat"], ["EIO", "EACCES", "ENOMEM"]),
    "getdents64": ["EIO", "ENOMEM", "EINTR"],
    "flock": ["EINTR", "ENOLCK", "EIO", "ENOSYS", "EAGAIN"],
    **dict.fromkeys(["fchmod", "utimensat"], ["EPERM", "EIO", "EROFS", "ENOSYS"]),
    "getrandom": ["ENOSYS", "EINTR", "EPERM", "EIO"],
    **dict.fromkeys(["mmap", "mremap", "munmap", "madvise"], ["ENOMEM"]),
    "mprotect": ["ENOMEM", "EACCES"],
    **dict.fromkeys(["clone", "clone3", "fork", "vfork"], ["EAGAIN", "ENOMEM", "EPERM"]),
    **dict.fromkeys(["pipe2", "socketpair", "dup", "dup2", "fcntl", "memfd_create"], ["EMFILE", "ENFILE", "EIO", "ENOSYS"]),
    **dict.fromkeys(["poll", "ppoll"], ["EINTR", "ENOMEM", "EAGAIN", "EIO"]),
    "wait4": ["EINTR", "ECHILD"],
    "waitid": ["EINTR", "ECHILD"],
    "execve": ["ENOENT", "EACCES", "ENOMEM", "E2BIG"],
}
# Where memory cannot be had, Rust's allocator and the start of a thread abort; nothing can be handled then.
MEMORY = {"mmap", "mremap", "munmap", "mprotect"}
# They return to no caller, or cannot fail, or strace cannot imitate how: a failing brk returns the old end of the heap
# and no error, and a futex whose wake-up is swallowed makes every program wait.
NEVER_FAIL = {"brk", "futex", "exit_group", "exit", "rt_sigreturn", "restart_syscall", "getpid", "gettid", "umask", "getuid", "geteuid"}

# In a short run, one of so many faults of a slow command.
SLOW_SAMPLE = 8


def faults(place, options):
    """The faults to inject: (scenario, call, count, errno)."""
    shuffle = random.Random(options.seed)
    for scenario in ALL:
        if options.scenario not in (None, scenario.name):
            continue
        place.reset()
        for call, first, last in tracer.calls(place, scenario):
            if call in NEVER_FAIL or options.call not in (None, call):
                continue
            known = ERRNOS.get(call, OTHERS)
            turn = shuffle.randrange(len(known))
            for count in range(first, last + 1):
                if options.when not in (None, count):
                    continue
                if options.errno:
                    chosen = [options.errno]
                elif options.full:
                    chosen = known
                elif scenario.is_slow and not options.when and shuffle.randrange(SLOW_SAMPLE):
                    continue
                else:
                    chosen = [known[(turn + count) % len(known)]]
                for name in chosen:
                    yield scenario, call, count, name


def accepts(scenario, call, error, ended, kind):
    """Whether a bad outcome is right after this fault."""
    # The reader of a pipe has gone.
    if error == "EPIPE" and ended.code == -13:
        return kind.startswith("ended")
    # strace makes a close fail by not closing: a pipe that stays open that way has no end for its reader.
    if call == "close" and scenario.name in ("encrypt-from-command", "git-merge"):
        return kind == "hang"
    # strace follows the command too: this write was its own, and it ended with 0 all the same.
    if call == "write" and scenario.name == "exec-mask":
        return kind == "wrong success"
    # A hash table of the crate that reads dotenv draws its seed, for which the standard library has no error. Nothing is
    # started.
    if call == "getrandom" and scenario.name.startswith("exec"):
        return kind == "panic"
    # The file of the passphrase could not be read, so the keyring stays locked.
    return kind == "wrong cause: 9" and "ENWRAP_PASSPHRASE_FILE" in scenario.environment


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("--shard", default="1/1", help="this part of so many, for several machines")
    parser.add_argument("--scenario", choices=[scenario.name for scenario in ALL])
    parser.add_argument("--call")
    parser.add_argument("--when", type=int)
    parser.add_argument("--errno", choices=sorted(errno.errorcode.values()))
    options = parser.parse_args()
    part, parts = map(int, options.shard.split("/"))
    print(f"faults: --seed {options.seed}", flush=True)

    began, count, kinds, baselines = time.monotonic(), 0, Counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(options.program.resolve(), Path(folder))
        for number, (scenario, call, when, error) in enumerate(faults(place, options)):
            if number % parts != part - 1:
                continue
            if scenario.name not in baselines:
                place.reset()
                baselines[scenario.name] = tracer.start(place, scenario)
                wrong = judge(place, scenario, baselines[scenario.name], baselines[scenario.name])
                assert not wrong, (scenario.name, wrong, baselines[scenario.name])
            place.reset()
            ended = tracer.run(place, scenario, ["-e", f"inject={call}:error={error}:when={when}"], call)
            if not ended.injected:
                # Threads share their work differently in each run.
                continue
            count += 1
            wrong = judge(place, scenario, ended, baselines[scenario.name], may_abort=call in MEMORY)
            for kind, detail in wrong:
                if accepts(scenario, call, error, ended, kind):
                    continue
                kinds[kind] += 1
                repeat = f"--scenario {scenario.name} --call {call} --when {when} --errno {error}"
                print(f"{kind}: {repeat} (exit {ended.code}): {detail}", flush=True)
    print(f"{count} faults injected in {time.monotonic() - began:.0f} s, {kinds.total()} bad outcomes")
    for kind, number in kinds.most_common():
        print(f"  {number:6} {kind}")
    sys.exit(bool(kinds))


main()
