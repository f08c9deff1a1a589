"""A network and a service that fail: enwrap ends, in time, and with the cause."""

import moods
from on_refusals import UNSIGNED
from proxy import nobody
from stand_in import OTHER_REGION, REGION

# Waiting is what is tested, so the limit is short.
SHORT = ("--kms-timeout", "3")


def _only(place):
    return "--only-key", place.keys.one


def _fails(place, message, mood, says=(), more=()):
    """Opening and encrypting fail as AWS KMS does not do what it should."""
    place.kms.mood = mood
    says = [place.keys.one, *says]
    place.opens(message, *_only(place), *more, code=13, says=says)
    before = place.files()
    place.enwrap("encrypt", *more, "-k", place.keys.one, "message.plain", "-o", "new", code=13, says=says)
    assert place.files() == before, place.files()


def nobody_listens(place):
    message = place.message(place.keys.one)
    with nobody() as endpoint:
        nowhere = {"AWS_ENDPOINT_URL_KMS": endpoint}
        place.opens(message, *_only(place), code=13, says=place.keys.one, env=nowhere)
        place.enwrap("encrypt", "-k", place.keys.one, "message.plain", "-o", "new", code=13, env=nowhere)


def an_endpoint_that_is_none(place):
    message = place.message(place.keys.one)
    for endpoint in ("no url", "ftp://127.0.0.1", place.kms.endpoint.replace("http:", "https:")):
        wrong = {"AWS_ENDPOINT_URL_KMS": endpoint}
        ended = place.opens(message, *_only(place), *SHORT, code=13, says="AWS_ENDPOINT_URL_KMS", env=wrong)
        assert "credentials" not in ended.said, ended.said


def credentials_that_never_come(place):
    """The service of an instance, or of a container, that gives them."""
    message = place.message(place.keys.one)
    for is_listening in (False, True):
        with nobody(is_listening) as endpoint:
            instance = {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint}
            container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoint}/credentials"}
            for whose in (instance, container):
                place.opens(message, *_only(place), *SHORT, code=13, env=UNSIGNED | whose)
    assert place.kms.calls() == {}, place.kms.calls()


def no_answer_in_time(place):
    message = place.message(place.keys.one)
    _fails(place, message, moods.silent, ["3 seconds", "--kms-timeout"], SHORT)


def a_slow_answer_in_time(place):
    message = place.message(place.keys.one)
    place.kms.mood = moods.slow(1.5)
    place.opens(message, *_only(place), "--kms-timeout", "30")


def errors_that_pass(place):
    message = place.message(place.keys.one)
    passing = {
        "500": moods.failing, "429": moods.too_many_requests, "throttled": moods.throttling,
        "hung up": moods.broken, "half an answer": moods.half,
    }
    for name, mood in passing.items():
        place.kms.forget()
        place.kms.mood = moods.at_first(1, mood)
        place.opens(message, *_only(place), "--kms-timeout", "30")
        assert place.kms.calls() == {"Decrypt": 2}, f"{name}: {place.kms.calls()}"


def errors_that_pass_the_second_time(place):
    message = place.message(place.keys.one)
    for mood in (moods.failing, moods.throttling):
        place.kms.mood = moods.at_first(2, mood)
        place.opens(message, *_only(place), "--kms-timeout", "30")


def throttled_for_good(place):
    message = place.message(place.keys.one)
    _fails(place, message, moods.throttling, ["too many requests"], ("--kms-timeout", "20"))
    _fails(place, message, moods.too_many_requests, more=SHORT)


def internal_errors_for_good(place):
    _fails(place, place.message(place.keys.one), moods.failing)


def connections_that_are_closed(place):
    message = place.message(place.keys.one)
    _fails(place, message, moods.broken)
    _fails(place, message, moods.half)


def answers_that_are_none(place):
    message = place.message(place.keys.one)
    small = [b"", b"{", b"[]", b"null", b"<html></html>", b'{"KeyId": 7}', b"\xff\xfe"]
    for body in (*small, b"[" * 100_000, b"x" * 20_000_000):
        _fails(place, message, moods.saying(body))
    _fails(place, message, moods.saying(b'{"Keys": [], "Truncated": false}'))
    _fails(place, message, moods.saying(b"", 500))
    _fails(place, message, moods.saying(b"<html>a proxy</html>", 403))
    _fails(place, message, moods.saying(b"<html>a proxy</html>", 302))


def answers_about_another_key(place):
    message = place.message(place.keys.one)
    in_another_region = place.keys.one.replace(REGION, OTHER_REGION)
    for key_id in (place.keys.two, place.keys.multi, in_another_region, "alias/one", "", None):
        _fails(place, message, moods.lying(KeyId=key_id))


def a_plaintext_of_another_length(place):
    message = place.message(place.keys.one)
    for plaintext in ("", None, "!" * 44):
        _fails(place, message, moods.lying(Plaintext=plaintext))
    # Whoever may encrypt under the key can have wrapped that, so it says as much about the message as about the service.
    for plaintext in ("AAAA", "A" * 64):
        place.kms.mood = moods.lying(Plaintext=plaintext)
        place.opens(message, *_only(place), code=4)


def another_data_key(place):
    """A lie that only the message can tell."""
    message = place.message(place.keys.one)
    place.kms.mood = moods.lying(Plaintext="A" * 43 + "=")
    place.opens(message, *_only(place), code=4)


def a_blob_of_another_length(place):
    place.write("plain", b"some text")
    for blob in ("", None, "A" * 9336, "!"):
        place.kms.mood = moods.lying(CiphertextBlob=blob)
        place.enwrap("encrypt", "-k", place.keys.one, "plain", "-o", "new", code=13, says=place.keys.one)
        place.kms.mood = moods.on("Encrypt", moods.lying(CiphertextBlob=blob))
        both = ["-k", place.keys.two, "-k", place.keys.one]
        place.enwrap("encrypt", *both, "plain", "-o", "new", code=13, says=place.keys.one)
    assert place.files() == ["plain"], place.files()


def one_of_two_regions_is_down(place):
    """Either one opens it, whichever comes first in the message."""
    for number, keys in enumerate([(place.keys.one, place.keys.abroad), (place.keys.abroad, place.keys.one)]):
        message = place.message(*keys, name=f"both-{number}")
        for region, mood in ((REGION, moods.broken), (OTHER_REGION, moods.failing), (REGION, moods.denying)):
            place.kms.mood = moods.in_region(region, mood)
            place.opens(message, "--aws-kms-discovery", *SHORT)
            place.opens(message, "--only-key", keys[0], "--only-key", keys[1], *SHORT)
        place.kms.mood = moods.in_region(REGION, moods.silent)
        place.opens(message, "--aws-kms-discovery", *SHORT)
        place.kms.mood = moods.broken
        place.opens(message, "--aws-kms-discovery", *SHORT, code=13, says="key/")
        place.kms.mood = moods.well


def a_local_key_opens_without_a_call(place):
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    for number, keys in enumerate([("local", "kms"), ("kms", "local")]):
        message = place.message(*keys, name=f"both-{number}")
        place.kms.mood = moods.silent
        place.opens(message)
        assert place.kms.calls() == {}, place.kms.calls()
        place.kms.mood = moods.well
        place.opens(message, "--only-key", "kms")


def a_service_that_is_down_says_nothing_about_damage(place):
    """A local key that refuses, and a service that cannot be asked: what is not known decides."""
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    place.write("plain", b"some text")
    place.enwrap("encrypt", "-k", "local", "-k", "kms", "--bind", "tenant=1", "plain", "-o", "message")
    place.kms.mood = moods.broken
    ended = place.opens("message", "-c", "tenant=2", code=13)
    assert place.keys.one in ended.said, ended.said


def ctrl_c_ends_it_at_once(place):
    message = place.message(place.keys.one)
    place.kms.mood = moods.silent
    before = place.files()
    commands = [
        ("decrypt", *_only(place), message, "-o", "new"),
        ("encrypt", "-k", place.keys.one, "message.plain", "-o", "new"),
        ("reencrypt", *_only(place), "-k", place.keys.one, message),
        ("datakey", "-k", place.keys.one),
    ]
    for command in commands:
        place.kms.forget()
        # The limit of the call is far away: only the signal can end it.
        limit = ["--kms-timeout", "3000"]
        place.terminal.interrupt(*command, *limit, when=place.kms.waits_for_a_request, code=130)
        assert place.files() == before, f"{command}: {place.files()}"
        assert place.kms.calls(), command


def nothing_is_asked_before_a_key_is_needed(place):
    with nobody() as endpoint:
        nowhere = {"AWS_ENDPOINT_URL_KMS": endpoint}
        place.imported(place.keys.one)
        for command in (["key", "list"], ["keyring", "check"], ["key", "show", "kms"], ["--version"]):
            place.enwrap(*command, env=nowhere)
    assert place.kms.calls() == {}, place.kms.calls()
