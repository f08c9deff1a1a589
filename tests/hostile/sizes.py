"""The cases: `sizes.py PROGRAM FOLDER`. One line a case; exit code 1 if anything was not as it should be."""

import base64
import hashlib
import json
import os
import pathlib
import random
import sys

from limited import MIB, Enwrap

WORK = pathlib.Path(sys.argv[2])
enwrap = Enwrap(sys.argv[1], WORK)
MOST = 65_535


def path(name):
    return WORK / name


def field(data):
    return len(data).to_bytes(2, "big") + data


def header(encrypted_data_keys, context=b""):
    """A header of suite 0x0478 that is well formed, and opens with no key."""
    fields = b"\x02\x04\x78" + bytes(32) + field(context)
    fields += len(encrypted_data_keys).to_bytes(2, "big") + b"".join(encrypted_data_keys)
    return fields + b"\x02" + (65_536).to_bytes(4, "big") + bytes(32 + 16)


def encrypted_data_key(length):
    return field(b"a" * length) * 3


def message_headers():
    path("keys").write_bytes(header([encrypted_data_key(1)] * MOST))
    enwrap.case(
        "65,535 encrypted data keys", "verify", "keys", code=16, says="--max-encrypted-data-keys"
    )
    raised = ["--max-encrypted-data-keys", MOST]
    enwrap.case("65,535 encrypted data keys, allowed", "verify", *raised, "keys", code=3)
    enwrap.case("65,535 encrypted data keys, inspected", "inspect", *raised, "keys", code=0)

    path("fields").write_bytes(header([encrypted_data_key(MOST)]))
    enwrap.case("fields of 65,535 bytes", "verify", "fields", code=3)
    enwrap.case("fields of 65,535 bytes, inspected", "inspect", "fields", code=0)
    path("many").write_bytes(header([encrypted_data_key(MOST)] * 64))
    enwrap.case(
        "64 times fields of 65,535 bytes", "verify", "many", code=16, says="--max-header-size"
    )
    enwrap.case(
        "64 times fields of 65,535 bytes, allowed",
        "verify",
        "--max-header-size",
        1 << 30,
        "many",
        code=3,
    )

    message = bytearray(path("message").read_bytes())
    about = json.loads(enwrap.must("inspect", "--json", "message"))
    # Before the commit key and the tag.
    at = about["header_bytes"] - 32 - 16 - 4
    assert message[at : at + 4] == (65_536).to_bytes(4, "big")
    message[at : at + 4] = b"\xff" * 4
    path("frames").write_bytes(message)
    enwrap.case("frames of 2^32-1 bytes", "verify", "frames", code=16, says="--max-frame-length")
    enwrap.case(
        "frames of 2^32-1 bytes, allowed",
        "verify",
        "--max-frame-length",
        2**32 - 1,
        "frames",
        code=4,
    )


def contexts():
    # Two bytes each for the number of pairs and for the lengths of the key and of the value.
    largest = MOST - 2 - 2 - 1 - 2
    for length, code in ((largest, 0), (largest + 1, 2), (64 << 10, 2)):
        path("context.json").write_text(json.dumps({"k": "v" * length}))
        arguments = ["--context-file", "context.json", "plain", "-f", "-o", "with-context"]
        enwrap.case(f"a context value of {length} bytes", "encrypt", *arguments, code=code)
    enwrap.case("the largest context, decrypted", "decrypt", "with-context", "-o", "back", code=0)


def keyring_file(body, **changes):
    """A keyring's bytes with this body, and a checksum that holds."""
    line = {"format": "enwrap-keyring", "version": 1, "generation": 1}
    line |= {"sha256": hashlib.sha256(body).hexdigest(), "seal": None} | changes
    return json.dumps(line, separators=(",", ":")).encode() + b"\n" + body


def write_private(name, pieces):
    with open(os.open(path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for piece in pieces:
            file.write(piece)
    return {"ENWRAP_KEYRING": str(path(name))}


def keyrings():
    brackets = write_private("brackets", (b"[" * MIB for _ in range(1024)))
    enwrap.case("a keyring of 1 GiB of '['", "key", "list", code=10, says="larger than", **brackets)
    path("brackets").unlink()
    brackets = write_private("brackets", [b"[" * MIB] * 60)
    enwrap.case("a keyring of 60 MiB of '['", "key", "list", code=10, **brackets)
    brackets = write_private("brackets", [keyring_file(b"[" * (60 * MIB))])
    enwrap.case(
        "a keyring with a body of 60 MiB of '['",
        "key",
        "list",
        code=10,
        says="malformed",
        **brackets,
    )
    path("brackets").unlink()

    path("passphrase").write_text("correct horse\n")
    # In a folder of its own: the same keys must not lie in the clear beside a sealed keyring.
    path("sealed").mkdir(mode=0o700)
    sealed = ["--keyring", "sealed/keyring.json"]
    enwrap.must(*sealed, "keygen", "one")
    enwrap.must(*sealed, "keyring", "passphrase", "--new-passphrase-file", "passphrase")
    line, body = path("sealed/keyring.json").read_bytes().split(b"\n", 1)
    changed = json.loads(line)
    for name, parameters in (
        ("1 TiB of memory", {"m_kib": 1 << 30}),
        ("2^32-1 passes", {"t": 2**32 - 1}),
        ("2^32-1 lanes", {"p": 2**32 - 1}),
    ):
        seal = changed["seal"] | {"parameters": changed["seal"]["parameters"] | parameters}
        costly = write_private("costly", [keyring_file(body, seal=seal)])
        costly["ENWRAP_PASSPHRASE_FILE"] = str(path("passphrase"))
        enwrap.case(f"a seal that asks for {name}", "key", "list", code=10, says="bounds", **costly)


def envelope_files():
    with open(path("sparse"), "wb") as file:
        file.truncate(50 << 30)
    for verb in (["verify"], ["rewrap", "-k", "two"]):
        enwrap.case(
            f"{verb[0]}: an envelope file of 50 GiB",
            *verb,
            "--envelope",
            "sparse",
            "message",
            code=1,
            says="larger than",
        )
    os.rename(path("sparse"), path("message.envelope"))
    enwrap.case(
        "an envelope file of 50 GiB beside the message",
        "verify",
        "message",
        code=0,
        says="larger than",
    )
    path("message.envelope").unlink()

    with open(path("line.envelope"), "wb") as file:
        file.write(b'{"message_id":"')
        for _ in range(512):
            file.write(b"0" * MIB)
    enwrap.case(
        "an envelope file of one line of 512 MiB",
        "verify",
        "--envelope",
        "line.envelope",
        "message",
        code=0,
        says="1 line",
    )
    path("line.envelope").unlink()

    wrapped = base64.b64encode(encrypted_data_key(48)).decode()
    with open(path("million.envelope"), "w") as file:
        for number in range(1_000_000):
            message_id = hashlib.sha256(str(number).encode()).hexdigest()
            file.write(
                f'{{"message_id":"{message_id}","encrypted_data_keys":["{wrapped}"],"created":"2026-01-01T00:00:00Z"}}\n'
            )
    envelope = ["--envelope", "million.envelope"]
    enwrap.case("an envelope file of a million records", "verify", *envelope, "message", code=0)
    enwrap.case(
        "a million records, and one more", "rewrap", "-k", "two", *envelope, "message", code=0
    )
    enwrap.case(
        "a million records, and one more by --add",
        "rewrap",
        "--add",
        "-k",
        "one",
        *envelope,
        "message",
        code=0,
    )
    path("million.envelope").unlink()
    message_id = json.loads(enwrap.must("inspect", "--json", "message"))["message_id"]
    line = f'{{"message_id":"{message_id}","encrypted_data_keys":["{wrapped}"],"created":"2026-01-01T00:00:00Z"}}\n'
    with open(path("same.envelope"), "w") as file:
        for _ in range(1000):
            file.write(line * 1000)
    enwrap.case(
        "a million records of one message",
        "verify",
        "--envelope",
        "same.envelope",
        "message",
        code=0,
    )
    path("same.envelope").unlink()


def nested_folders():
    depth = 10_000
    path("deep").mkdir()
    before = os.open(".", os.O_RDONLY)
    os.chdir(path("deep"))
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    pathlib.Path("plain").write_text("deep")
    os.fchdir(before)
    name = f"{depth} folders in each other"
    enwrap.case(f"{name}: encrypt", "encrypt", "-k", "one", "-r", "deep", code=0)
    enwrap.case(f"{name}: verify", "verify", "-r", "deep", code=0, says="1 verified")
    enwrap.case(f"{name}: decrypt", "decrypt", "-f", "-r", "deep", code=0, says="1 decrypted")
    enwrap.case(f"{name}: key usage", "key", "usage", "-r", "deep", code=0)
    shared = ["--envelope", "deep.envelope"]
    enwrap.case(f"{name}: rewrap", "rewrap", "-k", "three", *shared, "-r", "deep", code=0)
    # The path of the envelope file beside the message is longer than the system takes, and is not used.
    enwrap.case(f"{name}: reencrypt", "reencrypt", "-k", "one", "-r", "deep", code=0)
    for key, code in (("two", 0), ("one", 14)):
        enwrap.must("key", "delete", key)
        make_due()
        arguments = ["key", "purge", "--yes", "--check", "deep"]
        enwrap.case(f"{name}: purge --check of '{key}'", *arguments, code=code, says="1 message and")


def lists():
    # What would hold the list, or a name of it, does not fit.
    little = {"memory": 128 * MIB}
    line = "./" * 100 + "link\n"
    path("link").symlink_to("plain")
    with open(path("list"), "w") as file:
        for _ in range(1000):
            file.write(line * 1000)
    arguments = ["encrypt", "-j", "1", "-k", "one", "--files-from", "list"]
    enwrap.case("a list of a million names", *arguments, code=0, says="1000000 links", **little)
    with open(path("list"), "wb") as file:
        for _ in range(512):
            file.write(b"n" * MIB)
        file.write(b"\nplain\n")
    longer = "longer than a name can be"
    enwrap.case("a list with a name of 512 MiB", *arguments, code=12, says=longer, **little)
    path("list").write_bytes(b"\n" * (64 * MIB))
    enwrap.case("a list of 64 MiB of newlines", *arguments, code=0, says="names nothing", **little)
    path("list").write_bytes(random.Random(1).randbytes(4 * MIB))
    enwrap.case("a list of 4 MiB of random bytes", *arguments, code=12, says="read with -0", **little)
    arguments.append("-0")
    enwrap.case("a list of 4 MiB of random bytes, with -0", *arguments, code=12, says="cannot open", **little)
    with open(path("list"), "w") as file:
        for number in range(100_000):
            file.write(f"missing/{number}/{'n' * 200}\n")
    arguments.pop()
    enwrap.case("a list of 100,000 missing names", *arguments, code=12, says="cannot open", **little)
    path("list").unlink()


def empty_folders():
    depth, wide = 10_000, 20_000
    before = os.open(".", os.O_RDONLY)
    path("hollow").mkdir()
    for number in range(wide):
        path(f"hollow/{number}").mkdir()
    os.chdir(path("hollow"))
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    os.fchdir(before)
    name = f"{depth} folders in each other and {wide} beside each other, all empty"
    line = ["encrypt", "-k", "one", "-r", "hollow", "--output-dir", "hollow.out"]
    enwrap.case(name, *line, code=0, says="0 encrypted")
    found = sum(1 for _ in os.scandir(path("hollow.out/hollow")))
    enwrap.failures += found != wide + 1
    print(f"{'ok  ' if found == wide + 1 else 'FAIL'} {name}: {found} of them were made")


def make_due():
    """Moves the deletion dates into the past: they are a week ahead at least."""
    body = json.loads(path("keyring.json").read_bytes().split(b"\n", 1)[1])
    for key in body["keys"]:
        for version in key["versions"]:
            if version["deletion_date"]:
                version["deletion_date"] = version["created"]
    write_private("keyring.json", [keyring_file(json.dumps(body).encode() + b"\n")])


def long_names():
    name = "n" * 255
    path(name).write_bytes(b"text")
    enwrap.case("a name of 255 bytes, encrypted", "encrypt", name, code=1, says="-o")
    enwrap.case("a name of 255 bytes, encrypted with -o", "encrypt", name, "-o", "short", code=0)
    enwrap.case("a name of 255 bytes as output", "decrypt", "short", "-f", "-o", name, code=0)
    fits = "m" * 248
    path(fits).write_bytes(b"text")
    enwrap.case("a name that fits with its extension", "encrypt", fits, code=0)
    enwrap.case("a message with a name of 255 bytes", "decrypt", f"{fits}.enwrap", "-f", code=0)
    enwrap.case(
        "a message whose envelope file has no name",
        "rewrap",
        "-k",
        "two",
        f"{fits}.enwrap",
        code=1,
        says="--envelope",
    )
    enwrap.case(
        "the same, with a shared envelope file",
        "rewrap",
        "-k",
        "two",
        "--envelope",
        "shared.envelope",
        f"{fits}.enwrap",
        code=0,
    )
    enwrap.case("the same, made again", "reencrypt", "-k", "two", f"{fits}.enwrap", code=0)


path("plain").write_bytes(b"text")
enwrap.must("keygen", "three")
enwrap.must("encrypt", "-k", "one", "plain", "-o", "message")
message_headers()
contexts()
keyrings()
envelope_files()
long_names()
lists()
empty_folders()
nested_folders()
sys.exit(enwrap.failures > 0)
