"""The official AWS Encryption SDK for Python, with one raw AES wrapping key: a peer for enwrap.

    sdk.py encrypt|decrypt KEY.json [KEY=VALUE ...] < INPUT > OUTPUT

KEY.json has the members namespace, name and material (hex), as `enwrap key export` writes them.
Messages are written as suite 0x0478 in frames of 65,536 bytes, and read under the SDK's strictest
commitment policy.
"""

import json
import sys

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput
from aws_encryption_sdk.identifiers import AlgorithmSuite, CommitmentPolicy

ALGORITHMS = {
    16: AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
    24: AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
    32: AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
}


def main():
    verb, key_file, *pairs = sys.argv[1:]
    with open(key_file, encoding="utf-8") as file:
        key = json.load(file)
    material = bytes.fromhex(key["material"])
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = providers.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace=key["namespace"],
            key_name=key["name"],
            wrapping_key=material,
            wrapping_alg=ALGORITHMS[len(material)],
        )
    )
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    context = dict(pair.split("=", 1) for pair in pairs)
    data = sys.stdin.buffer.read()
    if verb == "encrypt":
        result, _ = client.encrypt(
            source=data,
            keyring=keyring,
            encryption_context=context,
            algorithm=AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            frame_length=65536,
        )
    else:
        result, header = client.decrypt(source=data, keyring=keyring)
        if header.encryption_context != context:
            sys.exit(f"the SDK found the context {header.encryption_context}, not {context}")
    sys.stdout.buffer.write(result)


main()
