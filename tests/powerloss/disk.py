"""A disk as a file system keeps it: what is durable, and what a power cut may or may not leave.

The model is strict. The data of a file is durable up to its last fsync. Of what was written later, any prefix may be
there, or zeros in its place. The entries of a folder (creations, links, renames, removals) are durable up to an fsync
of that folder; of the later ones any prefix may be there. Folders and files are independent of each other. Modes, times
and owners are not modelled.
"""

import itertools
import os
import stat


class File:
    def __init__(self, durable=b""):
        self.durable = durable
        self.pending = []  # (offset, bytes), or (length, None) for a truncation

    def size(self):
        return len(self.content())

    def content(self):
        return self._after(len(self.pending))

    def sync(self):
        self.durable, self.pending = self.content(), []

    def _after(self, count):
        data = bytearray(self.durable)
        for change in self.pending[:count]:
            _apply(data, change)
        return bytes(data)

    def after_power_cut(self):
        """Every content that may be left."""
        contents = {self._after(count) for count in range(len(self.pending) + 1)}
        for count, (offset, written) in enumerate(self.pending):
            if written:
                data = bytearray(self._after(count))
                _apply(data, (offset, written[: len(written) // 2]))
                contents.add(bytes(data))
                data = bytearray(self._after(count))
                _apply(data, (offset, bytes(len(written))))
                contents.add(bytes(data))
        if self.pending:
            # The new length, and none of the new data.
            data = bytearray(self.durable[: self.size()])
            contents.add(bytes(data.ljust(self.size(), b"\0")))
        return sorted(contents)


def _apply(data, change):
    at, written = change
    if written is None:
        data[at:] = bytes(max(0, at - len(data)))
        return
    if len(data) < at:
        data.extend(bytes(at - len(data)))
    data[at : at + len(written)] = written


class Folder:
    def __init__(self):
        self.durable = {}
        self.pending = []  # each a list of (name, node, or None where the name is gone)

    def entries(self, count=None):
        entries = dict(self.durable)
        for changes in self.pending if count is None else self.pending[:count]:
            for name, node in changes:
                if node is None:
                    entries.pop(name, None)
                else:
                    entries[name] = node
        return entries

    def change(self, *changes):
        self.pending.append(list(changes))

    def sync(self):
        self.durable, self.pending = self.entries(), []


class Disk:
    """A tree of folders and files, which begins with what is in a real folder."""

    def __init__(self, path):
        self.root = _load(path, {})

    def find(self, parts):
        """The node at a path; `None` if there is none."""
        node = self.root
        for part in parts:
            if not isinstance(node, Folder):
                return None
            node = node.entries().get(part)
        return node

    def sync_all(self):
        def visit(node):
            node.sync()
            if isinstance(node, Folder):
                for child in node.durable.values():
                    visit(child)

        visit(self.root)

    def now(self):
        """The tree as every program sees it: {path: (bytes, or `None` of a folder; the node)}."""
        return next(iter(self._trees(self.root, (), lambda folder: [folder.entries()])))

    def after_power_cut(self):
        """Every tree that may be left, as `{path: (node, `None` of a folder, else every content)}`."""
        return self._trees(
            self.root, (), lambda folder: [folder.entries(n) for n in range(len(folder.pending) + 1)]
        )

    def _trees(self, folder, path, choices):
        for entries in choices(folder):
            parts = []
            for name, node in sorted(entries.items()):
                here = path + (name,)
                if isinstance(node, File):
                    parts.append([{here: node}])
                else:
                    below = self._trees(node, here, choices)
                    parts.append([{here: None, **tree} for tree in below])
            for chosen in itertools.product(*parts):
                yield {key: value for part in chosen for key, value in part.items()}


def states(disk):
    """Every state after a power cut: a sorted tuple of (path, bytes or `None`, number of the file)."""
    for tree in disk.after_power_cut():
        files = list({id(node): node for node in tree.values() if node is not None}.values())
        for contents in itertools.product(*(file.after_power_cut() for file in files)):
            content = {id(file): (data, n) for n, (file, data) in enumerate(zip(files, contents))}
            yield tuple(
                ("/".join(path), *(content[id(node)] if node is not None else (None, -1)))
                for path, node in sorted(tree.items(), key=lambda item: item[0])
            )


def write_state(state, path):
    """Makes a state a real folder. Two names of one file become two names of one file."""
    first = {}
    for name, data, number in state:
        place = os.path.join(path, name)
        if data is None:
            os.mkdir(place, 0o700)
        elif number in first:
            os.link(first[number], place)
        else:
            first[number] = place
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)


def _load(path, seen):
    folder = Folder()
    for name in os.listdir(path):
        place = os.path.join(path, name)
        status = os.lstat(place)
        if stat.S_ISDIR(status.st_mode):
            folder.durable[name] = _load(place, seen)
        else:
            assert stat.S_ISREG(status.st_mode), place
            if status.st_ino not in seen:
                with open(place, "rb") as file:
                    seen[status.st_ino] = File(file.read())
            folder.durable[name] = seen[status.st_ino]
    return folder


def real_state(path):
    """The names and contents of a real folder, in the form of `shown`."""
    return shown(Disk(path))


def shown(disk):
    return {"/".join(at): None if node is None else node.content() for at, node in disk.now().items()}
