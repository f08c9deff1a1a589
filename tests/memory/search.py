"""Runs enwrap's commands, stops each at its end, and searches its memory for what it had to keep secret.

`search.py PROGRAM FOLDER`. One line a case; exit code 1 if anything was found.
"""

import base64
import fcntl
import json
import os
import pathlib
import pty
import resource
import signal
import subprocess
import sys
import termios

import keys
import process

sys.path.append(str(pathlib.Path(__file__).parents[1] / "soak"))
import age

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
PASSPHRASE = os.urandom(24).hex().encode()
OF_A_PERSON = os.urandom(24).hex().encode()
PLAINTEXT = os.urandom(1024)
LARGE = PLAINTEXT * 3000
# Some frames: a process that has taken this much has done with the header.
SOME_FRAMES = 256 << 10

something_was_found = False


class Place:
    """A folder with a keyring, sealed or in the clear, and plaintexts."""

    def __init__(self, name, is_sealed):
        self.name, self.is_sealed = name, is_sealed
        self.folder = WORK / name
        self.folder.mkdir()
        self.keyring = self.folder / "keyring.json"
        self.environment = {"PATH": os.environ["PATH"], "ENWRAP_KEYRING": str(self.keyring)}
        self.path("plain").write_bytes(PLAINTEXT)
        self.path("large").write_bytes(LARGE)
        self.path("passphrase").write_bytes(PASSPHRASE)
        self.prepare("keygen", "here")
        self.prepare("keygen", "there")
        if is_sealed:
            self.prepare("keyring", "passphrase", "--new-passphrase-file", "passphrase")
            self.environment["ENWRAP_PASSPHRASE_FILE"] = str(self.path("passphrase"))

    def path(self, name):
        return self.folder / name

    def prepare(self, *arguments):
        command = [PROGRAM, *arguments]
        subprocess.run(
            command, env=self.environment, check=True, capture_output=True, cwd=self.folder
        )

    def prepare_rsa(self, name):
        make = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", name]
        subprocess.run(make, check=True, capture_output=True, cwd=self.folder)

    @property
    def is_built_with_aws_lc(self):
        version = subprocess.run([PROGRAM, "--version", "--verbose"], capture_output=True, check=True)
        return b"AWS-LC" in version.stdout

    def roots(self):
        return keys.root_keys(self.keyring.read_bytes(), PASSPHRASE)

    def secrets(self):
        """What to search for, by name: the secrets of the keyring as it is now."""
        secrets = {"passphrase": keys.forms(PASSPHRASE)}
        for number, root in enumerate(self.roots()):
            secrets[f"root key {number}"] = keys.root_forms(root)
        seal_key = keys.seal_key(self.keyring.read_bytes(), PASSPHRASE)
        if seal_key:
            secrets["seal key"] = keys.key_forms(seal_key)
        return secrets

    def message_secrets(self, *names):
        """What to search for, by name: the keys of messages."""
        secrets = {}
        for name in names:
            data_key, prk, frame_key = keys.message_keys(self.path(name).read_bytes(), self.roots())
            secrets[f"data key of {name}"] = keys.key_forms(data_key)
            secrets[f"HKDF's key of {name}"] = keys.forms(prk)
            secrets[f"frame key of {name}"] = keys.key_forms(frame_key)
            agreed = keys.agreement_secrets(self.path(name).read_bytes(), self.roots())
            secrets |= {f"{what} of {name}": found for what, found in agreed.items()}
        return secrets

    def case(
        self,
        *arguments,
        messages=(),
        more=lambda: {},
        exit_code=0,
        stdin=os.devnull,
        stdout=None,
        environment=None,
        **options,
    ):
        """Runs enwrap to its end, and searches for the secrets of the keyring and of `messages`.

        `more` is called afterwards, for secrets that only the output shows. The keyring's secrets are taken before
        and after, since the command may change it.
        """
        secrets = self.secrets()
        secrets["plaintext"] = keys.pieces(PLAINTEXT)
        command = [PROGRAM, *map(str, arguments)]
        with open(stdin, "rb") as source, open(self.path("out"), "wb") as sink:
            code, memory = process.run_to_its_end(
                command,
                env=environment or self.environment,
                cwd=self.folder,
                stdin=source,
                stdout=stdout or sink,
                stderr=sink,
                **options,
            )
        assert code == exit_code, (arguments, code, self.path("out").read_bytes()[:2000])
        for what, forms in self.secrets().items():
            if forms not in secrets.values():
                secrets[f"new {what}"] = forms
        secrets |= self.message_secrets(*messages) | more()
        report(f"{self.name}: {' '.join(map(str, arguments))}", memory, secrets)


def report(name, memory, secrets):
    global something_was_found
    size = sum(len(data) for _, _, data in memory)
    assert size > 100_000, "there was no memory to search"
    finds = {}
    for mapping, first, data in memory:
        for what, forms in secrets.items():
            places = [first + at for at in map(data.find, forms) if at >= 0]
            if places:
                finds.setdefault((what, mapping), []).extend(places)
    print(f"{'FOUND' if finds else 'none '} {name} ({size >> 10} KiB)", flush=True)
    for (what, mapping), places in sorted(finds.items()):
        print(f"      {what}: {len(places)} pieces in {mapping}, the first at {min(places):#x}")
        something_was_found = True


def search_messages(place):
    """Small and large files, by position and in order, on one thread and on several."""
    one, two = ["-j", "1"], ["-j", "2"]
    under = ["-k", "here"]
    place.case("encrypt", *under, "plain", "-o", "one", messages=["one"])
    place.case("encrypt", *under, *one, "large", "-o", "alone", messages=["alone"])
    place.case("encrypt", *under, *two, "large", "-o", "big", messages=["big"])
    stream = place.path("large")
    place.case("encrypt", *under, *two, "-", "-o", "-", stdin=stream, messages=["out"])
    signed = ["--algorithm", "0x0578", "large", "-o", "signed"]
    place.case("encrypt", *under, *two, *signed, messages=["signed"])
    place.case("decrypt", "one", "-o", "back", messages=["one"])
    place.case("decrypt", *one, "big", "-o", "back1", messages=["big"])
    place.case("decrypt", *two, "big", "-o", "back2", messages=["big"])
    stream = place.path("signed")
    place.case("decrypt", *two, "-", "-o", "back3", stdin=stream, messages=["signed"])
    made = ["one", "big", "signed"]
    place.case("verify", *two, *made, messages=made)
    part = ["--offset", "10", "--length", "5000"]
    place.case("decrypt", *part, "big", "-o", "part", messages=["big"])

    reader, writer = os.pipe()
    os.close(reader)
    broken = ["big", "-o", "-"]
    place.case("decrypt", *two, *broken, stdout=writer, messages=["big"], exit_code=-signal.SIGPIPE)
    os.close(writer)

    damaged = bytearray(place.path("one").read_bytes())
    damaged[-1] ^= 1
    place.path("damaged").write_bytes(damaged)
    place.case("verify", "damaged", messages=["one"], exit_code=4)
    place.case("decrypt", "--salvage", "damaged", "-o", "saved", messages=["one"], exit_code=4)

    place.path("tree").mkdir()
    names = [f"tree/{number}" for number in range(8)]
    for name in names:
        place.path(name).write_bytes(PLAINTEXT)
    made = [f"{name}.enwrap" for name in names]
    place.case("encrypt", *under, *two, "-r", "tree", messages=made)
    place.case("rewrap", "-k", "there", "one", messages=["one"])
    place.case("inspect", "one", messages=["one"])
    place.case("encrypt", *under, "--armor", "plain", "-o", "text")
    command = ["-o", "made", "--from-command", "--", "cat", "plain"]
    place.case("encrypt", *under, *two, *command, messages=["made"])
    old = {f"old {what}": forms for what, forms in place.message_secrets("big").items()}
    place.case("reencrypt", "-k", "there", "big", messages=["big"], more=lambda: old)
    place.case("key", "usage", "--fail-if-stale", "big", messages=["big"])
    unchanged = ["encrypt", *under, *two, "--if-changed", "-o", "alone"]
    place.case(*unchanged, "large", messages=["alone"])
    place.case(*unchanged, "-", stdin=place.path("large"), messages=["alone"])
    content = place.path("plain")
    for name in ("one", "big", "signed"):
        old = {f"old {what}": forms for what, forms in place.message_secrets(name).items()}
        edit = ["edit", "--stdin", *two, name]
        place.case(*edit, stdin=content, messages=[name], more=lambda: old)
        place.case(*edit, stdin=content, messages=[name])
    # What the file says is needed until the command ends, to mask it; no key is.
    place.path("variables").write_text("TOKEN=correct horse\n")
    place.prepare("encrypt", *under, "variables", "-o", "variables.enwrap")
    command = ["--mask", "-e", "variables.enwrap", "--", "true"]
    place.case("exec", *command, messages=["variables.enwrap"])
    lines = PLAINTEXT.hex(sep="\n").encode()
    for name, text in (("base", lines), ("ours", b"first\n" + lines), ("theirs", lines + b"\nlast")):
        place.path("text").write_bytes(text)
        place.prepare("encrypt", *under, "text", "-o", f"{name}.enwrap")
    names = ["base.enwrap", "ours.enwrap", "theirs.enwrap"]
    old = {f"old {what}": forms for what, forms in place.message_secrets(*names).items()}
    place.case("git", "merge", *names, messages=["ours.enwrap"], more=lambda: old)
    # Its envelope file went with the old message.
    place.prepare("rewrap", "-k", "there", "one")


def search_recipients(place):
    """A passphrase as the only recipient, and beside a key: it and its key are gone when a command ends."""
    place.path("words").write_bytes(OF_A_PERSON)
    new, given = ["-p", "--new-passphrase-file", "words"], ["--message-passphrase-file", "words"]

    def of(name, *, as_well=None):
        def secrets():
            message = place.path(name).read_bytes()
            derived = keys.passphrase_keys(message, OF_A_PERSON)
            found = {"passphrase of a message": keys.forms(OF_A_PERSON)} | (as_well or {})
            for key in derived:
                found["key of a passphrase"] = keys.key_forms(key)
            data_key, prk, frame_key = keys.message_keys(message, place.roots() + derived)
            found |= {"data key": keys.key_forms(data_key), "frame key": keys.key_forms(frame_key)}
            return found | {"HKDF's key": keys.forms(prk)}

        return secrets

    place.case("encrypt", *new, "plain", "-o", "personal", more=of("personal"))
    place.case("encrypt", *new, "-k", "here", "large", "-o", "shared", more=of("shared"))
    place.case("decrypt", *given, "personal", "-o", "personal.back", more=of("personal"))
    place.case("decrypt", "personal", "-o", "none", more=of("personal"), exit_code=3, start_new_session=True)
    wrong = ["--message-passphrase-file", "plain", "personal"]
    place.case("verify", *wrong, more=of("personal"), exit_code=9)
    old = {f"old {what}": forms for what, forms in of("shared")().items()}
    place.case("reencrypt", *given, "shared", more=of("shared", as_well=old))
    place.case("rewrap", "--add", *new, "one", messages=["one"], more=of("personal"))

    with Waiting(place, ["encrypt", *new, "-o", "later"], bytes(2 * SOME_FRAMES)) as pid:
        memory, locked = process.memory_of(pid), process.locked_ranges(pid)
    derived = keys.passphrase_keys(place.path("later").read_bytes(), OF_A_PERSON)
    for what, secrets in (("passphrase", [OF_A_PERSON]), ("key of a passphrase", derived)):
        report_swappable(place, f"encrypt -p, {what}", memory, locked, secrets)


def search_pairs(place):
    """Key pairs, and what two of them share: private integers, shared secrets and what is derived of them."""
    # Not beside the keyring: a new passphrase is refused where the material lies in its folder.
    place.path("aside").mkdir()
    for kind in ("p256", "p384", "p521"):
        place.case("keygen", kind, "--kind", kind)
        message = f"{kind}.enwrap"
        place.case("encrypt", "-k", kind, "-k", "here", "plain", "-o", message, messages=[message])
        place.case("decrypt", message, "-o", f"{kind}.back", messages=[message])
        old = {f"old {what}": forms for what, forms in place.message_secrets(message).items()}
        place.case("reencrypt", message, messages=[message], more=lambda: old)
        place.case("rewrap", "-k", kind, "--add", "one", messages=["one"])
        place.case("key", "usage", "--fail-if-stale", message, messages=[message])
        place.case("key", "export", kind)
        place.case("key", "export", kind, "--public")
        place.case("key", "export", kind, "--as", "pem", "-o", f"aside/{kind}.pem")
        imported = ["--private-key-file", f"aside/{kind}.pem"]
        place.case("key", "import", "--keyring", f"aside/{kind}.json", kind, *imported)
        place.case("key", "rotate", kind)
    place.path("tree.pairs").mkdir()
    for number in range(8):
        place.path(f"tree.pairs/{number}").write_bytes(PLAINTEXT)
    made = [f"made.pairs/tree.pairs/{number}.enwrap" for number in range(8)]
    to = ["--output-dir", "made.pairs"]
    place.case("encrypt", "-k", "p256", "-j", "2", "-r", "tree.pairs", *to, messages=made)
    place.case("decrypt", "-j", "2", "-r", "made.pairs", "--output-dir", "pairs.back", messages=made)
    if place.is_built_with_aws_lc:
        place.prepare_rsa("aside/rsa.pem")
        names = ["--namespace", "ns", "--name", "rsa", "--padding", "oaep-sha256"]
        place.case("key", "import", "rsa", "--private-key-file", "aside/rsa.pem", *names)
        place.case("encrypt", "-k", "here", "-k", "rsa", "plain", "-o", "rsa.enwrap", messages=["rsa.enwrap"])
        only = ["--only-key", "rsa", "rsa.enwrap"]
        place.case("decrypt", *only, "-o", "rsa.back", messages=["rsa.enwrap"])


def search_data_keys(place):
    blob = place.path("blob")

    def data_key(wrapped):
        return keys.data_key_of_blob(base64.b64decode(wrapped), place.roots())

    def printed():
        answer = json.loads(place.path("out").read_bytes())
        blob.write_text(answer["CiphertextBlob"])
        assert data_key(blob.read_bytes()) == base64.b64decode(answer["Plaintext"])
        return opened()

    def opened():
        return {"data key": keys.key_forms(data_key(blob.read_bytes()))}

    place.case("datakey", "-k", "here", more=printed)
    from_blob = ["--blob-file", "blob"]
    for form in ("raw", "hex", "base64"):
        place.case("datakey", "decrypt", "--format", form, *from_blob, more=opened)
    place.case("datakey", "decrypt", *from_blob, more=opened)
    place.case("datakey", "-k", "here", "--without-plaintext", "--format", "base64")
    blob.write_bytes(place.path("out").read_bytes())
    place.case("datakey", "decrypt", *from_blob, more=opened)
    to_file = ["--format", "hex", "--blob-out", "blob2"]
    place.case(
        *("datakey", "-k", "here", *to_file),
        more=lambda: {"data key": keys.key_forms(bytes.fromhex(place.path("out").read_text()))},
    )
    place.case("datakey", "rewrap", "-k", "there", *from_blob, more=opened)


def search_keyring(place):
    place.case("key", "rotate", "here")
    place.case("keygen", "elsewhere")
    place.case("key", "list")
    place.case("key", "show", "here")
    place.case("key", "alias", "add", "also", "here")
    place.case("key", "disable", "elsewhere")
    place.case("key", "enable", "elsewhere")
    place.case("key", "export", "here")
    place.case("key", "export", "--as", "keyring", "here", "-o", "export")
    place.case("key", "import", "--keyring", "other.json", "--file", "export")
    place.case("key", "delete", "--old-versions", "here")
    place.case("key", "purge", "--dry-run")
    place.case("key", "undelete", "--version", "1", "here")
    if not place.is_sealed:
        place.case("key", "rotate", "elsewhere")
        place.case("key", "delete", "--old-versions", "elsewhere")
        gone = {"destroyed root keys": set().union(*map(keys.root_forms, place.roots()))}
        age.make_due(place.keyring)
        # What lies in the clear beside the messages is no secret of theirs.
        for name in place.path("tree").glob("?"):
            name.unlink()
        place.case("key", "purge", "--yes", "--check", "tree", more=lambda: gone)
    place.case("keyring", "check")
    place.case("keyring", "history")
    place.case("keyring", "backup", "backup")
    passphrase = [] if place.is_sealed else ["--new-passphrase-file", "passphrase"]
    place.case("keyring", "backup", "--text", "paper", *passphrase)
    place.case("keyring", "restore", "--import-passphrase-file", "passphrase", "paper")


def search_passphrases(place):
    """The ways of a passphrase into a command; a file is the way of all other cases."""
    environment = {**place.environment}
    del environment["ENWRAP_PASSPHRASE_FILE"]
    command = ["--passphrase-command", "cat passphrase"]
    place.case(*command, "key", "rotate", "there", environment=environment)
    with open(place.path("passphrase")) as file:
        descriptor = ["--passphrase-fd", file.fileno()]
        place.case(
            *descriptor, "keygen", "fd", environment=environment, pass_fds=[file.fileno()]
        )
    place.case("keyring", "passphrase", "--new-passphrase-file", "passphrase")

    ours, theirs = pty.openpty()

    def answer(_):
        said = b""
        while b"Passphrase" not in said:
            said += os.read(ours, 1000)
        os.write(ours, PASSPHRASE + b"\n")

    place.case(
        *("key", "export", "there"),
        environment=environment,
        start_new_session=True,
        before_exec=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        meanwhile=answer,
    )


class Waiting:
    """An enwrap that waits in the middle of its input; it is ended with the block."""

    def __init__(self, place, verb, data, **options):
        command = [PROGRAM, *verb, "-j", "2", "-"]
        self.child = subprocess.Popen(
            command, env=place.environment, stdin=subprocess.PIPE, cwd=place.folder, **options
        )
        self.rest = data[SOME_FRAMES:]
        self.child.stdin.write(data[:SOME_FRAMES])
        self.child.stdin.flush()
        process.wait_until_it_waits_for(self.child.stdin, self.child.pid)

    def __enter__(self):
        return self.child.pid

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.stdin.write(self.rest)
            self.child.stdin.close()
            assert self.child.wait() == 0


def search_while_waiting(place):
    """While a command waits for input, it still has root keys, a frame key and the passphrase, and no more."""
    zeros = place.path("zeros")
    zeros.write_bytes(bytes(2 * SOME_FRAMES))
    place.prepare("encrypt", "-k", "here", "zeros", "-o", "message")
    for message, source, verb in (
        ("waited", zeros, ["encrypt", "-k", "here", "-o", "waited"]),
        ("message", place.path("message"), ["decrypt", "-o", "zeros.back"]),
    ):
        with Waiting(place, verb, source.read_bytes()) as pid:
            memory, locked = process.memory_of(pid), process.locked_ranges(pid)
        live, gone = set(), {}
        for what, forms in (place.secrets() | place.message_secrets(message)).items():
            if what.startswith(("root key", "frame key", "passphrase")):
                live |= forms
            else:
                gone[what] = forms
        report(f"{place.name}: {verb[0]}, while it waits for input", memory, gone)
        # Otherwise this searched the wrong memory, or in a wrong way.
        assert any(form in data for form in live for _, _, data in memory), "no key is in use"
        # RSA keys are longer than what is locked.
        long_lived = [root for root in place.roots() if len(root) <= 72]
        long_lived += [PASSPHRASE] if place.is_sealed else []
        report_swappable(place, verb[0], memory, locked, long_lived)


def report_swappable(place, verb, memory, locked, long_lived):
    """Root keys, keys of passphrases and these are only on pages that the system keeps in memory."""
    global something_was_found
    places = [
        first + at
        for _, first, data in memory
        for secret in long_lived
        if (at := data.find(secret)) >= 0
    ]
    assert places, "no long-lived key is in memory"
    swappable = [at for at in places if not any(at in pages for pages in locked)]
    what = f"{place.name}: {verb}, swappable keys"
    print(f"{'FOUND' if swappable else 'none '} {what}, of {len(places)}", flush=True)
    something_was_found |= bool(swappable)


def search_without_locking(place):
    """Where the system refuses to lock memory, all the same is done."""

    def as_a_user_without_a_limit_of_locked_memory():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        process.drop_capability_to_lock()

    command = ["encrypt", "-k", "here", "plain", "-o", "unlocked"]
    prepare = as_a_user_without_a_limit_of_locked_memory
    place.case(*command, messages=["unlocked"], before_exec=prepare)


def look_for_a_core_dump(place):
    """A process that dies by SIGABRT leaves its memory to nobody, although its caller allows core dumps."""
    global something_was_found

    def allow():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)

    def dumps(child):
        os.kill(child, signal.SIGABRT)
        return os.WCOREDUMP(os.waitpid(child, 0)[1])

    control = subprocess.Popen(["sleep", "600"], preexec_fn=allow, cwd=place.folder)
    if not dumps(control.pid):
        print("skipped: this system writes no core dumps")
        return
    verb = ["encrypt", "-k", "here", "-o", "dumped"]
    waiting = Waiting(place, verb, bytes(2 * SOME_FRAMES), preexec_fn=allow)
    # The hard limit is its caller's; without this, only the soft limit would be tried.
    resource.prlimit(waiting.child.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    is_dumped = dumps(waiting.child.pid)
    print(f"{'FOUND' if is_dumped else 'none '} {place.name}: core dump", flush=True)
    something_was_found |= is_dumped


if os.geteuid() != 0:
    print("skipped: only root can read the memory of a process that forbids it, as enwrap does")
    sys.exit(0)
for place in (Place("clear", is_sealed=False), Place("sealed", is_sealed=True)):
    search_messages(place)
    search_recipients(place)
    search_pairs(place)
    search_data_keys(place)
    search_while_waiting(place)
    search_without_locking(place)
    look_for_a_core_dump(place)
    if place.is_sealed:
        search_passphrases(place)
    search_keyring(place)
sys.exit(something_was_found)
