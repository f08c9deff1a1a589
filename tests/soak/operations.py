"""The operations of the soak. Each picks something at random, says what must come of it, and does it."""

import base64
import copy
import hashlib
import json

import model
from model import DONE, EXISTS, FOUND, KEY_DISABLED, NO_KEY, POLICY, PRODUCER, Expected
from world import Finding

SHARED = "d/shared.envelope"
PAIRS = {"purpose": ("backup", "mail"), "owner": ("alice", "bob"), "ünï": ("ç", "")}
BOUND = {"tenant": ("1", "2")}
SIZES = (0, 1, 100, 65_535, 65_536, 65_537, 200_000, 700_000)
MOST_MESSAGES, MOST_KEYS, MOST_VERSIONS, MOST_RECORDS = 10, 4, 5, 8


def require(condition, text):
    if not condition:
        raise Finding(text)


class Soak:
    """A world, and what the model knows of it."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.keyring = model.Keyring()
        self.saved = {}  # the keyring, by the hash of its file
        self.backups = {}
        self.messages = {}  # by path
        self.records = {}  # envelope file: a list of (message, wraps), the oldest first
        self.blobs = {}  # path: (wrap, data key in hex)
        self.personal = {}  # messages for a passphrase, by path: (plaintext, wraps, the file that has it)
        self.kms_keys = set()  # that were imported
        self.count = 0
        self.keygen()

    # Running enwrap.

    def enwrap(self, *arguments, code, touched=(), is_change=False, is_json=False, **more):
        arguments = list(arguments)
        if self.keyring.passphrase:
            arguments += ["--passphrase-file", self.keyring.passphrase]
        if is_json:
            arguments.append("--json")
        printed = self.world.run(*arguments, code=code, touched=touched, is_change=is_change, **more)
        return list(map(json.loads, printed.splitlines())) if is_json else printed

    def change_keyring(self, *arguments, code, touched=(), **options):
        return self.enwrap(*arguments, code=code, touched=["k", *touched], is_change=True, **options)

    def keyring_changed(self):
        """Remembers the keyring as it is now, and holds all of it against the model."""
        digest = hashlib.sha256(self.world.read("k/keyring.json")).hexdigest()
        self.saved[digest] = copy.deepcopy(self.keyring)
        lines = self.enwrap("key", "list", code=DONE, touched=["k"], is_json=True)
        found = {(key["key_id"], it["version"], it["state"]) for key in lines for it in key["versions"]}
        require(found == self.keyring.shown(), f"key list has {found}, expected {self.keyring.shown()}")

    def generations(self):
        """The generations beside the keyring, as numbers with what the model knows of them."""
        found = {}
        for path in self.world.path("k").glob("keyring.json.*"):
            number = path.name.removeprefix("keyring.json.")
            if number.isdigit():
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                require(digest in self.saved, f"generation {number} is no keyring that was saved")
                found[int(number)] = self.saved[digest]
        return found

    # Choosing.

    def some(self, items):
        return self.rng.choice(sorted(items)) if items else None

    def key(self):
        return self.rng.choice(self.keyring.keys) if self.keyring.keys else None

    def keys(self):
        count = min(len(self.keyring.keys), self.rng.choice((1, 1, 1, 2, 3)))
        return self.rng.sample(self.keyring.keys, count)

    def under(self, keys):
        return [argument for key in keys for argument in ("-k", key.alias)]

    def new_name(self, ending):
        self.count += 1
        return f"d/{self.count}{ending}"

    def pairs(self, of, chance):
        return {key: self.rng.choice(values) for key, values in of.items() if self.rng.random() < chance}

    def expected(self, message):
        """What a user says of the context: mostly what is true."""
        kind = self.rng.choice(("right",) * 6 + ("stored", "none", "wrong", "absent", "extra", "other"))
        pairs, present = dict(message.bound), []
        if kind == "stored":
            pairs |= message.stored
            present = list(message.stored)
        elif kind == "none":
            pairs = {}
        elif kind == "wrong":
            pairs |= {"owner": "mallory"}
        elif kind == "absent":
            present = ["nothing"]
        elif kind == "extra":
            pairs |= {"more": "1"}
        elif kind == "other" and message.bound:
            pairs["tenant"] = "3"
        return Expected(pairs, present)

    def envelope_arguments(self, chance=0.4):
        is_named = SHARED in self.records and self.rng.random() < chance
        return ["--envelope", SHARED] if is_named else []

    def sets(self, path, message, envelope=()):
        """The sets of wraps of a message in the order in which they are tried."""
        beside = f"{path}.envelope"
        files = [self.records.get(SHARED, [])] if envelope else []
        files.append(self.records.get(beside, []))
        of_message = [wraps for file in files for of, wraps in reversed(file) if of is message]
        return [*of_message, message.header]

    def touched(self, path):
        return [path, f"{path}.envelope", SHARED]

    # Keys.

    def keygen(self):
        if len(self.keyring.keys) >= MOST_KEYS:
            alias = self.key().alias
        else:
            alias = self.rng.choice("abcde")
        code = EXISTS if self.keyring.by_alias(alias) else DONE
        unused = [arn for arn in self.world.kms_keys if arn not in self.kms_keys]
        kind = self.rng.choice(("aes", "aes", "p256", "p384", "p521", "rsa", *["aws-kms"] * 3 * bool(unused)))
        if kind == "aws-kms":
            lines = self.kms_key(alias, unused[0], code)
        else:
            lines = self.rsa_key(alias, code) if kind == "rsa" else self.new_key(alias, kind, code)
        if code == DONE:
            self.keyring.keys.append(model.Key(lines[0]["key_id"], alias, kind))
            self.keyring_changed()

    def new_key(self, alias, kind, code):
        return self.change_keyring("keygen", alias, "--kind", kind, code=code, is_json=True)

    def kms_key(self, alias, arn, code):
        """Each has one entry at most: a second one is another key of the keyring, and opens the same."""
        lines = self.change_keyring("key", "import", alias, "--aws-kms", arn, code=code, is_json=True)
        if code == DONE:
            self.kms_keys.add(arn)
        return lines

    def rsa_key(self, alias, code):
        """enwrap makes no RSA keys."""
        make = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2> /dev/null"
        self.world.shell(make, "rsa.pem")
        self.count += 1
        padding = self.rng.choice(("pkcs1", "oaep-sha1", "oaep-sha256", "oaep-sha384", "oaep-sha512"))
        names = ["--namespace", "ns", "--name", f"rsa-{self.count}", "--padding", padding]
        verb = ["key", "import", alias, "--private-key-file", "rsa.pem", *names]
        return self.change_keyring(*verb, code=code, touched=["rsa.pem"], is_json=True)

    def no_such_key(self):
        verb = self.rng.choice((["key", "show"], ["key", "rotate"], ["key", "disable"], ["datakey", "-k"]))
        self.enwrap(*verb, "none", code=NO_KEY, touched=["k"])

    def rotate(self):
        key = self.key()
        if not key or len(key.versions) >= MOST_VERSIONS:
            return
        code = DONE if key.current.state == model.ENABLED else KEY_DISABLED
        code = model.USAGE if key.is_rsa or key.is_kms else code
        self.change_keyring("key", "rotate", key.alias, code=code)
        if code == DONE:
            key.versions.append(model.Version(key.current.number + 1))
            self.keyring_changed()

    def _on_key(self, verb, method, is_by_version, more=()):
        key = self.key()
        if not key:
            return
        number = self.rng.choice([it.number for it in key.versions] + [99]) if is_by_version else None
        code = method(key, number)
        arguments = [] if number is None else ["--version", str(number)]
        self.change_keyring("key", verb, key.alias, *arguments, *more, code=code)
        self.keyring_changed()

    def disable(self):
        switch = lambda key, number: key.switch(number, model.DISABLED)
        self._on_key("disable", switch, self.rng.random() < 0.6)

    def enable(self):
        switch = lambda key, number: key.switch(number, model.ENABLED)
        self._on_key("enable", switch, self.rng.random() < 0.3)

    def delete(self):
        what = self.rng.choice(("version", "version", "old", "old", "key"))
        days = ["--pending-days", "7"]
        if what == "version":
            self._on_key("delete", lambda key, number: key.delete(number), True, days)
        else:
            more = ["--old-versions", *days] if what == "old" else days
            self._on_key("delete", lambda key, _: key.delete(what), False, more)

    def undelete(self):
        self._on_key("undelete", lambda key, number: key.undelete(number), self.rng.random() < 0.5)

    def put_all_to_use(self):
        """Otherwise most keys would soon be switched off."""
        for key in self.keyring.keys:
            if any(version.state == model.PENDING for version in key.versions):
                self.change_keyring("key", "undelete", key.alias, code=key.undelete(None))
                self.keyring_changed()
            self.change_keyring("key", "enable", key.alias, code=key.switch(None, model.ENABLED))
            self.keyring_changed()

    def time_passes(self):
        if self.keyring.passphrase:
            return
        pending = [it for key in self.keyring.keys for it in key.versions if it.state == model.PENDING]
        if pending:
            for version in pending:
                version.is_due = True
            self.world.age()
            self.keyring_changed()

    def purge(self):
        only = self.keys() if self.rng.random() < 0.3 else []
        due = [(key, it) for key in only or self.keyring.keys for it in key.due()]
        doomed = {version.material for _, version in due}
        arguments, code, touched = [key.alias for key in only], DONE, []
        if self.rng.random() < 0.7:
            message = self.messages.get(self.some(self.messages))
            expected = self.expected(message) if message else Expected()
            envelope = self.envelope_arguments()
            paths = ["d"]
            if self.messages and self.rng.random() < 0.7:
                count = self.rng.randint(1, len(self.messages))
                paths = self.rng.sample(sorted(self.messages), count)
            if self.are_needed(paths, doomed, expected, envelope):
                code = FOUND
            checks = [argument for path in paths for argument in ("--check", path)]
            arguments += [*checks, *expected.arguments(), *envelope]
            touched = [name for path in (*self.messages, *self.blobs) for name in self.touched(path)]
        if self.rng.random() < 0.2:
            self.enwrap("key", "purge", "--dry-run", *arguments, code=code, touched=["k", *touched])
            return
        self.change_keyring("key", "purge", "--yes", *arguments, code=code, touched=touched)
        if code == DONE:
            for key, version in due:
                key.versions.remove(version)
            self.keyring.keys = [key for key in self.keyring.keys if key.versions]
            self.keyring_changed()
            if due:
                left = [n for n, old in self.generations().items() if old.secrets() & doomed]
                require(not left, f"generations {left} still hold what was purged")

    def are_needed(self, paths, doomed, expected, envelope):
        is_all = paths == ["d"]
        for path, message in self.messages.items():
            if is_all or path in paths:
                context = {**message.stored, **expected.unstored(message.stored)}
                sets = self.sets(path, message, envelope)
                if expected.contradicts(message.stored):
                    return True
                if model.depends(self.keyring, sets, context, doomed):
                    return True
        blobs = self.blobs.values() if is_all else []
        return any(model.depends(self.keyring, [[wrap]], expected.pairs, doomed) for wrap, _ in blobs)

    # The keyring's file.

    def backup(self):
        if len(self.backups) >= 3:
            oldest = next(iter(self.backups))
            del self.backups[oldest]
            self.world.shell(f"rm {oldest}", oldest)
        self.count += 1
        name = f"b/{self.count}"
        self.enwrap("keyring", "backup", name, code=DONE, touched=["k", name], is_change=True)
        self.backups[name] = copy.deepcopy(self.keyring)

    def restore(self):
        if self.rng.random() < 0.5:
            number = self.some(self.generations())
            if number is None:
                return
            source, arguments, touched = self.generations()[number], ["--generation", str(number)], []
        else:
            name = self.some(self.backups)
            if name is None:
                return
            source, arguments, touched = self.backups[name], [name], [name]
        if source.passphrase:
            arguments += ["--import-passphrase-file", source.passphrase]
        is_lossy = not self.keyring.materials() <= source.materials()
        is_forced = self.rng.random() < 0.5
        code = POLICY if is_lossy and not is_forced else DONE
        force = ["--force"] if is_forced else []
        self.change_keyring("keyring", "restore", *force, *arguments, code=code, touched=touched)
        if code == DONE:
            passphrase = source.passphrase or self.keyring.passphrase
            self.keyring = copy.deepcopy(source)
            self.keyring.passphrase = passphrase
            self.keyring_changed()

    def passphrase(self):
        if self.keyring.passphrase and self.rng.random() < 0.7:
            new, arguments = None, ["--remove"]
        else:
            new = self.rng.choice(("one", "two"))
            arguments = ["--new-passphrase-file", new]
        self.change_keyring("keyring", "passphrase", *arguments, code=DONE)
        self.keyring.passphrase = new
        self.keyring_changed()
        require(not self.generations(), "generations of the old form are left")

    def wrong_passphrase(self):
        """A wrong one, none at all, or one for a keyring that is not sealed."""
        wrong = {"one": "two", "two": "one", None: "one"}[self.keyring.passphrase]
        self.world.run("key", "list", "--passphrase-file", wrong, code=9, touched=["k"])
        if self.keyring.passphrase:
            self.world.run("key", "list", code=9, touched=["k"])

    def check_keyring(self):
        held, is_odd = self.keyring.secrets(), False
        for old in self.generations().values():
            due = old.secrets() & {version.material for key in old.keys for version in key.due()}
            # After a restore: what was due is in a generation only, which has nothing else that is not held, or one has
            # another form than the keyring.
            is_due_only_there = not due <= held and old.secrets() - due <= held
            is_odd |= is_due_only_there or old.passphrase != self.keyring.passphrase
        self.enwrap("keyring", "check", code=FOUND if is_odd else DONE, touched=["k"])

    # Messages.

    def forget_messages(self):
        while len(self.messages) > MOST_MESSAGES:
            path = self.some(self.messages)
            del self.messages[path]
            self.records.pop(f"{path}.envelope", None)
            self.world.shell(f"rm -f {path} {path}.envelope*", *self.touched(path)[:2])

    def encrypt(self):
        is_replacing = self.messages and self.rng.random() < 0.2
        path = self.some(self.messages) if is_replacing else self.new_name(".enwrap")
        keys, size, seed = self.keys(), self.rng.choice(SIZES), self.rng.randrange(10**9)
        if not keys:
            return
        plaintext = self.world.plain(seed, size, "plain", path)
        stored, bound = self.pairs(PAIRS, 0.3), self.pairs(BOUND, 0.3)
        is_armored, is_signed = self.rng.random() < 0.2, self.rng.random() < 0.15
        frame_length = self.rng.choice((65_536, 65_536, 65_536, 1_000, 100_000))
        arguments = [*self.under(keys), "--frame-length", str(frame_length)]
        arguments += [argument for pair in stored.items() for argument in ("-c", "=".join(pair))]
        arguments += [argument for pair in bound.items() for argument in ("--bind", "=".join(pair))]
        arguments += ["--armor"] * is_armored + ["--algorithm", "0x0578"] * is_signed
        is_forced = self.rng.random() < 0.7
        arguments += ["-f"] * is_forced + ["-j", self.rng.choice("12")]
        code = DONE
        if any(key.current.state != model.ENABLED for key in keys):
            code = KEY_DISABLED
        elif is_replacing and not is_forced:
            code = EXISTS
        self.enwrap("encrypt", *arguments, "plain", "-o", path, code=code, touched=[path], is_change=True)
        if code == DONE:
            message = model.Message(plaintext, keys, stored, bound, is_armored, is_signed, frame_length)
            if is_signed:
                # Its public key is stored too, and so is part of what every wrap authenticates.
                self.take_public_key(path, message)
            self.messages[path] = message
            self.forget_messages()

    def take_public_key(self, path, message):
        [line] = self.enwrap("inspect", path, code=DONE, touched=[path], is_json=True)
        message.stored |= {"aws-crypto-public-key": line["encryption_context"]["aws-crypto-public-key"]}
        for wrap in message.header:
            wrap.context = message.context()

    def read(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        expected, envelope = self.expected(message), self.envelope_arguments()
        only = [key for key in self.keyring.keys if self.rng.random() < 0.3] if self.rng.random() < 0.3 else []
        sets = self.sets(path, message, envelope)
        code = model.open_message(self.keyring, message, sets, expected, [key.id for key in only])
        arguments = [*expected.arguments(), *envelope, "-j", self.rng.choice("12")]
        arguments += [argument for key in only for argument in ("--only-key", key.alias)]
        touched = self.touched(path)
        kind = self.rng.choice(("verify", "decrypt", "stream", "range"))
        if kind == "verify":
            self.enwrap("verify", path, *arguments, code=code, touched=touched)
            return
        if kind == "decrypt":
            self.enwrap("decrypt", path, *arguments, "-f", "-o", "back", code=code, touched=touched)
            found, wanted = self.world.read("back") if code == DONE else b"", message.plaintext
        elif kind == "stream":
            found = self.enwrap("decrypt", path, *arguments, "-o", "-", code=code, touched=touched)
            wanted = message.plaintext
        else:
            size = len(message.plaintext)
            offset = self.rng.choice((0, self.rng.randint(0, size), min(size, message.frame_length)))
            length = self.rng.choice((0, 1, self.rng.randint(0, size), size + 10))
            # There is no part of these that could be proved by itself.
            is_whole = message.is_armored or message.is_signed
            arguments += ["--offset", str(offset), "--length", str(length)]
            arguments += ["--verify-first"] * is_whole + ["-f", "-o", "part"]
            self.enwrap("decrypt", path, *arguments, code=code, touched=touched)
            found = self.world.read("part") if code == DONE else b""
            wanted = message.plaintext[offset : offset + length]
        require(found == (wanted if code == DONE else b""), f"{kind}: other bytes, {len(found)} of {len(wanted)}")

    def read_damaged(self):
        path = self.some(self.messages)
        message = self.messages.get(path)
        if not message or message.is_armored or message.is_signed:
            return
        sets = [message.header]
        code = model.open_message(self.keyring, message, sets, Expected(message.bound))
        is_cut = self.rng.random() < 0.5
        change = "d[:-1]" if is_cut else "d[:-1] + bytes([d[-1] ^ 1])"
        program = f"import sys; d = open(sys.argv[1], 'rb').read(); open('damaged', 'wb').write({change})"
        self.world.shell(f'python3 -c "{program}" {path}', path, "damaged")
        if code == DONE:
            code = 5 if is_cut else 4
        arguments = Expected(message.bound).arguments()
        self.enwrap("verify", "damaged", *arguments, code=code, touched=["damaged"])

    def inspect(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        [line] = self.enwrap("inspect", path, code=DONE, touched=self.touched(path), is_json=True)

        def shown(wraps):
            held = lambda wrap: self.keyring.held(wrap) is not None
            return [(wrap.key_id, wrap.number) if held(wrap) else (None, None) for wrap in wraps]

        # A key of AWS KMS without an entry is shown by its ARN.
        is_entry = lambda it: not (it["key_id"] or "").startswith("arn:")
        keys = line["encrypted_data_keys"]
        found = [(it["key_id"], it["version"]) if is_entry(it) else (None, None) for it in keys]
        require(found == shown(message.header), f"inspect: keys {found}, not {shown(message.header)}")
        require(line["encryption_context"] == message.stored, f"inspect: {line['encryption_context']}")
        form = (line["signed"], line["armored"], line["frame_length"])
        expected = (message.is_signed, message.is_armored, message.frame_length)
        require(form == expected, f"inspect: {form}, not {expected}")
        size = line["plaintext_bytes"]
        require(size in (None, len(message.plaintext)), f"inspect: {size} bytes, not {len(message.plaintext)}")

    def usage(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        expected, envelope = self.expected(message), self.envelope_arguments()
        if expected.contradicts(message.stored):
            return
        context = {**message.stored, **expected.unstored(message.stored)}
        wraps = [wrap for wraps in self.sets(path, message, envelope) for wrap in wraps]
        is_by_proof = self.rng.random() < 0.5
        if is_by_proof:
            wraps = [wrap for wrap in wraps if model.opens(self.keyring, wrap, context)]
        holders = {(it.key_id, it.number): self.keyring.held(it) for it in wraps if self.keyring.held(it)}
        is_fine = any(
            version is self.keyring.by_id(key_id).current and version.state == model.ENABLED
            for (key_id, _), version in holders.items()
        )
        arguments = [*expected.arguments(), *envelope] + ["--fail-if-stale"] * is_by_proof
        code = FOUND if is_by_proof and not is_fine else DONE
        lines = self.enwrap("key", "usage", path, *arguments, code=code, touched=self.touched(path), is_json=True)
        found = {(it["key_id"], it["version"]) for it in lines[0]["keys"]}
        require(found == set(holders), f"key usage: {found}, not {set(holders)}")
        said = (lines[0]["closed"], lines[0]["needs_old_version"])
        require(said == (not holders, bool(holders) and not is_fine), f"key usage: {said}")

    def rewrap(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        expected = self.expected(message)
        is_shared = self.rng.random() < 0.3
        file = SHARED if is_shared else f"{path}.envelope"
        if sum(of is message for of, _ in self.records.get(file, [])) >= MOST_RECORDS:
            return
        chosen = self.keys() if self.rng.random() < 0.6 else []
        is_adding = bool(chosen) and self.rng.random() < 0.5
        sets = self.sets(path, message, is_shared)
        record = None
        if any(key.current.state != model.ENABLED for key in chosen):
            code = KEY_DISABLED
        else:
            code = model.open_message(self.keyring, message, sets, expected)
        if code == DONE:
            context, ids = message.context(), [key.id for key in chosen]
            code, record = model.rewrap(self.keyring, sets, context, ids, is_adding)
        arguments = [*self.under(chosen), *expected.arguments()] + ["--add"] * is_adding
        arguments += ["--envelope", SHARED] * is_shared
        # AWS KMS is not asked in a dry run, which says less then.
        is_dry = self.rng.random() < 0.1 and not any(key.is_kms for key in self.keyring.keys)
        arguments += ["--dry-run"] * is_dry
        touched = self.touched(path)
        lines = self.enwrap("rewrap", path, *arguments, code=code, touched=touched, is_change=True, is_json=True)
        if code != DONE:
            return
        is_changed = record is not None and not is_dry
        require(lines[0]["changed"] == is_changed, f"rewrap: changed is {lines[0]['changed']}")
        if is_changed:
            self.records.setdefault(file, []).append((message, record))

    def reencrypt(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        expected, envelope = self.expected(message), self.envelope_arguments()
        chosen = self.keys() if self.rng.random() < 0.4 else []
        sets, key_ids = self.sets(path, message, envelope), []
        if any(key.current.state != model.ENABLED for key in chosen):
            code = KEY_DISABLED
        else:
            code = model.open_message(self.keyring, message, sets, expected)
        if code == DONE:
            ids = [key.id for key in chosen]
            code, key_ids = model.reencrypt(self.keyring, sets, message.context(), ids)
        touched = self.touched(path)
        is_elsewhere = self.rng.random() < 0.2
        output = self.new_name(".enwrap") if is_elsewhere else path
        arguments = [*self.under(chosen), *expected.arguments(), *envelope]
        arguments += ["-o", output] if is_elsewhere else []
        self.enwrap("reencrypt", path, *arguments, code=code, touched=[*touched, output], is_change=True)
        if code != DONE:
            return
        self.take_successor(output, message, message.plaintext, key_ids)
        if not is_elsewhere:
            self.retire(path, message, "reencrypt")
        self.forget_messages()

    def take_successor(self, output, message, plaintext, key_ids):
        """A message with the context and the form of an old one."""
        keys = [self.keyring.by_id(key_id) for key_id in key_ids]
        stored = {key: value for key, value in message.stored.items() if key != "aws-crypto-public-key"}
        form = (message.is_armored, message.is_signed, message.frame_length)
        new = model.Message(plaintext, keys, stored, message.bound, *form)
        if new.is_signed:
            self.take_public_key(output, new)
        self.messages[output] = new

    def retire(self, path, message, verb):
        """The envelope file goes with its message, unless it serves another one too."""
        beside = f"{path}.envelope"
        if beside in self.records:
            is_only = all(of is message for of, _ in self.records[beside])
            if is_only:
                del self.records[beside]
            is_there = self.world.path(beside).exists()
            require(is_there != is_only, f"{verb}: the envelope file is {'' if is_there else 'not '}there")

    def edit(self):
        path = self.some(self.messages)
        if not path:
            return
        message = self.messages[path]
        expected, envelope = self.expected(message), self.envelope_arguments()
        sets, key_ids = self.sets(path, message, envelope), []
        touched = [*self.touched(path), "d/content"]
        content = self.world.plain(self.rng.randrange(10**9), self.rng.choice(SIZES), "d/content", path)
        code = model.open_message(self.keyring, message, sets, expected)
        if code == DONE:
            code, key_ids = model.reencrypt(self.keyring, sets, message.context(), [])
        is_changed = code == DONE and content != message.plaintext
        if is_changed and not content:
            code, is_changed = PRODUCER, False
        arguments = ["edit", "--stdin", path, *expected.arguments(), *envelope]
        before = self.world.read(path)
        options = {"touched": touched, "is_change": True, "stdin": "d/content"}
        self.enwrap(*arguments, code=code, **options)
        require((self.world.read(path) != before) == is_changed, "edit: changed, or not, against the model")
        if not is_changed:
            return
        self.take_successor(path, message, content, key_ids)
        self.retire(path, message, "edit")
        self.forget_messages()

    def write_only(self):
        """A host with the public half of a key writes what it cannot read."""
        pairs = [key for key in self.keyring.keys if key.is_pair]
        if not pairs:
            return
        key, path = self.rng.choice(pairs), self.new_name(".enwrap")
        self.world.shell("rm -rf w && mkdir -m 700 w", "w")
        export = ["key", "export", key.alias, "--public", "-o", "w/public"]
        self.enwrap(*export, code=DONE, touched=["k", "w"], is_change=True)
        host = lambda *verb, code: self.world.run(
            "--keyring", "w/keyring.json", *verb, code=code, touched=["w", path], is_change=True
        )
        host("key", "import", "off", "--file", "w/public", code=DONE)
        plaintext = self.world.plain(self.rng.randrange(10**9), self.rng.choice(SIZES), "plain", path)
        host("encrypt", "plain", "-k", "off", "-o", path, code=DONE)
        host("verify", path, code=NO_KEY)
        self.messages[path] = model.Message(plaintext, [key], {}, {}, False, False, 65_536)
        self.forget_messages()

    def look_at_all(self):
        """Every message, with all that it has: nothing was lost without a reason."""
        for path, message in self.messages.items():
            expected = Expected(message.bound)
            sets = self.sets(path, message)
            code = model.open_message(self.keyring, message, sets, expected)
            self.enwrap("verify", path, *expected.arguments(), code=code, touched=self.touched(path))

    # Passphrases as recipients.

    def encrypt_for_a_person(self):
        """With or without keys of the keyring. Apart from the other messages, which the checks of a purge look at."""
        keys = self.keys() if self.rng.random() < 0.5 else []
        self.count += 1
        path, word = f"p/{self.count}.enwrap", self.rng.choice(("one", "two"))
        plaintext = self.world.plain(self.rng.randrange(10**9), self.rng.choice(SIZES), "p/plain", path)
        arguments = [*self.under(keys), "-p", "--new-passphrase-file", word, "p/plain", "-o", path]
        is_usable = all(key.current.state == model.ENABLED for key in keys)
        code = DONE if is_usable else KEY_DISABLED
        self.enwrap("encrypt", *arguments, code=code, touched=[path], is_change=True)
        if code == DONE:
            self.personal[path] = (plaintext, [model.Wrap(key, {}) for key in keys], word)
        if len(self.personal) > 4:
            oldest = next(iter(self.personal))
            del self.personal[oldest]
            self.world.shell(f"rm {oldest}", oldest)

    def read_as_a_person(self):
        """Any key of the keyring comes first; the passphrase opens it also where the keyring or its keys are gone."""
        path = self.some(self.personal)
        if not path:
            return
        plaintext, wraps, word = self.personal[path]
        given = self.rng.choice(("one", "two", None))
        arguments = [path, "-o", "-"]
        arguments += ["--message-passphrase-file", given] if given else []
        without_passphrase = model.opening(self.keyring, [wraps], {})
        if given and self.rng.random() < 0.3:
            without_passphrase = NO_KEY
            run = lambda **options: self.world.run("--keyring", "p/none.json", "decrypt", *arguments, **options)
        else:
            run = lambda **options: self.enwrap("decrypt", *arguments, **options)
        if without_passphrase == DONE or given is None:
            code = without_passphrase
        else:
            code = DONE if given == word else 9
        found = run(code=code, touched=["k", path])
        require(found == (plaintext if code == DONE else b""), f"decrypt: other bytes, {len(found)}")

    # Folders.

    def folders(self):
        keys = self.keys()
        if not keys or any(key.current.state != model.ENABLED for key in keys):
            return
        self.world.shell("rm -rf t e o", "t", "e", "o")
        names = self.rng.sample(("t/one", "t/two", "t/deep/three", "t/deep/er/four", "t/.five"), 3)
        plaintexts = {
            name: self.world.plain(self.rng.randrange(10**9), self.rng.choice(SIZES), name, "t") for name in names
        }
        link = self.rng.choice(("one", "../../outside", "nothing"))
        self.world.shell(f"mkdir -p t/no/thing && ln -s {link} t/link && find t ! -type d -print0 > list", "t")
        touched = ["t", "e", "o"]
        # A list keeps whole names, so both have the same results.
        is_listed = self.rng.random() < 0.3
        source = ["-0", "--files-from", "list"] if is_listed else ["-r", "t"]
        links = ["--links"] if self.rng.random() < 0.5 else []
        encrypt = ["encrypt", *source, *links, "--output-dir", "e", *self.under(keys)]
        run = lambda *arguments, code=DONE: self.enwrap(*arguments, code=code, touched=touched, is_change=True)
        run(*encrypt)
        run("verify", "-r", "e")
        run(*encrypt, "--skip-existing")
        run(*encrypt, code=12)
        kind = self.rng.choice(("plain", "rewrap", "reencrypt", "disable"))
        if kind in ("rewrap", "reencrypt"):
            run(kind, "-r", "e")
        if kind == "disable":
            for key in keys:
                self.change_keyring("key", "disable", key.alias, code=key.switch(None, model.DISABLED))
                self.keyring_changed()
            run("verify", "-r", "e", code=12)
            run("decrypt", "-r", "e/t", "--output-dir", "o", code=12)
            left = [path for path in self.world.path("o").rglob("*") if path.is_file()]
            require(not left, f"decrypt -r: {left} were made without a key")
        else:
            run("decrypt", "-r", *links, "e/t", "--output-dir", "o")
            found = {name: self.world.read(f"o/{name}") for name in names}
            require(found == plaintexts, "decrypt -r: other bytes")
            back = self.world.path("o/t/link")
            is_right = back.is_symlink() and str(back.readlink()) == link if links else not back.is_symlink()
            require(is_right, "decrypt -r: another link")
            is_there = self.world.path("o/t/no/thing").is_dir()
            require(is_there != is_listed, "decrypt -r: the folder with nothing in it")

    # Data keys.

    def datakey(self):
        key = self.key()
        # What AWS KMS wraps names no key, so that other rules hold: tests/kms/on_datakeys.py has them.
        if not key or key.is_kms:
            return
        context, path = self.pairs(PAIRS | BOUND, 0.4), self.new_name(".key")
        pairs = Expected(context).arguments()
        code = DONE if key.current.state == model.ENABLED else KEY_DISABLED
        code = model.USAGE if code == DONE and key.is_rsa and context else code
        arguments = ["-k", key.alias, *pairs, "--format", "hex", "--blob-out", path]
        printed = self.enwrap("datakey", *arguments, code=code, touched=[path], is_change=True)
        if code == DONE:
            self.blobs[path] = (model.Wrap(key, context, is_blob=True), printed)
        if len(self.blobs) > 4:
            oldest = next(iter(self.blobs))
            del self.blobs[oldest]
            self.world.shell(f"rm {oldest}", oldest)

    def datakey_decrypt(self):
        path = self.some(self.blobs)
        if not path:
            return
        wrap, data_key = self.blobs[path]
        context = wrap.context if self.rng.random() < 0.8 else {"purpose": "another"}
        code = model.opening(self.keyring, [[wrap]], context)
        code = model.USAGE if code == DONE and not wrap.binds and context else code
        arguments = ["--blob-file", path, *Expected(context).arguments()]
        if self.rng.random() < 0.5:
            found = self.enwrap("datakey", "decrypt", *arguments, "--format", "hex", code=code, touched=[path])
        else:
            found = self.enwrap("datakey", "decrypt", *arguments, code=code, touched=[path])
            found = base64.b64decode(json.loads(found)["Plaintext"]).hex().encode() + b"\n" if found else b""
        require(found == (data_key if code == DONE else b""), "datakey decrypt: another key")

    def datakey_rewrap(self):
        path, key = self.some(self.blobs), self.key()
        if not path or not key or key.is_kms:
            return
        wrap, data_key = self.blobs[path]
        context = wrap.context if self.rng.random() < 0.8 else {"purpose": "another"}
        new_context, more = dict(context), []
        if self.rng.random() < 0.3:
            new_context["purpose"], more = "changed", ["--set-context", "purpose=changed"]
        code = DONE if key.current.state == model.ENABLED else KEY_DISABLED
        if code == DONE:
            code = model.opening(self.keyring, [[wrap]], context)
        if code == DONE and (not wrap.binds and context or key.is_rsa and new_context):
            code = model.USAGE
        new = self.new_name(".key")
        arguments = ["--blob-file", path, "-k", key.alias, *Expected(context).arguments(), *more]
        arguments += ["--blob-out", new]
        self.enwrap("datakey", "rewrap", *arguments, code=code, touched=[path, new], is_change=True)
        if code == DONE:
            self.blobs[new] = (model.Wrap(key, new_context, is_blob=True), data_key)


# How often each comes.
WEIGHTS = {
    "keygen": 3,
    "no_such_key": 1,
    "rotate": 5,
    "disable": 3,
    "enable": 3,
    "delete": 4,
    "undelete": 2,
    "put_all_to_use": 2,
    "time_passes": 4,
    "purge": 6,
    "backup": 2,
    "restore": 2,
    "wrong_passphrase": 0.5,
    "check_keyring": 1,
    "encrypt": 12,
    "read": 20,
    "read_damaged": 2,
    "inspect": 4,
    "usage": 6,
    "rewrap": 12,
    "reencrypt": 6,
    "edit": 6,
    "write_only": 2,
    "look_at_all": 1,
    "folders": 1,
    "encrypt_for_a_person": 0.7,
    "read_as_a_person": 1.5,
    "datakey": 3,
    "datakey_decrypt": 4,
    "datakey_rewrap": 3,
}
