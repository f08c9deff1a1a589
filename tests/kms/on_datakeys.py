"""Data keys for other programs: the blobs are AWS KMS's own, in both directions."""

import base64
import json

import moods
from stand_in import client

CONTEXT = {"purpose": "test", "ünï": "ç"}
PAIRS = [part for name, value in CONTEXT.items() for part in ("-c", f"{name}={value}")]


def _made(place, *arguments):
    printed = place.enwrap("datakey", *arguments, shows_keys=True).stdout
    place.kms.secrets.clear()  # they were asked for
    told = json.loads(printed)
    blob = base64.b64decode(told["CiphertextBlob"])
    return told, blob, base64.b64decode(told.get("Plaintext", ""))


def _unwrapped(place, *arguments, code=0, **options):
    """Through enwrap."""
    ended = place.enwrap("datakey", "decrypt", *arguments, code=code, shows_keys=True, **options)
    place.kms.secrets.clear()
    if code:
        assert not ended.stdout, ended.stdout
        return None
    return base64.b64decode(json.loads(ended.stdout)["Plaintext"])


def _unwrapped_by_aws(place, blob, arn, context=None):
    kms = client(place.kms.endpoint, arn.split(":")[3])
    answer = kms.decrypt(KeyId=arn, CiphertextBlob=blob, EncryptionContext=CONTEXT if context is None else context)
    place.kms.secrets.clear()
    return answer["Plaintext"]


LENGTHS = {
    (): 32,
    ("--key-spec", "AES_128"): 16,
    ("--number-of-bytes", "1024"): 1024,
    ("--number-of-bytes", "1"): 1,
}


def one_is_made_in_aws_kms(place):
    place.imported(place.keys.two)
    for name, arn in ((place.keys.one, place.keys.one), ("kms", place.keys.two)):
        for more, length in LENGTHS.items():
            place.kms.forget()
            told, blob, plain = _made(place, "-k", name, *PAIRS, *more)
            assert place.kms.calls() == {"GenerateDataKey": 1}, place.kms.calls()
            assert told["KeyId"] == arn and len(plain) == length, told
            assert _unwrapped_by_aws(place, blob, arn) == plain
            assert _unwrapped(place, "-", *PAIRS, "--only-key", name, stdin=base64.b64encode(blob)) == plain


def one_is_made_without_being_seen(place):
    told, blob, plain = _made(place, "-k", place.keys.one, *PAIRS, "--without-plaintext")
    assert place.kms.calls() == {"GenerateDataKeyWithoutPlaintext": 1}, place.kms.calls()
    assert "Plaintext" not in told and not plain, told
    assert len(_unwrapped_by_aws(place, blob, place.keys.one)) == 32


def one_that_aws_made_is_opened(place):
    place.imported(place.keys.two, "two")
    place.imported(place.keys.one, "one")
    place.enwrap("keygen", "local")
    kms = client(place.kms.endpoint)
    made = kms.generate_data_key(KeyId=place.keys.one, KeySpec="AES_256", EncryptionContext=CONTEXT)
    place.write("blob", made["CiphertextBlob"])
    place.write("blob64", base64.b64encode(made["CiphertextBlob"]))
    for more in ([], ["--only-key", "one"], ["--only-key", place.keys.one], ["--aws-kms-discovery"]):
        for name in ("blob", "blob64"):
            assert _unwrapped(place, "--blob-file", name, *PAIRS, *more) == made["Plaintext"]
    _unwrapped(place, "--blob-file", "blob", code=4)
    _unwrapped(place, "--blob-file", "blob", *PAIRS, "-c", "more=1", code=4)
    _unwrapped(place, "--blob-file", "blob", *PAIRS, "--only-key", "local", code=3)
    place.kms.mood = moods.broken
    _unwrapped(place, "--blob-file", "blob", *PAIRS, code=13, says=place.keys.one)


def one_in_hex_has_its_blob_in_a_file(place):
    ended = place.enwrap("datakey", "-k", place.keys.one, "--format", "hex", "--blob-out", "blob", shows_keys=True)
    place.kms.secrets.clear()
    assert _unwrapped_by_aws(place, place.read("blob"), place.keys.one, {}).hex() == ended.stdout.decode().strip()
    place.kms.mood = moods.broken
    place.enwrap("datakey", "-k", place.keys.one, "--format", "hex", "--blob-out", "other", code=13)
    assert place.files() == ["blob"], place.files()


def one_moves_between_keys(place):
    """From local to AWS KMS, back, within AWS KMS, and to another region."""
    place.enwrap("keygen", "local")
    place.imported(place.keys.one, "one")
    place.imported(place.keys.two, "two")
    place.imported(place.keys.abroad, "abroad")
    _, blob, plain = _made(place, "-k", "local", *PAIRS)
    for source, target in (("local", "one"), ("one", "two"), ("two", "abroad"), ("abroad", "local"), ("local", "two")):
        place.kms.forget()
        change = ["--only-key", source, "-k", target, *PAIRS]
        told = json.loads(place.enwrap("datakey", "rewrap", "-", *change, stdin=base64.b64encode(blob)).stdout)
        assert "Plaintext" not in told, told
        blob = base64.b64decode(told["CiphertextBlob"])
        if (source, target) == ("one", "two"):
            # The data key does not leave AWS KMS.
            assert place.kms.calls() == {"ReEncrypt": 1}, place.kms.calls()
        assert _unwrapped(place, "-", *PAIRS, "--only-key", target, stdin=base64.b64encode(blob)) == plain, target


def one_gets_another_context(place):
    place.imported(place.keys.one, "one")
    _, blob, plain = _made(place, "-k", "one", "-c", "purpose=old")
    change = ["-c", "purpose=old", "--set-context", "purpose=new"]
    printed = place.enwrap("datakey", "rewrap", "-", *change, "-k", "one", stdin=base64.b64encode(blob)).stdout
    new = base64.b64decode(json.loads(printed)["CiphertextBlob"])
    assert _unwrapped_by_aws(place, new, place.keys.one, {"purpose": "new"}) == plain


def lies_about_it_are_told(place):
    place.imported(place.keys.one, "one")
    _, blob, _ = _made(place, "-k", "one")
    for lie in ({"KeyId": place.keys.two}, {"Plaintext": ""}, {"Plaintext": None}):
        place.kms.mood = moods.lying(**lie)
        _unwrapped(place, "-", "--only-key", "one", stdin=base64.b64encode(blob), code=13)
        place.enwrap("datakey", "-k", "one", code=13)
    place.imported(place.keys.two, "two")
    for lie in ({"KeyId": place.keys.one}, {"SourceKeyId": place.keys.two}, {"CiphertextBlob": ""}):
        place.kms.mood = moods.on("ReEncrypt", moods.lying(**lie))
        rewrap = ["datakey", "rewrap", "-", "--only-key", "one", "-k", "two"]
        place.enwrap(*rewrap, stdin=base64.b64encode(blob), code=13)
    place.kms.mood = moods.lying(CiphertextBlob="A" * 9336)
    place.enwrap("datakey", "-k", "one", code=13)
    place.enwrap("datakey", "-k", "one", "--without-plaintext", code=13)
