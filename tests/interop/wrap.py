"""Encrypted data keys, as messages and blobs serialise them."""


def fields(edk):
    """The three sized fields of a serialised encrypted data key, and how long it is."""
    result, at = [], 0
    for _ in range(3):
        size = int.from_bytes(edk[at:at + 2], "big")
        result.append(edk[at + 2:at + 2 + size])
        at += 2 + size
    return result, at
