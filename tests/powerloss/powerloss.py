"""Cuts the power at every moment of enwrap's commands, and checks what docs/scripting.md promises.

`powerloss.py PROGRAM FOLDER`. One line a command; exit code 1 if a promise was broken.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import disk
import record

sys.path.append(str(pathlib.Path(__file__).parents[1] / "soak"))
import age

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
# Where states are looked at: the order of writes no longer matters there, so it may be in memory.
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
BASE = {"PATH": os.environ["PATH"], "HOME": str(WORK), "ENWRAP_KEYRING": "k/keyring.json", "LC_ALL": "C"}

OLD, NEW = b"old " * 25_000, b"new plaintext " * 12_000

findings = 0
states_checked = 0


class Place:
    """A folder in which commands run: the real one, or a state after a power cut."""

    def __init__(self, path, environment=None):
        self.path, self.environment = pathlib.Path(path), environment or dict(BASE)

    def run(self, *arguments, **environment):
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.path,
            env={**self.environment, **environment},
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )

    def ok(self, *arguments, **environment):
        ended = self.run(*arguments, **environment)
        assert ended.returncode == 0, (arguments, ended)
        return ended.stdout.decode()

    def read(self, name):
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def decrypted(self, name, *arguments, **environment):
        """The plaintext of a message, or the exit code that says why there is none."""
        ended = self.run("decrypt", *arguments, name, "-o", "-", **environment)
        return ended.stdout if ended.returncode == 0 else ended.returncode

    def versions(self, **environment):
        """The key versions of the keyring and their states, or the exit code that says why there are none."""
        ended = self.run("key", "list", "--json", **environment)
        if ended.returncode:
            return ended.returncode
        keys = map(json.loads, ended.stdout.splitlines())
        return {
            (key["key_id"], version["version"], version["state"])
            for key in keys
            for version in key["versions"]
        }

    def files(self):
        """Every file's name and bytes."""
        files = (path for path in self.path.rglob("*") if path.is_file())
        return {str(path.relative_to(self.path)): path.read_bytes() for path in files}


def prepared():
    """A new folder with a keyring of two keys, and files to work on."""
    place = Place(tempfile.mkdtemp(dir=WORK))
    (place.path / "k").mkdir(mode=0o700)
    place.ok("keygen", "a")
    place.ok("keygen", "b")
    (place.path / "f").write_bytes(OLD)
    return place


def case(place, *command, check, **environment):
    """Runs a command, and calls `check(state, said)` for every state after a power cut.

    `said` has the JSON lines that the command had printed when the power was cut. The check returns what is wrong,
    as texts.
    """
    global findings, states_checked
    wrong, states = look_at(place, command, check, environment)
    states_checked += states
    print(f"{'FOUND' if wrong else 'none '} {' '.join(command)} ({states} states)", flush=True)
    for text, state in wrong.items():
        print(f"      {text}\n        first with {state}")
    findings += len(wrong)


def look_at(place, command, check, environment, syncs_count=True):
    """What the check says of a command, each text with the first state that shows it, and the number of states."""
    environment = {**place.environment, **environment}
    full = [PROGRAM, *command, "-j", "1"]
    if "--format" not in command:
        full.append("--json")
    replay = record.Replay(str(place.path), syncs_count)
    ended, calls = record.record(full, place.path, environment, str(WORK / "calls"))
    assert ended.returncode == 0, (command, ended)
    seen, wrong = set(), {}

    def look():
        for state in disk.states(replay.disk):
            key = hashlib.sha256(repr((state, replay.printed)).encode()).digest()
            if key in seen:
                continue
            seen.add(key)
            with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
                disk.write_state(state, folder)
                for text in check(Place(folder), said(replay.printed)):
                    sizes = {name: None if data is None else len(data) for name, data, _ in state}
                    wrong.setdefault(text, sizes)

    look()
    for call in calls:
        if replay.apply(*call):
            look()
    real = disk.real_state(str(place.path))
    assert disk.shown(replay.disk) == real, f"{command}: the model is not what is in the folder"
    shutil.rmtree(place.path)
    return wrong, len(seen)


def said(printed):
    lines = printed.split(b"\n")[:-1]
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        return lines


# Keyrings.


def material(keyring, number):
    """The material of one version of the first key, as it stands in the file."""
    body = json.loads(keyring.split(b"\n", 1)[1])
    return body["keys"][0]["versions"][number - 1]["material"].encode()


def keyring_check(before, after, **environment):
    """The keyring is the old one or the new one, after the report the new one, and it can be changed again."""

    def check(state, said):
        found = state.versions(**environment)
        allowed = [after()] if said else [before, after()]
        if found not in allowed:
            return [f"the keyring has {found}, {'after' if said else 'before'} the report"]
        ended = state.run("keygen", "recovered", **environment)
        if ended.returncode:
            return [f"it cannot be changed again: {ended.stderr.decode()}"]
        found_then = state.versions(**environment)
        if isinstance(found, set) and not (isinstance(found_then, set) and found < found_then):
            return [f"a further change made {found_then} of {found}"]
        return []

    return check


def keyring_changes():
    def run(*command, prepare=lambda place: None, prepared=prepared):
        place = prepared()
        prepare(place)
        before = place.versions()
        after = {}

        def versions_after():
            return after["versions"]

        # What the command comes to is random: it is read from the folder when the command has run.
        check = keyring_check(before, versions_after)
        original = place.path

        def with_result(state, said):
            if not after:
                after["versions"] = Place(original).versions()
            return check(state, said)

        case(place, *command, check=with_result)

    def empty():
        return Place(tempfile.mkdtemp(dir=WORK))

    run("keygen", prepared=empty)
    run("keygen", "c")
    run("key", "rotate", "a")
    run("key", "disable", "a")
    run("key", "delete", "a", "--pending-days", "7")
    # With eleven generations, the oldest one is removed.
    run("key", "rotate", "--all", prepare=lambda place: [place.ok("key", "rotate", "b") for _ in range(12)])

    def other(place):
        place.ok("keyring", "backup", "copy")
        place.ok("key", "rotate", "a")

    run("keyring", "restore", "--force", "copy", prepare=other)
    run("keyring", "restore", "--force", "--generation", "2", prepare=other)


def purge():
    place = prepared()
    place.ok("key", "rotate", "a")
    place.ok("key", "delete", "--version", "1", "a")
    age.make_due(place.path / "k/keyring.json")
    before = place.versions()
    gone = material(place.read("k/keyring.json"), 1)
    after = {version for version in before if version[2] == "enabled"}
    held = keyring_check(before, lambda: after)

    def check(state, said):
        if said and any(gone in data for data in state.files().values()):
            return ["what was purged is still in the folder, after the report"]
        if not said:
            # A purge that was interrupted is finished by the next one.
            with tempfile.TemporaryDirectory(dir=MEMORY) as again:
                subprocess.run(["cp", "-a", f"{state.path}/.", again], check=True)
                ended = Place(again).run("key", "purge", "--yes")
                left = [name for name, data in Place(again).files().items() if gone in data]
            if ended.returncode or left:
                return [f"the next purge: exit {ended.returncode}, left in {left}: {ended.stderr.decode()}"]
        return held(state, said)

    case(place, "key", "purge", "--yes", check=check)


def passphrases():
    for change in ("set", "changed", "removed"):
        place = prepared()
        (place.path / "one").write_text("one")
        (place.path / "two").write_text("two")
        clear = material(place.read("k/keyring.json"), 1)
        before = place.versions()
        old, new = {}, {"ENWRAP_PASSPHRASE_FILE": "one"}
        command = ["keyring", "passphrase", "--new-passphrase-file", "one"]
        if change != "set":
            place.ok(*command)
            old, new = new, {"ENWRAP_PASSPHRASE_FILE": "two"}
            command[-1] = "two"
        if change == "removed":
            new, command = {}, ["keyring", "passphrase", "--remove"]

        def check(state, said, old=old, new=new, change=change):
            by_old, by_new = state.versions(**old), state.versions(**new)
            if by_new != before and (said or by_old != before):
                return [f"passphrase {change}: the keyring has {by_old} and {by_new}"]
            if not said:
                return []
            wrong = []
            if change == "set" and any(clear in data for data in state.files().values()):
                wrong.append("passphrase set: a key is in the clear in the folder, after the report")
            left = set(state.files()) - {"k/keyring.json", "k/keyring.json.lock", "f", "one", "two"}
            if left:
                wrong.append(f"passphrase {change}: {left} are left, after the report")
            return wrong

        case(place, *command, check=check, **old)


def copies_of_keys():
    def check_copy(name, old):
        def check(state, said):
            if state.read(name) is None:
                return ["the copy is not there, after the report"] if said or old else []
            ended = state.run("keyring", "check", name)
            wrong = [f"the copy: exit {ended.returncode}"] if ended.returncode not in (0, 14) else []
            is_new = state.run("keyring", "check", name, "--against", "k/keyring.json").returncode == 0
            if said and not is_new:
                wrong.append("the copy is the old one, after the report")
            return wrong

        return check

    case(prepared(), "keyring", "backup", "copy", check=check_copy("copy", old=False))
    place = prepared()
    place.ok("keyring", "backup", "copy")
    place.ok("key", "rotate", "a")
    case(place, "keyring", "backup", "-f", "copy", check=check_copy("copy", old=True))

    place = prepared()
    place.ok("keyring", "backup", "copy")

    def check_export(state, said):
        if state.read("export") is None:
            return ["the export is not there, after the report"] if said else []
        imported = state.run("key", "import", "--keyring", "k2/keyring.json", "--file", "export")
        return [f"the export: {imported.stderr}"] if imported.returncode else []

    case(place, "key", "export", "--as", "keyring", "a", "-o", "export", check=check_export)

    def check_blob(state, said):
        if state.read("blob") is None:
            return ["the blob is not there, after its key was printed"] if said else []
        opened = state.run("datakey", "decrypt", "--blob-file", "blob", "--format", "hex")
        if opened.returncode:
            return [f"the blob does not open: exit {opened.returncode}"]
        if said and opened.stdout.strip() != said[0]:
            return ["the blob holds another key than the one that was printed"]
        return []

    case(prepared(), "datakey", "-k", "a", "--format", "hex", "--blob-out", "blob", check=check_blob)


# Messages.


def results(said):
    """The inputs whose result was reported."""
    return {line["path"] for line in said if line["type"] == "result"}


def new_messages():
    def check_unsynced(state, said):
        found = state.decrypted("f.enwrap") if state.read("f.enwrap") is not None else None
        if isinstance(found, bytes) and found != OLD:
            return ["a new message that is not whole is taken for whole"]
        if found not in (None, 4, 5, 11) and not isinstance(found, bytes):
            return [f"a new message that is not whole: exit {found}"]
        return [] if state.read("f") == OLD else ["the source is gone"]

    case(prepared(), "encrypt", "-k", "a", "f", check=check_unsynced)
    case(prepared(), "encrypt", "-k", "a", "--armor", "f", check=check_unsynced)
    case(prepared(), "encrypt", "-k", "a", "--algorithm", "0x0578", "f", check=check_unsynced)

    def check_synced(names, source_goes, output=lambda name: f"{name}.enwrap"):
        def check(state, said):
            wrong = []
            for name in names:
                content = state.read(output(name))
                found = None if content is None else state.decrypted(output(name))
                if found not in (None, OLD):
                    wrong.append(f"torn under its name: {found if isinstance(found, int) else 'other bytes'}")
                if name in results(said) and found != OLD:
                    wrong.append("not on the disk, after the report")
                source = state.read(name)
                if source != OLD and not (source is None and source_goes and found == OLD):
                    wrong.append("the source is gone, and the result is not there")
            return wrong

        return check

    def two(place):
        shutil.copy(place.path / "f", place.path / "g")
        return place

    under = ["encrypt", "-k", "a", "--sync"]
    case(prepared(), *under, "f", check=check_synced(["f"], False))
    case(prepared(), *under, "--remove-source", "f", check=check_synced(["f"], True))
    case(two(prepared()), *under, "--remove-source", "f", "g", check=check_synced(["f", "g"], True))
    case(prepared(), "encrypt", "-k", "a", "--remove-source", "f", check=check_synced(["f"], True))

    def tree():
        place = prepared()
        (place.path / "t/deep").mkdir(parents=True)
        for name in ("t/f", "t/deep/f"):
            shutil.copy(place.path / "f", place.path / name)
        return place

    in_tree = ["t/f", "t/deep/f"]
    case(tree(), *under, "--remove-source", "-r", "t", check=check_synced(in_tree, True))
    elsewhere = [*under, "--remove-source", "-r", "t", "--output-dir", "out"]
    there = lambda name: f"out/{name}.enwrap"
    case(tree(), *elsewhere, check=check_synced(in_tree, True, there))
    place = prepared()
    (place.path / "out").mkdir()
    case(place, *under, "f", "--output-dir", "out", check=check_synced(["f"], False, there))

    def check_decrypted(names, source_goes, output):
        def check(state, said):
            wrong = []
            for name in names:
                found = state.read(output(name))
                if found not in (None, OLD):
                    wrong.append("torn under its name")
                if name in results(said) and found != OLD:
                    wrong.append("not on the disk, after the report")
                message = None if state.read(name) is None else state.decrypted(name)
                if message != OLD and not (message is None and source_goes and found == OLD):
                    wrong.append("the message is gone, and its plaintext is not there")
            return wrong

        return check

    def encrypted(place, *what):
        place.ok("encrypt", "-k", "a", "--remove-source", *what)
        return place

    plain = lambda name: name.removesuffix(".enwrap")
    case(encrypted(prepared(), "f"), "decrypt", "--sync", "f.enwrap", check=check_decrypted(["f.enwrap"], False, plain))
    removing = ["decrypt", "--remove-source", "f.enwrap"]
    case(encrypted(prepared(), "f"), *removing, check=check_decrypted(["f.enwrap"], True, plain))
    messages = [f"{name}.enwrap" for name in in_tree]
    out = lambda name: f"out/{plain(name)}"
    whole_tree = ["decrypt", "--sync", "--remove-source", "-r", "t", "--output-dir", "out"]
    case(encrypted(tree(), "-r", "t"), *whole_tree, check=check_decrypted(messages, True, out))


def replacements():
    def replaced(name, old, new, read):
        def check(state, said):
            found = read(state, name)
            if found not in ([new] if said else [old, new]):
                shown = found if isinstance(found, int) or found is None else "other bytes"
                return [f"a replacement is {shown}, {'after' if said else 'before'} the report"]
            return []

        return check

    def outdated():
        place = prepared()
        place.ok("encrypt", "-k", "a", "f")
        (place.path / "f").write_bytes(NEW)
        return place

    by_decrypting = lambda state, name: state.decrypted(name)
    command, check = ["encrypt", "-k", "b", "-f", "f"], replaced("f.enwrap", OLD, NEW, by_decrypting)
    case(outdated(), *command, check=check)
    # Otherwise nothing here would find a missing sync.
    wrong, _ = look_at(outdated(), command, check, {}, syncs_count=False)
    assert len(wrong) > 1, wrong

    place = outdated()
    by_reading = lambda state, name: state.read(name)
    case(place, "decrypt", "-f", "f.enwrap", check=replaced("f", NEW, OLD, by_reading))

    place = prepared()
    place.ok("encrypt", "-k", "a", "f")

    def check_reencrypted(state, said):
        found = state.decrypted("f.enwrap")
        if found != OLD:
            return [f"it does not open: {found if isinstance(found, int) else 'other bytes'}"]
        by_a = state.decrypted("f.enwrap", "--only-key", "a")
        return ["the old key opens it, after the report"] if said and by_a == OLD else []

    case(place, "reencrypt", "-k", "b", "f.enwrap", check=check_reencrypted)

    # What opens the old message is in its envelope file only, which goes when the new message is there.
    place = prepared()
    place.ok("encrypt", "-k", "a", "f")
    place.ok("rewrap", "-k", "b", "f.enwrap")
    place.ok("key", "disable", "a")

    def check_envelope_only(state, said):
        found = state.decrypted("f.enwrap")
        return [] if found == OLD else [f"the message lost what opens it: {found}"]

    case(place, "reencrypt", "-k", "b", "f.enwrap", check=check_envelope_only)


def envelopes():
    def check_rewrapped(names, new, envelope=()):
        def check(state, said):
            wrong = []
            file = envelope[1] if envelope else f"{names[0]}.envelope"
            # One that is named has to be there.
            there = envelope if state.read(file) is not None else ()
            for name in names:
                before = state.decrypted(name, "--only-key", "a", *there)
                if before != OLD:
                    wrong.append(f"the old key no longer opens it: {before}")
                after = state.decrypted(name, "--only-key", new, *there)
                if name in results(said) and after != OLD:
                    wrong.append(f"the record is not on the disk, after the report: {after}")
            # A line that is torn must not swallow the next record.
            ended = state.run("rewrap", "-k", new, *names, *envelope)
            after = [state.decrypted(name, "--only-key", new, *envelope) for name in names]
            if ended.returncode or after != [OLD] * len(names):
                opens = [found == OLD for found in after]
                wrong.append(f"the next rewrap: exit {ended.returncode}, opens {opens}: {ended.stderr.decode()}")
            return wrong

        return check

    def messages():
        place = prepared()
        place.ok("keygen", "c")
        shutil.copy(place.path / "f", place.path / "g")
        place.ok("encrypt", "-k", "a", "f", "g")
        return place

    one, both, shared = ["f.enwrap"], ["f.enwrap", "g.enwrap"], ["--envelope", "shared.envelope"]
    case(messages(), "rewrap", "-k", "b", *one, check=check_rewrapped(one, "b"))
    case(messages(), "rewrap", "-k", "b", *both, *shared, check=check_rewrapped(both, "b", shared))
    place = messages()
    place.ok("rewrap", "-k", "b", *one)
    base = check_rewrapped(one, "c")

    def check_both(state, said):
        by_b = state.decrypted("f.enwrap", "--only-key", "b")
        return [*base(state, said), *([] if by_b == OLD else [f"an earlier record is lost: {by_b}"])]

    case(place, "rewrap", "--add", "-k", "c", *one, check=check_both)


keyring_changes()
purge()
passphrases()
copies_of_keys()
new_messages()
replacements()
envelopes()
print(f"{states_checked} states, {findings} findings")
sys.exit(bool(findings))
