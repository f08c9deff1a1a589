"""Runs a command under strace, and applies its calls one by one to a model of the disk."""

import os
import re
import subprocess

import disk

# What changes files or moves a descriptor. That no call is missing here is checked by a comparison of the model with
# the real folder, when the command has ended.
CALLS = (
    "open,openat,openat2,creat,close,dup,dup2,dup3,fcntl,write,pwrite64,writev,pwritev,pwritev2,lseek,ftruncate,"
    "truncate,fallocate,copy_file_range,sendfile,splice,rename,renameat,renameat2,link,linkat,symlink,symlinkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync,sync,syncfs,msync,sync_file_range"
)
_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)", re.DOTALL)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def record(command, folder, environment, log):
    """Runs a command in `folder`. Returns its exit code, and its calls as (name, arguments, result)."""
    strace = ["strace", "-f", "-xx", "-s", str(64 << 20), "-o", log, "-e", f"trace={CALLS}"]
    ended = subprocess.run(
        [*strace, *command], cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )
    return ended, list(_calls(log))


def _calls(log):
    unfinished = {}
    with open(log) as lines:
        for line in lines:
            process, text = _LINE.match(line.rstrip("\n")).groups()
            if text.endswith("<unfinished ...>"):
                unfinished[process] = text[: -len("<unfinished ...>")].rstrip()
                continue
            resumed = re.match(r"^<\.\.\. \w+ resumed>(.*)$", text)
            if resumed:
                text = unfinished.pop(process) + resumed.group(1)
            call = _CALL.match(text)
            # Signals, ends of processes, and calls that failed, change nothing.
            if call and int(call.group(3)) >= 0:
                yield call.group(1), _arguments(call.group(2)), int(call.group(3))


def _arguments(text):
    """The arguments: bytes of a string, all bytes of an I/O vector, and everything else as text."""
    strings = []

    def keep(match):
        assert not match.group(2), "a string was cut"
        strings.append(bytes.fromhex(match.group(1).replace("\\x", "")))
        return f"@{len(strings) - 1}"

    text = _STRING.sub(keep, text)
    # An I/O vector holds commas.
    joined = lambda vector: "&" + "+".join(re.findall(r"@\d+", vector.group()))
    text = re.sub(r"\[\{.*\}\]", joined, text)
    arguments = []
    for argument in text.split(", "):
        numbers = [int(number) for number in re.findall(r"@(\d+)", argument)]
        is_bytes = argument[:1] in "@&" and argument
        arguments.append(b"".join(strings[n] for n in numbers) if is_bytes else argument)
    return arguments


class Replay:
    """The open descriptors of the process, and the disk under them."""

    def __init__(self, folder, syncs_count=True):
        self.folder, self.disk, self.syncs_count = folder, disk.Disk(folder), syncs_count
        self.descriptors = {}  # number: [node, path, offset, whether it appends]
        self.printed = b""

    def apply(self, name, arguments, result):
        """Does what a call did. Returns whether a power cut may now leave something else."""
        method = getattr(self, f"_{name}", None)
        if method:
            return method(arguments, result) is not False
        node = self.descriptors.get(_number(arguments[0]), [None])[0] if arguments else None
        assert node is None or result == 0, f"{name} is not modelled"
        return False

    # Where a path leads.

    def _parts(self, base, path):
        """The names from the root of the disk to a path; `None` if it is elsewhere."""
        if base == "AT_FDCWD":
            start = self.folder
        else:
            start = self.descriptors.get(_number(base), [None, None])[1]
        if start is None and not path.startswith(b"/"):
            return None
        full = os.path.normpath(os.path.join(start or "/", os.fsdecode(path)))
        relative = os.path.relpath(full, self.folder)
        if relative.startswith(".."):
            return None
        return [] if relative == "." else relative.split("/")

    def _change(self, parts, node):
        self.disk.find(parts[:-1]).change((parts[-1], node))

    # Descriptors.

    def _openat(self, arguments, result, flags=None):
        base, path, flags = arguments[0], arguments[1], flags or arguments[2]
        self.descriptors.pop(result, None)
        parts = self._parts(base, path)
        if parts is None:
            return False
        full = os.path.join(self.folder, *parts)
        if "O_TMPFILE" in flags:
            self.descriptors[result] = [disk.File(), full, 0, False]
            return False
        node = self.disk.find(parts)
        is_new = node is None
        if is_new:
            assert "O_CREAT" in flags, path
            node = disk.File()
            self._change(parts, node)
        if "O_TRUNC" in flags and node.size():
            node.pending.append((0, None))
            is_new = True
        self.descriptors[result] = [node, full, 0, "O_APPEND" in flags]
        return is_new

    def _open(self, arguments, result):
        return self._openat(["AT_FDCWD", *arguments], result)

    def _openat2(self, arguments, result):
        flags = re.search(r"flags=([\w|]+)", ", ".join(map(str, arguments[2:]))).group(1)
        return self._openat(arguments[:2], result, flags)

    def _close(self, arguments, result):
        self.descriptors.pop(_number(arguments[0]), None)
        return False

    def _fcntl(self, arguments, result):
        if arguments[1].startswith("F_DUPFD"):
            self._dup(arguments, result)
        return False

    def _dup(self, arguments, result):
        if _number(arguments[0]) in self.descriptors:
            self.descriptors[result] = self.descriptors[_number(arguments[0])]
        return False

    _dup2 = _dup3 = _dup

    # Data.

    def _write(self, arguments, result, at=None):
        number, data = _number(arguments[0]), arguments[1][:result]
        if number == 1 and number not in self.descriptors:
            self.printed += data
            return True
        if number not in self.descriptors:
            return False
        entry = self.descriptors[number]
        offset = entry[0].size() if entry[3] else entry[2] if at is None else at
        entry[0].pending.append((offset, data))
        if at is None:
            entry[2] = offset + result
        return True

    _writev = _write

    def _pwrite64(self, arguments, result):
        return self._write(arguments, result, int(arguments[3]))

    def _pwritev(self, arguments, result):
        return self._write(arguments, result, int(arguments[3]))

    def _lseek(self, arguments, result):
        if _number(arguments[0]) in self.descriptors:
            self.descriptors[_number(arguments[0])][2] = result
        return False

    def _ftruncate(self, arguments, result):
        self.descriptors[_number(arguments[0])][0].pending.append((int(arguments[1]), None))

    def _fallocate(self, arguments, result):
        node, end = self.descriptors[_number(arguments[0])][0], int(arguments[2]) + int(arguments[3])
        assert arguments[1] in ("0", "FALLOC_FL_KEEP_SIZE"), arguments
        if arguments[1] == "0" and end > node.size():
            node.pending.append((end, None))

    # Names.

    def _linkat(self, arguments, result):
        parts = self._parts(arguments[2], arguments[3])
        by_number = re.match(rb"^/proc/(?:self|\d+)/fd/(\d+)$", arguments[1])
        if by_number:
            node = self.descriptors[int(by_number.group(1))][0]
        elif arguments[1]:
            node = self.disk.find(self._parts(arguments[0], arguments[1]))
        else:
            node = self.descriptors[_number(arguments[0])][0]
        self._change(parts, node)

    def _link(self, arguments, result):
        self._linkat(["AT_FDCWD", arguments[0], "AT_FDCWD", arguments[1]], result)

    def _renameat2(self, arguments, result):
        old, new = self._parts(*arguments[0:2]), self._parts(*arguments[2:4])
        assert "RENAME_EXCHANGE" not in arguments[4:], "an exchange is not modelled"
        assert old[:-1] == new[:-1], "a rename between folders is not modelled"
        folder, node = self.disk.find(old[:-1]), self.disk.find(old)
        if self.disk.find(new) is node:
            return False
        folder.change((old[-1], None), (new[-1], node))

    _renameat = _renameat2

    def _rename(self, arguments, result):
        return self._renameat2(["AT_FDCWD", arguments[0], "AT_FDCWD", arguments[1]], result)

    def _unlinkat(self, arguments, result):
        parts = self._parts(*arguments[0:2])
        if parts is None:
            return False
        self._change(parts, None)

    def _unlink(self, arguments, result):
        return self._unlinkat(["AT_FDCWD", arguments[0]], result)

    _rmdir = _unlink

    def _mkdirat(self, arguments, result):
        parts = self._parts(*arguments[0:2])
        if parts is not None:
            self._change(parts, disk.Folder())

    def _mkdir(self, arguments, result):
        return self._mkdirat(["AT_FDCWD", arguments[0]], result)

    # Syncs. They only take states away, and those that stay have been seen.

    def _fsync(self, arguments, result):
        entry = self.descriptors.get(_number(arguments[0]))
        if entry and self.syncs_count:
            entry[0].sync()
        return False

    _fdatasync = _fsync

    def _sync(self, arguments, result):
        if self.syncs_count:
            self.disk.sync_all()
        return False

    _syncfs = _sync


def _number(argument):
    return int(argument) if isinstance(argument, str) and argument.lstrip("-").isdigit() else None
