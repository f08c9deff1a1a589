"""Keyrings of the official AWS Encryption SDK for Python, which opens what enwrap writes, and the reverse."""

import json

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_encryption_sdk.identifiers import AlgorithmSuite

from stand_in import ACCOUNT, client

PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
SDK = aws_encryption_sdk.EncryptionSDKClient()


def region_of(arn):
    return arn.split(":")[3]


def kms_keyring(endpoint, arn):
    return PROVIDERS.create_aws_kms_keyring(
        models.CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=client(endpoint, region_of(arn)))
    )


def mrk_keyring(endpoint, arn):
    return PROVIDERS.create_aws_kms_mrk_keyring(
        models.CreateAwsKmsMrkKeyringInput(kms_key_id=arn, kms_client=client(endpoint, region_of(arn)))
    )


def discovery_keyring(endpoint, region):
    accounts = models.DiscoveryFilter(account_ids=[ACCOUNT], partition="aws")
    return PROVIDERS.create_aws_kms_discovery_keyring(models.CreateAwsKmsDiscoveryKeyringInput(
        kms_client=client(endpoint, region), discovery_filter=accounts
    ))


def ecdh_writer(endpoint, sender, recipient):
    """Its sender is a key of AWS KMS too: the SDK makes no fresh one for this keyring."""
    scheme = models.KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
        models.KmsPrivateKeyToStaticPublicKeyInput(
            sender_kms_identifier=sender.arn, recipient_public_key=recipient.der()
        )
    )
    return _ecdh(endpoint, sender, scheme)


def ecdh_reader(endpoint, key):
    scheme = models.KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
        models.KmsPublicKeyDiscoveryInput(recipient_kms_identifier=key.arn)
    )
    return _ecdh(endpoint, key, scheme)


def _ecdh(endpoint, key, scheme):
    return PROVIDERS.create_aws_kms_ecdh_keyring(models.CreateAwsKmsEcdhKeyringInput(
        key_agreement_scheme=scheme, curve_spec=key.spec, kms_client=client(endpoint, region_of(key.arn))
    ))


def aes_keyring(exported):
    """Of a local key, as `key export` writes it."""
    key = json.loads(exported)
    return PROVIDERS.create_raw_aes_keyring(models.CreateRawAesKeyringInput(
        key_namespace=key["namespace"],
        key_name=key["name"],
        wrapping_key=bytes.fromhex(key["material"]),
        wrapping_alg=models.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    ))


def multi_keyring(generator, *others):
    return PROVIDERS.create_multi_keyring(
        models.CreateMultiKeyringInput(generator=generator, child_keyrings=list(others))
    )


def _materials(keyring, bound):
    if not bound:
        return {"keyring": keyring}
    manager = PROVIDERS.create_default_cryptographic_materials_manager(
        models.CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
    )
    return {"materials_manager": PROVIDERS.create_required_encryption_context_cmm(
        models.CreateRequiredEncryptionContextCMMInput(
            underlying_cmm=manager, required_encryption_context_keys=list(bound)
        )
    )}


def encrypt(plaintext, keyring, suite="0478", stored=None, bound=None):
    message, _ = SDK.encrypt(
        source=plaintext,
        encryption_context=(stored or {}) | (bound or {}),
        algorithm=AlgorithmSuite.get_by_id(int(suite, 16)),
        **_materials(keyring, bound),
    )
    return message


def decrypt(message, keyring, bound=None):
    """The plaintext, and the pairs that are stored."""
    extra = {"encryption_context": bound} if bound else {}
    plaintext, header = SDK.decrypt(source=message, **extra, **_materials(keyring, bound))
    stored = dict(header.encryption_context)
    stored.pop("aws-crypto-public-key", None)
    return plaintext, stored
