"""The keys of a run, from its keyring and messages, and the forms in which memory may hold them.

Nothing here asks enwrap: the keyring, the seal and the message's header are read by this code.
"""

import base64
import hashlib
import hmac
import json

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Memory is searched for pieces of this length: what is left of a key is seldom whole, and eight random bytes
# are nowhere by chance.
PIECE = 8


# What a run's files hold.


def seal_key(keyring, passphrase):
    """The key of a sealed keyring's body; `None` if it is not sealed."""
    seal = json.loads(keyring.split(b"\n", 1)[0])["seal"]
    if not seal:
        return None
    cost = seal["parameters"]
    return hash_secret_raw(
        passphrase, bytes.fromhex(seal["salt"]), cost["t"], cost["m_kib"], cost["p"], 32, Type.ID
    )


def root_keys(keyring, passphrase):
    """All root keys of a keyring's bytes, by the name that stands in a message."""
    line, body = keyring.split(b"\n", 1)
    header = json.loads(line)
    if header["seal"]:
        del header["sha256"]
        aad = json.dumps(header, separators=(",", ":")).encode()
        body = AESGCM(seal_key(keyring, passphrase)).decrypt(
            bytes.fromhex(header["seal"]["nonce"]), base64.b64decode(body.replace(b"\n", b"")), aad
        )
    materials = []

    def collect(value):
        if isinstance(value, dict):
            if "material" in value and value["material"]:
                materials.append(bytes.fromhex(value["material"]))
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                collect(item)

    collect(json.loads(body))
    assert materials
    return materials


class _Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "big")

    def field(self):
        return self.take(self.number(2))


def _encrypted_data_key(fields):
    return fields.field(), fields.field(), fields.field()


def unwrap(encrypted_data_key, roots, aad):
    """The data key, under one of `roots`; a raw AES wrap ends its provider info with the IV."""
    _, info, ciphertext = encrypted_data_key
    for root in roots:
        try:
            return AESGCM(root).decrypt(info[-12:], ciphertext, aad)
        except Exception:
            continue
    raise ValueError("no root key opens it")


def data_key_of_blob(blob, roots):
    return unwrap(_encrypted_data_key(_Fields(blob)), roots, b"")


def _header(message):
    """(suite, message id, context, encrypted data keys) of a message of a committing suite."""
    fields = _Fields(message)
    assert fields.number(1) == 2, "a message of version 2"
    suite, message_id = fields.take(2), fields.take(32)
    context = fields.field()
    return suite, message_id, context, [_encrypted_data_key(fields) for _ in range(fields.number(2))]


def passphrase_keys(message, passphrase):
    """The keys that a message's encrypted data keys under passphrases have, if it is this one."""
    derived = []
    for provider, info, _ in _header(message)[3]:
        if provider == b"enwrap-passphrase":
            # Behind the name are the lengths and the IV.
            _, cost, salt = info[:-20].decode().split(":")
            cost = {name: int(value) for name, value in (part.split("=") for part in cost.split(","))}
            salt = base64.urlsafe_b64decode(salt + "==")
            key = hash_secret_raw(passphrase, salt, cost["t"], cost["m"], cost["p"], 32, Type.ID)
            derived.append(key)
    return derived


def message_keys(message, roots):
    """(data key, pseudo-random key of HKDF, frame key) of a message of a committing suite."""
    suite, message_id, context, wraps = _header(message)
    data_key = unwrap(wraps[0], roots, context)
    prk = hmac.new(message_id, data_key, hashlib.sha512).digest()
    frame_key = hmac.new(prk, suite + b"DERIVEKEY" + b"\x01", hashlib.sha512).digest()[:32]
    return data_key, prk, frame_key


# The forms of a key in memory.


def _s_box():
    box, p, q = [0] * 256, 1, 1
    while True:
        p ^= ((p << 1) ^ (0x11B if p & 0x80 else 0)) & 0xFF
        for shift in (1, 2, 4):
            q = (q ^ (q << shift)) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        turned = q
        for shift in (1, 2, 3, 4):
            turned ^= ((q << shift) | (q >> (8 - shift))) & 0xFF
        box[p] = turned ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


_S = _s_box()


def round_keys(key):
    """The AES key schedule (FIPS 197), as one string of 16 bytes a round."""
    words, count = [key[i : i + 4] for i in range(0, len(key), 4)], len(key) // 4
    constant = 1
    for i in range(count, 4 * (count + 7)):
        word = words[-1]
        if i % count == 0:
            word = bytes(_S[byte] for byte in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = (constant << 1) ^ (0x11B if constant & 0x80 else 0)
        elif count > 6 and i % count == 4:
            word = bytes(_S[byte] for byte in word)
        words.append(bytes(a ^ b for a, b in zip(words[i - count], word)))
    return b"".join(words)


def _hash_keys(key):
    """The key of GHASH in the byte orders of GHASH and POLYVAL; who has it forges tags."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    h = encryptor.update(bytes(16))
    # POLYVAL's form is the reversed string times x.
    number = int.from_bytes(h[::-1], "little") << 1
    if number >> 128:
        number = (number & ((1 << 128) - 1)) ^ (0xC2 << 120) ^ 1
    return [h, h[::-1], number.to_bytes(16, "little")]


def _swapped(data, width):
    return b"".join(data[i : i + width][::-1] for i in range(0, len(data), width))


def pieces(data):
    return {data[i : i + PIECE] for i in range(0, len(data) - PIECE + 1, PIECE)}


def forms(secret):
    """Pieces of `secret` as such, as the words of a hash, as the pads of an HMAC, and as text."""
    found = set()
    for pad in (0, 0x36, 0x5C):
        padded = bytes(byte ^ pad for byte in secret)
        for form in (padded, _swapped(padded, 8), _swapped(padded, 4)):
            found |= pieces(form)
    digits = secret.hex().encode()
    found |= {digits[i : i + 16] for i in range(0, len(digits) - 15, 16)}
    found |= {piece.upper() for piece in list(found) if piece in digits}
    text = base64.b64encode(secret)
    found |= {text[i : i + 12] for i in range(0, len(text) - 11, 12)}
    return found


def key_forms(key):
    """The same, with what a cipher makes of a key of AES."""
    found = forms(key) | pieces(round_keys(key))
    for form in _hash_keys(key):
        found |= pieces(form)
    return found


# The last round key of FIPS 197, appendix A.3.
assert round_keys(bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"))[
    -16:
].hex() == "fe4890d1e6188d0b046df344706c631e"
