"""Keys for key agreement as AWS KMS has them, which moto has not: GetPublicKey and DeriveSharedSecret."""

import base64
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stand_in import ACCOUNT, REGION

CURVES = {
    "p256": (ec.SECP256R1(), "ECC_NIST_P256"),
    "p384": (ec.SECP384R1(), "ECC_NIST_P384"),
    "p521": (ec.SECP521R1(), "ECC_NIST_P521"),
}


class Refused(Exception):
    """What AWS KMS does not do with such a key: its kind of error, and its words."""


class AgreementKey:
    """A key whose private half stays here."""

    def __init__(self, curve, region=REGION):
        group, self.spec = CURVES[curve]
        self.curve, self.private = curve, ec.generate_private_key(group)
        self.arn = f"arn:aws:kms:{region}:{ACCOUNT}:key/{uuid.uuid4()}"

    def public(self, encoding):
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(encoding, form)

    def pem(self):
        return self.public(serialization.Encoding.PEM)

    def der(self):
        return self.public(serialization.Encoding.DER)

    def answer(self, operation, body):
        if operation == "GetPublicKey":
            return {
                "KeyId": self.arn,
                "PublicKey": base64.b64encode(self.der()).decode(),
                "KeySpec": self.spec,
                "CustomerMasterKeySpec": self.spec,
                "KeyUsage": "KEY_AGREEMENT",
                "KeyAgreementAlgorithms": ["ECDH"],
            }
        if operation == "DeriveSharedSecret":
            return {
                "KeyId": self.arn,
                "SharedSecret": base64.b64encode(self.shared_secret(body)).decode(),
                "KeyAgreementAlgorithm": "ECDH",
                "KeyOrigin": "AWS_KMS",
            }
        raise Refused("InvalidKeyUsageException", f"{self.arn} key usage is KEY_AGREEMENT")

    def shared_secret(self, body):
        """The x coordinate of the shared point, as long as the field."""
        if body.get("KeyAgreementAlgorithm") != "ECDH":
            raise Refused("ValidationException", "KeyAgreementAlgorithm must be ECDH")
        try:
            sender = serialization.load_der_public_key(base64.b64decode(body["PublicKey"], validate=True))
            return self.private.exchange(ec.ECDH(), sender)
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("ValidationException", f"PublicKey: {error}") from error
