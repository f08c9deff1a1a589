"""What AWS KMS refuses: each with its exit code, and words that say what to do."""

import moods

UNSIGNED = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"))


def _new_fails(place, key, code, says, **options):
    """Encrypting under the key fails, and leaves nothing."""
    place.write("new.plain", b"some text")
    before = place.files()
    ended = place.enwrap("encrypt", "-k", key, "new.plain", "-o", "new", code=code, says=says, **options)
    assert place.files() == before, place.files()
    return ended


def _both_fail(place, mood, code, says, **options):
    """Encrypting and decrypting fail alike."""
    message = place.message(place.keys.one)
    place.kms.mood = mood
    _new_fails(place, place.keys.one, code, says, **options)
    return place.opens(message, "--only-key", place.keys.one, code=code, says=says, **options)


def a_disabled_key(place):
    arn = place.moto.key()
    message = place.message(arn)
    place.moto.switch(arn, "disable_key")
    place.opens(message, "--only-key", arn, code=7, says=[arn, "disabled"])
    _new_fails(place, arn, 7, [arn, "disabled"])
    place.moto.switch(arn, "enable_key")
    place.opens(message, "--only-key", arn)


def a_key_pending_deletion(place):
    arn = place.moto.key()
    message = place.message(arn)
    place.moto.switch(arn, "schedule_key_deletion")
    place.opens(message, "--only-key", arn, code=7, says=[arn, "deletion"])
    _new_fails(place, arn, 7, [arn, "deletion"])


def a_key_in_another_state(place):
    mood = moods.refusing("KMSInvalidStateException", f"{place.keys.one} is pending import.")
    _both_fail(place, mood, 13, place.keys.one)


def an_unknown_key(place):
    unknown = place.keys.one.rpartition("/")[0] + "/00000000-0000-4000-8000-000000000000"
    _new_fails(place, unknown, 3, unknown)
    _new_fails(place, "aws-kms:alias/nothing", 3, "alias/nothing")
    message = place.message(place.keys.one)
    place.kms.mood = moods.refusing("NotFoundException", f"Key '{place.keys.one}' does not exist")
    place.opens(message, "--only-key", place.keys.one, code=3, says=place.keys.one)


def another_region(place):
    """Where there is no such key; and none, where the key is named without one."""
    _new_fails(place, place.keys.one.replace("us-east-1", "us-west-2"), 3, "us-west-2")
    ended = _new_fails(place, "aws-kms:alias/one", 13, "region", env={"AWS_REGION": None})
    assert "AWS_REGION" in ended.said, ended.said


def a_wrong_context(place):
    place.write("plain", b"some text")
    place.enwrap("encrypt", "-k", place.keys.one, "-c", "stored=1", "--bind", "bound=2", "plain", "-o", "message")
    only = ["--only-key", place.keys.one]
    place.opens("message", *only, "-c", "bound=2")
    place.opens("message", *only, code=4)
    place.opens("message", *only, "-c", "bound=3", code=6)
    place.kms.forget()
    place.opens("message", *only, "-c", "stored=2", code=6)
    assert place.kms.calls() == {}, "a context that the header contradicts needs no call"


def a_damaged_blob(place):
    message = place.message(place.keys.one)
    whole = bytearray(place.read(message))
    # Behind the ARN and the length of the blob.
    whole[whole.index(place.keys.one.encode()) + len(place.keys.one) + 2 + 50] ^= 1
    place.write("damaged", bytes(whole))
    place.opens("damaged", "--only-key", place.keys.one, code=4)


def a_blob_of_another_key(place):
    message = place.message(place.keys.one)
    place.kms.mood = moods.refusing("IncorrectKeyException", "The key ID in the request does not identify a CMK")
    place.opens(message, "--only-key", place.keys.one, code=4)
    place.kms.mood = moods.refusing("InvalidCiphertextException")
    place.opens(message, "--only-key", place.keys.one, code=4)


def no_access(place):
    message = place.message(place.keys.one)
    place.kms.mood = moods.denying
    place.opens(message, "--only-key", place.keys.one, code=13, says=["kms:Decrypt", place.keys.one])
    _new_fails(place, place.keys.one, 13, ["kms:GenerateDataKey", place.keys.one])
    # A policy may ask for a context: what the message has of it is said, and not its values.
    place.write("plain", b"some text")
    place.kms.mood = moods.well
    place.enwrap("encrypt", "-k", place.keys.one, "-c", "purpose=confidential", "plain", "-o", "in-context")
    place.kms.mood = moods.denying
    ended = place.opens("in-context", "--only-key", place.keys.one, code=13, says="purpose")
    assert "confidential" not in ended.said, ended.said
    place.kms.mood = moods.on("Encrypt", moods.denying)
    both = ["-k", place.keys.one, "-k", place.keys.two]
    place.enwrap("encrypt", *both, "plain", "-o", "new", code=13, says=["kms:Encrypt", place.keys.two])
    assert "new" not in place.files(), place.files()


def no_credentials(place):
    message = place.message(place.keys.one)
    place.opens(message, "--only-key", place.keys.one, code=13, says="credentials", env=UNSIGNED)
    assert place.kms.calls() == {}, "nothing is sent that is not signed"


def expired_credentials(place):
    mood = moods.refusing("ExpiredTokenException", "The security token included in the request is expired")
    _both_fail(place, mood, 13, "expired")


def credentials_that_aws_does_not_know(place):
    mood = moods.refusing("UnrecognizedClientException", "The security token included in the request is invalid.")
    _both_fail(place, mood, 13, "credentials")


def a_wrong_signature(place):
    mood = moods.refusing("InvalidSignatureException", "Signature expired: 20200101T000000Z is now earlier than")
    _both_fail(place, mood, 13, "credentials")


def a_key_store_that_is_not_connected(place):
    _both_fail(place, moods.refusing("KeyUnavailableException", "", 500), 13, place.keys.one)


def a_key_of_another_kind(place):
    _both_fail(place, moods.refusing("InvalidKeyUsageException", "its usage is SIGN_VERIFY"), 13, place.keys.one)


def a_request_that_is_malformed(place):
    _both_fail(place, moods.refusing("ValidationException", "1 validation error detected"), 13, place.keys.one)


def an_error_that_nobody_knows(place):
    _both_fail(place, moods.refusing("SomethingNewException", "words \x1b[31m of the service"), 13, place.keys.one)


def words_of_the_service_are_escaped(place):
    message = place.message(place.keys.one)
    place.kms.mood = moods.refusing("SomethingNewException", "red \x1b[31m and \x07")
    ended = place.opens(message, "--only-key", place.keys.one, code=13)
    assert "\x1b" not in ended.said and "\x07" not in ended.said, repr(ended.said)
