"""What enwrap must do, said a second time: keys and their states, what opens what, and which exit code is to come.

The rules are those of docs/scripting.md, docs/keys.md and the help of the commands.
"""

import itertools

ENABLED, DISABLED, PENDING = "enabled", "disabled", "pending-deletion"

# Exit codes.
DONE, USAGE, NO_KEY, AUTHENTICATION, CONTEXT, KEY_DISABLED, EXISTS = 0, 2, 3, 4, 6, 7, 8
FOUND, PRODUCER, POLICY = 14, 15, 16

_materials = itertools.count()


class Version:
    def __init__(self, number):
        self.number, self.state, self.is_due = number, ENABLED, False
        # After a restore, another version can have the same name.
        self.material = next(_materials)


class Key:
    def __init__(self, key_id, alias, kind):
        self.id, self.alias, self.versions = key_id, alias, [Version(1)]
        self.is_pair, self.is_rsa, self.is_kms = kind not in ("aes", "aws-kms"), kind == "rsa", kind == "aws-kms"

    @property
    def current(self):
        return self.versions[-1]

    def version(self, number):
        return next((version for version in self.versions if version.number == number), None)

    def switch(self, number, state):
        if number is not None:
            version = self.version(number)
            if version is None:
                return NO_KEY
            if version.state == PENDING:
                return KEY_DISABLED
        for version in self.versions:
            if version.state != PENDING and number in (None, version.number):
                version.state = state
        return DONE

    def delete(self, what):
        """`what` is a number, "old" or "key"."""
        if what == "key":
            if self.current.state == PENDING:
                return KEY_DISABLED
        elif what != "old":
            version = self.version(what)
            if version is None:
                return NO_KEY
            if version.state == PENDING:
                return KEY_DISABLED
            if version is self.current:
                return USAGE
        for version in self.versions:
            is_meant = what == "key" or (version is not self.current and what in ("old", version.number))
            if is_meant and version.state != PENDING:
                version.state, version.is_due = PENDING, False
        return DONE

    def undelete(self, number):
        if number is not None:
            version = self.version(number)
            if version is None:
                return NO_KEY
            if version.state != PENDING:
                return USAGE
            if version is not self.current and self.current.state == PENDING:
                return KEY_DISABLED
        meant = [it for it in self.versions if it.state == PENDING and number in (None, it.number)]
        for version in meant:
            version.state, version.is_due = DISABLED, False
        return DONE if meant else USAGE

    def due(self):
        due = [it for it in self.versions if it.state == PENDING and it.is_due]
        return due if len(due) == len(self.versions) else [it for it in due if it is not self.current]


class Keyring:
    def __init__(self):
        self.keys = []
        self.passphrase = None  # the file that has it

    def by_alias(self, alias):
        return next((key for key in self.keys if key.alias == alias), None)

    def by_id(self, key_id):
        return next((key for key in self.keys if key.id == key_id), None)

    def held(self, wrap):
        """The version that a wrap names."""
        key = self.by_id(wrap.key_id)
        version = key and key.version(wrap.number)
        # A pair is named by its public key, which no other version has.
        return version if version and (not key.is_pair or version.material == wrap.material) else None

    def named(self, wrap):
        """The key that a wrap names, of a key that is no pair also in a version that was destroyed."""
        key = self.by_id(wrap.key_id)
        return key if key and (not key.is_pair or self.held(wrap)) else None

    def identified(self, wrap):
        """The same, where no other key can have that name."""
        key = self.named(wrap)
        return key if key and not key.is_rsa else None

    def materials(self):
        return {version.material for key in self.keys for version in key.versions}

    def secrets(self):
        """Those that are in the file: of a key of AWS KMS there is an entry only, and nothing to destroy."""
        return {version.material for key in self.keys for version in key.versions if not key.is_kms}

    def shown(self):
        """As `key list` has it."""
        return {
            (key.id, version.number, version.state) for key in self.keys for version in key.versions
        }


class Wrap:
    """One encrypted data key. A blob of RSA opens under any context: only a message's header binds it there."""

    def __init__(self, key, context, is_blob=False):
        self.key_id, self.number = key.id, key.current.number
        self.material, self.context = key.current.material, dict(context)
        self.binds = not (is_blob and key.is_rsa)


class Message:
    def __init__(self, plaintext, keys, stored, bound, is_armored, is_signed, frame_length):
        self.plaintext, self.stored, self.bound = plaintext, stored, bound
        self.is_armored, self.is_signed, self.frame_length = is_armored, is_signed, frame_length
        self.header = [Wrap(key, self.context()) for key in keys]

    def context(self):
        return {**self.stored, **self.bound}


class Expected:
    """What `-c` says about a message."""

    def __init__(self, pairs=(), present=()):
        self.pairs, self.present = dict(pairs), tuple(present)

    def arguments(self):
        pairs = [f"{key}={value}" for key, value in self.pairs.items()]
        return [argument for pair in (*self.present, *pairs) for argument in ("-c", pair)]

    def contradicts(self, stored):
        others = (key for key, value in self.pairs.items() if stored.get(key, value) != value)
        return any(key not in stored for key in self.present) or any(True for _ in others)

    def unstored(self, stored):
        return {key: value for key, value in self.pairs.items() if key not in stored}


def opens(keyring, wrap, context):
    """Whether a wrap is one of a version held here, in whatever state."""
    version = keyring.held(wrap)
    is_right = wrap.context == context or not wrap.binds
    return version is not None and version.material == wrap.material and is_right


def opening(keyring, sets, context, only=()):
    """The exit code of opening: the wrap that came closest decides."""
    closest = NO_KEY
    order = [NO_KEY, KEY_DISABLED, AUTHENTICATION, DONE]
    for wrap in itertools.chain.from_iterable(sets):
        version = keyring.held(wrap)
        if version is None or (only and wrap.key_id not in only):
            code = NO_KEY
        elif version.state != ENABLED:
            code = KEY_DISABLED
        else:
            code = DONE if opens(keyring, wrap, context) else AUTHENTICATION
        closest = max(closest, code, key=order.index)
    return closest


def open_message(keyring, message, sets, expected, only=()):
    if expected.contradicts(message.stored):
        return CONTEXT
    unstored = expected.unstored(message.stored)
    code = opening(keyring, sets, {**message.stored, **unstored}, only)
    return CONTEXT if code == AUTHENTICATION and unstored else code


def readers(keyring, sets, context):
    """The keys that open a message, by their ids, the newest set first."""
    proved = (wrap.key_id for wraps in sets for wrap in wraps if opens(keyring, wrap, context))
    return list(dict.fromkeys(proved))


def rewrap(keyring, sets, context, chosen, is_adding):
    """An exit code, and the wraps of the new record: `None` if there is nothing to do.

    The message opens. `chosen` are key ids; without any, all readers are meant.
    """

    def current_wrap(wraps, key_id):
        number = keyring.by_id(key_id).current.number
        is_it = lambda wrap: (wrap.key_id, wrap.number) == (key_id, number)
        return next((wrap for wrap in wraps if is_it(wrap) and opens(keyring, wrap, context)), None)

    everything = [wrap for wraps in sets for wrap in wraps]
    proved_sets = [wraps for wraps in sets if any(opens(keyring, it, context) for it in wraps)]
    now = readers(keyring, sets, context)
    is_exact = bool(chosen) and not is_adding
    wanted = chosen if is_exact else now + [key_id for key_id in chosen if key_id not in now]
    newest = proved_sets[0]
    is_so = all(current_wrap(newest if is_exact else everything, key_id) for key_id in wanted)
    if is_so and (not is_exact or len(newest) == len(wanted)):
        return DONE, None
    record = []
    if not is_exact:
        # Nothing is known about these, and nobody asked to leave them out.
        for wrap in (wrap for wraps in proved_sets for wrap in wraps):
            is_wanted = keyring.identified(wrap) and wrap.key_id in wanted
            if keyring.held(wrap) is None and not is_wanted and wrap not in record:
                record.append(wrap)
    for key_id in wanted:
        wrap, key = current_wrap(everything, key_id), keyring.by_id(key_id)
        if wrap is None and key.current.state != ENABLED:
            return KEY_DISABLED, None
        record.append(wrap or Wrap(key, context))
    return DONE, record


def reencrypt(keyring, sets, context, chosen):
    """An exit code, and the ids of the keys of the new message."""
    now = readers(keyring, sets, context)
    unproved = [
        wrap
        for wraps in sets
        for wrap in wraps
        if not opens(keyring, wrap, context) and not (keyring.identified(wrap) and wrap.key_id in now)
    ]
    if not chosen and unproved:
        return NO_KEY, None
    for key_id in chosen or now:
        if keyring.by_id(key_id).current.state != ENABLED:
            return KEY_DISABLED, None
    return DONE, chosen or now


def depends(keyring, sets, context, doomed):
    """Whether something is not proved to open without the materials of `doomed`."""
    wraps = [wrap for wraps in sets for wrap in wraps]
    if any(opens(keyring, wrap, context) and wrap.material not in doomed for wrap in wraps):
        return False
    return any(keyring.named(wrap) for wrap in wraps)
