"""Exchanges messages under elliptic-curve and RSA keys, alone and mixed with AES keys, between enwrap and the official SDK.

    kinds.py ENWRAP WORK

Run by an interpreter that has the SDK; WORK is an empty folder. The keys are made by Python's `cryptography`, imported
into enwrap as PEM, and given to the SDK as the PEM that enwrap exports.
"""

import base64
import itertools
import json
import subprocess
import sys
from pathlib import Path

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_encryption_sdk.identifiers import AlgorithmSuite
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wrap import fields

ENWRAP, WORK = sys.argv[1], Path(sys.argv[2])
PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
PLAIN = bytes(range(256)) * 40
CURVES = {
    "p256": (ec.SECP256R1(), "ECC_NIST_P256"),
    "p384": (ec.SECP384R1(), "ECC_NIST_P384"),
    "p521": (ec.SECP521R1(), "ECC_NIST_P521"),
}
PADDINGS = {
    "pkcs1": "PKCS1",
    "oaep-sha1": "OAEP_SHA1_MGF1",
    "oaep-sha256": "OAEP_SHA256_MGF1",
    "oaep-sha384": "OAEP_SHA384_MGF1",
    "oaep-sha512": "OAEP_SHA512_MGF1",
}
# Stored pairs, and pairs that are bound and not stored.
CONTEXTS = [({}, {}), ({"purpose": "backup", "ünicode": "ß"}, {}), ({"stored": "1"}, {"bound": "2"})]
SUITES = ["0478", "0578"]


def enwrap(*args, code=0, **options):
    run = subprocess.run([ENWRAP, "-q", *args], capture_output=True, check=False, cwd=WORK, **options)
    assert run.returncode == code, f"{args}: {run.returncode} {run.stderr.decode()}"
    return run.stdout


def flags(option, pairs):
    return [part for key, value in pairs.items() for part in (option, f"{key}={value}")]


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class EcKey:
    """A key on a curve, which enwrap and the SDK have."""

    def __init__(self, curve):
        self.alias, (group, self.curve) = curve, CURVES[curve]
        enwrap("key", "import", curve, "--private-key-file", "-", input=pem(ec.generate_private_key(group)))

    def reader(self):
        private = enwrap("key", "export", self.alias, "--as", "pem")
        return self.keyring(models.RawEcdhStaticConfigurationsPublicKeyDiscovery(
            models.PublicKeyDiscoveryInput(recipient_static_private_key=private)
        ))

    def writer(self):
        public = serialization.load_pem_public_key(
            enwrap("key", "export", self.alias, "--public", "--as", "pem")
        ).public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return self.keyring(models.RawEcdhStaticConfigurationsEphemeralPrivateKeyToStaticPublicKey(
            models.EphemeralPrivateKeyToStaticPublicKeyInput(recipient_public_key=public)
        ))

    def keyring(self, scheme):
        return PROVIDERS.create_raw_ecdh_keyring(
            models.CreateRawEcdhKeyringInput(curve_spec=self.curve, key_agreement_scheme=scheme)
        )


class RsaKey:
    """An RSA key with a padding."""

    private = pem(rsa.generate_private_key(65_537, 2048))

    def __init__(self, padding):
        self.alias, self.padding = padding, PADDINGS[padding]
        names = ["--namespace", "their ns", "--name", padding, "--padding", padding]
        enwrap("key", "import", padding, "--private-key-file", "-", *names, input=self.private)

    def reader(self):
        return self.keyring(private_key=enwrap("key", "export", self.alias, "--as", "pem"))

    def writer(self):
        return self.keyring(public_key=enwrap("key", "export", self.alias, "--public", "--as", "pem"))

    def keyring(self, **half):
        return PROVIDERS.create_raw_rsa_keyring(models.CreateRawRsaKeyringInput(
            key_namespace="their ns", key_name=self.alias, padding_scheme=self.padding, **half
        ))


class AesKey:
    """An AES key that enwrap made."""

    alias = "aes"

    def __init__(self):
        enwrap("keygen", self.alias)

    def reader(self):
        key = json.loads(enwrap("key", "export", self.alias))
        return PROVIDERS.create_raw_aes_keyring(models.CreateRawAesKeyringInput(
            key_namespace=key["namespace"],
            key_name=key["name"],
            wrapping_key=bytes.fromhex(key["material"]),
            wrapping_alg=models.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        ))

    writer = reader


def multi(keyrings):
    first, *others = keyrings
    if not others:
        return first
    return PROVIDERS.create_multi_keyring(
        models.CreateMultiKeyringInput(generator=first, child_keyrings=others)
    )


def materials(keyring, bound):
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


class Exchange:
    """Messages in both directions."""

    client = aws_encryption_sdk.EncryptionSDKClient()
    passed = 0

    def ours(self, keys, suite, stored, bound):
        """enwrap writes for all keys; the SDK opens with each one of them."""
        chosen = [part for key in keys for part in ("-k", key.alias)]
        message = enwrap(
            "encrypt", *chosen, "--algorithm", suite, *flags("-c", stored), *flags("--bind", bound),
            input=PLAIN,
        )
        for key in keys:
            extra = {"encryption_context": bound} if bound else {}
            found, header = self.client.decrypt(
                source=message, **extra, **materials(key.reader(), bound)
            )
            context = dict(header.encryption_context)
            context.pop("aws-crypto-public-key", None)
            assert (found, context) == (PLAIN, stored), f"{key.alias}: other plaintext or context"
            self.passed += 1

    def theirs(self, keys, suite, stored, bound):
        """The SDK writes for all keys; enwrap opens with each one of them."""
        message, _ = self.client.encrypt(
            source=PLAIN,
            encryption_context=stored | bound,
            algorithm=AlgorithmSuite.get_by_id(int(suite, 16)),
            **materials(multi([key.writer() for key in keys]), bound),
        )
        expected = flags("-c", stored | bound)
        for key in keys:
            found = enwrap("decrypt", "--only-key", key.alias, *expected, input=message)
            assert found == PLAIN, f"{key.alias}: other plaintext"
            self.passed += 1
        if bound:
            enwrap("verify", *flags("-c", stored), "-", input=message, code=4)
            wrong = {name: "other" for name in bound}
            enwrap("verify", *flags("-c", stored | wrong), "-", input=message, code=6)


def unwrap(keyring, edk, context):
    provider_id, info, ciphertext = fields(edk)[0]
    blank = PROVIDERS.initialize_decryption_materials(models.InitializeDecryptionMaterialsInput(
        algorithm_suite_id=models.AlgorithmSuiteIdESDK(
            models.ESDKAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        ),
        encryption_context=context,
        required_encryption_context_keys=[],
    ))
    key = models.EncryptedDataKey(
        key_provider_id=provider_id.decode(), key_provider_info=info, ciphertext=ciphertext
    )
    output = keyring.on_decrypt(models.OnDecryptInput(materials=blank, encrypted_data_keys=[key]))
    return output.materials.plaintext_data_key


def records(aes, keys):
    """What rewrap adds for each kind is what the SDK unwraps to the data key of the message."""
    (WORK / "plain").write_bytes(PLAIN)
    for key in keys:
        message = f"{key.alias}.message"
        enwrap("encrypt", "-k", aes.alias, "-c", "purpose=test", "plain", "-o", message)
        enwrap("rewrap", "-k", key.alias, message)
        record = json.loads((WORK / f"{message}.envelope").read_text())
        (new,) = (base64.b64decode(edk) for edk in record["encrypted_data_keys"])
        header = (WORK / message).read_bytes()
        start = 37 + int.from_bytes(header[35:37], "big") + 2
        old = header[start:start + fields(header[start:])[1]]
        context = {"purpose": "test"}
        assert unwrap(key.reader(), new, context) == unwrap(aes.reader(), old, context), key.alias


def main():
    exchange = Exchange()
    aes = AesKey()
    curves, paddings = [EcKey(curve) for curve in CURVES], [RsaKey(padding) for padding in PADDINGS]
    for key, suite, (stored, bound) in itertools.product(curves + paddings, SUITES, CONTEXTS):
        exchange.ours([key], suite, stored, bound)
        exchange.theirs([key], suite, stored, bound)
    for keys in itertools.permutations([aes, curves[1], paddings[2]]):
        for stored, bound in CONTEXTS:
            exchange.ours(keys, "0478", stored, bound)
            exchange.theirs(keys, "0478", stored, bound)
    exchange.ours([aes, *curves, *paddings], "0578", *CONTEXTS[1])
    exchange.theirs([aes, *curves, *paddings], "0578", *CONTEXTS[1])
    records(aes, curves + paddings)
    print(f"interop: {exchange.passed} messages under keys of other kinds opened by the other side")


main()
