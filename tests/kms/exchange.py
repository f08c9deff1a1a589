"""Messages under keys of AWS KMS, alone and mixed with a local key, go from enwrap to the official SDK and back."""

import base64
import json
import sys
from pathlib import Path
from typing import NamedTuple

import peer
from stand_in import ACCOUNT, OTHER_REGION, REGION, client

sys.path.append(str(Path(__file__).parents[1] / "interop"))
from wrap import fields

PLAIN = bytes(range(256)) * 40
SUITES = ["0478", "0578"]
# Stored pairs, and pairs that are bound and not stored.
CONTEXTS = [({}, {}), ({"purpose": "backup", "ünicode": "ß"}, {}), ({"stored": "1"}, {"bound": "2"})]


class Key(NamedTuple):
    """A key as enwrap is told to encrypt under it and to open with it, and the SDK's keyrings of it."""

    name: str  # with -k
    opening: tuple  # arguments of decrypt
    writer: object
    reader: object


def keys_of(place):
    """By their ARNs, and as entries of the keyring."""
    endpoint, arns = place.kms.endpoint, place.keys
    keyring = lambda arn: peer.kms_keyring(endpoint, arn)
    by_arn = Key(arns.one, ("--only-key", arns.one), keyring(arns.one), keyring(arns.one))
    by_alias_arn = by_arn._replace(name=f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/one")
    by_alias = Key("aws-kms:alias/one", (f"--aws-kms-discovery={ACCOUNT}",), *by_arn[2:])
    by_id = by_arn._replace(name=f"aws-kms:{arns.one.rpartition('/')[2]}", opening=("--aws-kms-discovery",))
    place.imported(arns.two, "two")
    entry = Key("two", ("--only-key", "two"), keyring(arns.two), peer.discovery_keyring(endpoint, REGION))
    elsewhere = peer.discovery_keyring(endpoint, OTHER_REGION)
    abroad = Key(arns.abroad, ("--only-key", arns.abroad), keyring(arns.abroad), elsewhere)
    # Written in one region, and read in the other.
    place.imported(arns.replica, "multi")
    mrk = lambda arn: peer.mrk_keyring(endpoint, arn)
    multi = Key(arns.multi, ("--only-key", "multi"), mrk(arns.multi), mrk(arns.replica))
    return [by_arn, by_alias_arn, by_alias, by_id, entry, abroad, multi]


def agreement_keys(place):
    """Public halves in enwrap's keyring; the SDK's keyring of them has a sender in AWS KMS."""
    endpoint = place.kms.endpoint
    for curve, key in place.keys.agreement.items():
        pem = f"{curve}.pem"
        place.write(pem, key.pem())
        place.enwrap("key", "import", "--public-key-file", pem, "--aws-kms", key.arn, curve)
        yield Key(curve, ("--only-key", curve), peer.ecdh_writer(endpoint, key, key), peer.ecdh_reader(endpoint, key))


def local_key(place):
    place.enwrap("keygen", "local")
    keyring = peer.aes_keyring(place.enwrap("key", "export", "local").stdout)
    return Key("local", ("--only-key", "local"), keyring, keyring)


def flags(option, pairs):
    return [part for name, value in pairs.items() for part in (option, f"{name}={value}")]


class Exchange:
    def __init__(self, place):
        self.place, self.passed = place, 0

    def ours(self, keys, suite, stored, bound):
        """enwrap writes for all keys; the SDK opens with each one of them."""
        chosen = [part for key in keys for part in ("-k", key.name)]
        pairs = [*flags("-c", stored), *flags("--bind", bound)]
        message = self.place.enwrap("encrypt", *chosen, "--algorithm", suite, *pairs, stdin=PLAIN).stdout
        for key in keys:
            found = peer.decrypt(message, key.reader, bound)
            assert found == (PLAIN, stored), f"{key.name}: the SDK finds other plaintext or context"
            self.passed += 1

    def theirs(self, keys, suite, stored, bound):
        """The SDK writes for all keys; enwrap opens with each one of them."""
        writers = [key.writer for key in keys]
        writer = peer.multi_keyring(*writers) if len(writers) > 1 else writers[0]
        message = peer.encrypt(PLAIN, writer, suite, stored, bound)
        for key in keys:
            pairs = flags("-c", stored | bound)
            found = self.place.enwrap("decrypt", *key.opening, *pairs, stdin=message).stdout
            assert found == PLAIN, f"{key.name}: enwrap finds other plaintext"
            self.passed += 1
        if bound:
            opening = [*keys[0].opening, *flags("-c", stored)]
            self.place.enwrap("verify", *opening, "-", stdin=message, code=4)
            wrong = flags("-c", {name: "other" for name in bound})
            self.place.enwrap("verify", *opening, *wrong, "-", stdin=message, code=6)


def record(place):
    """What rewrap adds is a wrap of the same data key, under the same context."""
    place.write("rewrapped.plain", PLAIN)
    arguments = ["-c", "purpose=test", "--bind", "tenant=1", "rewrapped.plain", "-o", "rewrapped"]
    place.enwrap("encrypt", "-k", place.keys.two, *arguments)
    place.enwrap("rewrap", "--add", "-k", place.keys.one, "-c", "tenant=1", "rewrapped")
    (line,) = place.read("rewrapped.envelope").splitlines()
    added = [base64.b64decode(edk) for edk in json.loads(line)["encrypted_data_keys"]]
    header = place.read("rewrapped")
    start = 37 + int.from_bytes(header[35:37], "big") + 2
    wraps = {fields(edk)[0][1].decode(): fields(edk)[0] for edk in [header[start:], *added]}
    assert set(wraps) == {place.keys.one, place.keys.two}, wraps
    context = {"purpose": "test", "tenant": "1"}
    kms = client(place.kms.endpoint)
    unwrap = lambda arn: kms.decrypt(KeyId=arn, CiphertextBlob=wraps[arn][2], EncryptionContext=context)["Plaintext"]
    assert wraps[place.keys.one][0] == b"aws-kms", wraps
    assert unwrap(place.keys.one) == unwrap(place.keys.two), "rewrap wrapped another data key"


def exchange(place):
    both, local = Exchange(place), local_key(place)
    keys, on_curves = keys_of(place), list(agreement_keys(place))
    entry, abroad = keys[4], keys[5]
    for key in [*keys, *on_curves]:
        for number, (stored, bound) in enumerate(CONTEXTS):
            suite = SUITES[number % 2]
            both.ours([key], suite, stored, bound)
            both.theirs([key], suite, stored, bound)
    # The SDK's discovery keyring opens no message that has another provider's binary info too: a raw AES wrap, or a key
    # agreement. Keyrings that name their key do.
    entry, abroad = (key._replace(reader=key.writer) for key in (entry, abroad))
    for mixed in ([local, entry], [entry, local], [entry, abroad, keys[0]], [on_curves[1], local, entry, abroad]):
        for suite, (stored, bound) in zip(SUITES, CONTEXTS[1:]):
            both.ours(mixed, suite, stored, bound)
            both.theirs(mixed, suite, stored, bound)
    record(place)
    print(f"kms: {both.passed} messages exchanged with the AWS Encryption SDK for Python")
