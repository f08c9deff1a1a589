"""What rewrap adds is what the official SDK would have made; and what it must not make is refused by both.

    rewrapped.py ENWRAP WORK

Run by an interpreter that has the SDK; WORK is an empty folder.
"""

import base64
import json
import logging
import subprocess
import sys
from pathlib import Path

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    AlgorithmSuiteIdESDK,
    CreateRawAesKeyringInput,
    EncryptedDataKey,
    ESDKAlgorithmSuiteId,
    InitializeDecryptionMaterialsInput,
    OnDecryptInput,
)

from wrap import fields

ENWRAP, WORK = sys.argv[1], Path(sys.argv[2])
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
CONTEXT = {"purpose": "test"}
# The SDK logs the refusal that is wanted here.
logging.disable(logging.CRITICAL)


def enwrap(*args, code=0):
    run = subprocess.run([ENWRAP, *args], capture_output=True, check=False, cwd=WORK)
    assert run.returncode == code, f"{args}: {run.returncode} {run.stderr.decode()}"
    return run.stdout


def keyring(alias):
    key = json.loads(enwrap("key", "export", alias))
    return PROVIDERS.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace=key["namespace"],
            key_name=key["name"],
            wrapping_key=bytes.fromhex(key["material"]),
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


def unwrap(alias, edk):
    provider_id, info, ciphertext = fields(edk)[0]
    materials = PROVIDERS.initialize_decryption_materials(
        InitializeDecryptionMaterialsInput(
            algorithm_suite_id=AlgorithmSuiteIdESDK(
                ESDKAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
            ),
            encryption_context=CONTEXT,
            required_encryption_context_keys=[],
        )
    )
    key = EncryptedDataKey(
        key_provider_id=provider_id.decode(), key_provider_info=info, ciphertext=ciphertext
    )
    output = keyring(alias).on_decrypt(OnDecryptInput(materials=materials, encrypted_data_keys=[key]))
    return output.materials.plaintext_data_key


def decrypt(message, alias):
    client = aws_encryption_sdk.EncryptionSDKClient()
    return client.decrypt(source=message, keyring=keyring(alias), encryption_context=CONTEXT)[0]


def main():
    for alias in ("first", "second"):
        enwrap("-q", "keygen", alias)
    (WORK / "plain").write_bytes(b"text")
    enwrap("encrypt", "-k", "first", "-c", "purpose=test", "plain", "-o", "message")
    message = (WORK / "message").read_bytes()
    enwrap("rewrap", "-k", "second", "message")
    assert (WORK / "message").read_bytes() == message, "rewrap touched the message"
    assert decrypt(message, "first") == b"text", "the SDK does not open a rewrapped message"

    record = json.loads((WORK / "message.envelope").read_text())
    (new,) = (base64.b64decode(key) for key in record["encrypted_data_keys"])
    context_end = 37 + int.from_bytes(message[35:37], "big")
    start = context_end + 2
    old = message[start:start + fields(message[start:])[1]]
    assert unwrap("second", new) == unwrap("first", old), "the SDK unwraps another data key"

    # In the header, the new key is as good, and the header is another one: its tag must not hold.
    spliced = message[:start] + new + message[start + len(old):]
    try:
        decrypt(spliced, "second")
    except Exception as error:  # pylint: disable=broad-except
        print(f"interop: a spliced header is refused by the SDK: {type(error).__name__}")
    else:
        raise AssertionError("the SDK opened a message with a spliced header")
    (WORK / "spliced").write_bytes(spliced)
    enwrap("verify", "spliced", code=4)
    print("interop: a rewrapped data key unwraps in the AWS Encryption SDK for Python")


main()
