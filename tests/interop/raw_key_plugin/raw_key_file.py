"""A master key provider for the key in the file that RAW_KEY_FILE names, as `enwrap key export` wrote it."""

import json
import os

from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

with open(os.environ["RAW_KEY_FILE"], encoding="utf-8") as file:
    KEY = json.load(file)


class RawKeyFile(RawMasterKeyProvider):
    provider_id = KEY["namespace"]

    def _get_raw_key(self, key_id):
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=bytes.fromhex(KEY["material"]),
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


def build(key_ids=(), **config):
    """What the AWS Encryption CLI calls with the key names of its command line."""
    provider = RawKeyFile(**config)
    for key_id in key_ids:
        provider.add_master_key(key_id)
    return provider
