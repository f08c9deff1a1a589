"""The official AWS Encryption SDK for Python with raw AES wrapping keys: a peer for enwrap.

    sdk.py < JOBS

Each line of JOBS is a JSON object:

    mode      "encrypt" or "decrypt"
    source, target   files
    keys      [{"namespace": .., "name": .., "material": hex}, ..]; the first one generates
    api       "keyring" (the Material Providers Library) or "provider" (the older master key providers)
    context   {..}: what encrypt stores, and decrypt must find
    required  {..}: pairs that are authenticated and not stored ("keyring" only)
    suite     hex id, for encrypt
    frame     frame length, for encrypt

A job that fails is told on stderr, and the exit code is then 1.
"""

import json
import sys

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
)
from aws_encryption_sdk.identifiers import (
    AlgorithmSuite,
    CommitmentPolicy,
    EncryptionKeyType,
    WrappingAlgorithm,
)
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
KEYRING_ALGORITHMS = {
    16: AesWrappingAlg.ALG_AES128_GCM_IV12_TAG16,
    24: AesWrappingAlg.ALG_AES192_GCM_IV12_TAG16,
    32: AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
}
PROVIDER_ALGORITHMS = {
    16: WrappingAlgorithm.AES_128_GCM_IV12_TAG16_NO_PADDING,
    24: WrappingAlgorithm.AES_192_GCM_IV12_TAG16_NO_PADDING,
    32: WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
}


def keyring(key):
    material = bytes.fromhex(key["material"])
    return PROVIDERS.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace=key["namespace"],
            key_name=key["name"],
            wrapping_key=material,
            wrapping_alg=KEYRING_ALGORITHMS[len(material)],
        )
    )


def master_key_provider(key):
    material = bytes.fromhex(key["material"])

    class Provider(RawMasterKeyProvider):
        provider_id = key["namespace"]

        def _get_raw_key(self, key_id):
            return WrappingKey(
                wrapping_algorithm=PROVIDER_ALGORITHMS[len(material)],
                wrapping_key=material,
                wrapping_key_type=EncryptionKeyType.SYMMETRIC,
            )

    provider = Provider()
    provider.add_master_key(key["name"].encode())
    return provider


def materials(job):
    """The keyword arguments that give the client its keys."""
    if job["api"] == "provider":
        first, *others = [master_key_provider(key) for key in job["keys"]]
        for other in others:
            first.add_master_key_provider(other)
        return {"key_provider": first}
    first, *others = [keyring(key) for key in job["keys"]]
    if others:
        first = PROVIDERS.create_multi_keyring(
            CreateMultiKeyringInput(generator=first, child_keyrings=others)
        )
    if not job.get("required"):
        return {"keyring": first}
    manager = PROVIDERS.create_default_cryptographic_materials_manager(
        CreateDefaultCryptographicMaterialsManagerInput(keyring=first)
    )
    return {
        "materials_manager": PROVIDERS.create_required_encryption_context_cmm(
            CreateRequiredEncryptionContextCMMInput(
                underlying_cmm=manager, required_encryption_context_keys=list(job["required"])
            )
        )
    }


def run(job):
    required = job.get("required", {})
    with open(job["source"], "rb") as file:
        source = file.read()
    if job["mode"] == "encrypt":
        suite = AlgorithmSuite.get_by_id(int(job["suite"], 16))
        policy = (
            CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
            if suite.is_committing()
            else CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
        )
        result, _ = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy).encrypt(
            source=source,
            encryption_context=job["context"] | required,
            algorithm=suite,
            frame_length=job["frame"],
            **materials(job),
        )
    else:
        client = aws_encryption_sdk.EncryptionSDKClient(
            commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
        )
        extra = {"encryption_context": required} if required else {}
        result, header = client.decrypt(source=source, **extra, **materials(job))
        found = dict(header.encryption_context)
        found.pop("aws-crypto-public-key", None)
        if found != job["context"]:
            raise ValueError(f"the context is {found}, not {job['context']}")
    with open(job["target"], "wb") as file:
        file.write(result)


def main():
    failed = 0
    for line in sys.stdin:
        job = json.loads(line)
        try:
            run(job)
        except Exception as error:  # whatever it is, the other jobs go on
            failed += 1
            print(f"SDK, {job['mode']} {job['source']}: {error!r}", file=sys.stderr)
    sys.exit(bool(failed))


main()
