"""Commands that change which keys open a message, or what is in it."""

import base64
import json

import moods
from stand_in import OTHER_REGION


def _local_message(place, *more):
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    return place.message("local", *more)


def rewrap_gives_a_key_of_aws_kms(place):
    message = _local_message(place)
    before = place.read(message)
    place.enwrap("rewrap", "--add", "-k", "kms", message)
    assert place.kms.calls() == {"Encrypt": 1} and place.read(message) == before, place.kms.calls()
    for key in ("local", "kms", place.keys.one):
        place.opens(message, "--only-key", key)
    # It is so already.
    place.kms.forget()
    place.enwrap("rewrap", "--add", "-k", "kms", message)
    assert "Encrypt" not in place.kms.calls(), place.kms.calls()


def rewrap_takes_a_message_back_from_aws_kms(place):
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    message = place.message("kms")
    place.enwrap("rewrap", "--add", "-k", "local", message)
    assert place.kms.calls() == {"Decrypt": 1}, place.kms.calls()
    place.kms.mood = moods.broken
    place.opens(message)
    place.opens(message, "--only-key", "local")


def each_wrap_is_asked_for_once(place):
    """Each call costs money and time: what was answered once in a run is not asked for again."""
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    once, again = {"Decrypt": 1}, {"Decrypt": 1, "GenerateDataKey": 1}
    expected = [
        (["verify"], once),
        (["key", "usage", "--fail-if-stale"], once),
        (["rewrap", "--add", "-k", "local"], once),
        # Its record has the wrap of the header too.
        (["key", "usage", "--fail-if-stale"], once),
        (["rewrap", "--only-key", "kms"], once),
        (["reencrypt"], again),
        # What cannot be wrapped is told before somebody types.
        (["edit", "--stdin"], {"Decrypt": 1, "GenerateDataKey": 2}),
    ]
    message, wrong = place.message("kms"), []
    for command, calls in expected:
        place.kms.forget()
        place.enwrap(*command, message, stdin=b"new text")
        if place.kms.calls() != calls:
            wrong.append(f"{command}: {place.kms.calls()}, not {calls}")
    place.kms.forget()
    place.enwrap("encrypt", "--if-changed", "-k", "kms", "message.plain", "-o", "same")
    place.enwrap("encrypt", "--if-changed", "-k", "kms", "message.plain", "-o", "same")
    if place.kms.calls() != again:
        wrong.append(f"encrypt --if-changed: {place.kms.calls()}, not {again}")
    assert not wrong, "\n".join(wrong)


def rewrap_by_arn_only(place):
    message = place.message(place.keys.one)
    place.enwrap("rewrap", "--add", "-k", place.keys.two, "--only-key", place.keys.one, message)
    place.opens(message, "--only-key", place.keys.two)


def rewrap_that_fails_writes_nothing(place):
    message = _local_message(place)
    for mood in (moods.broken, moods.denying, moods.lying(KeyId=place.keys.two), moods.lying(CiphertextBlob="")):
        place.kms.mood = mood
        place.enwrap("rewrap", "--add", "-k", "kms", message, code=13, says=place.keys.one)
        assert f"{message}.envelope" not in place.files(), place.files()


def rewrap_says_what_it_would_do(place):
    message = _local_message(place)
    ended = place.enwrap("rewrap", "--add", "-k", "kms", "--dry-run", message)
    assert "1 call to AWS KMS" in ended.said, ended.said
    assert place.kms.calls() == {} and f"{message}.envelope" not in place.files(), place.kms.calls()


def no_reader_is_lost_while_the_service_is_down(place):
    """A rotated key is wrapped for anew, and the wrap that could not be proved stays."""
    message = _local_message(place, "kms")
    place.enwrap("key", "rotate", "local")
    place.kms.mood = moods.broken
    place.enwrap("rewrap", message)
    (record,) = map(json.loads, place.read(f"{message}.envelope").splitlines())
    assert len(record["encrypted_data_keys"]) == 2, record
    place.kms.mood = moods.well
    place.opens(message, "--only-key", "kms")
    place.opens(message, "--only-key", "local")


def rewrap_names_a_key_that_it_could_not_ask(place):
    """Also where there is nothing to do: the key is meant, since without -k all that open it are."""
    message = _local_message(place, "kms")
    place.kms.mood = moods.broken
    ended = place.enwrap("rewrap", message)
    assert place.keys.one in ended.said, ended.said


def reencrypt_to_and_from_aws_kms(place):
    message = _local_message(place)
    place.enwrap("reencrypt", "-k", "kms", message)
    place.opens(message, "--only-key", "kms")
    place.opens(message, "--only-key", "local", code=3)
    place.enwrap("reencrypt", message)
    place.opens(message, "--only-key", "kms")
    place.enwrap("reencrypt", "-k", "local", message)
    place.kms.mood = moods.broken
    place.opens(message)


def reencrypt_drops_no_reader_that_it_could_not_ask(place):
    message = _local_message(place, "kms")
    before = place.read(message)
    place.kms.mood = moods.broken
    ended = place.enwrap("reencrypt", message, code=13)
    assert place.keys.one in ended.said or "kms" in ended.said, ended.said
    assert place.read(message) == before, "it was replaced"
    place.enwrap("reencrypt", "-k", "kms", message, code=13)
    assert place.read(message) == before, "it was replaced"


def reencrypt_drops_no_replica_that_it_could_not_ask(place):
    """The other replica opens the message, and is not the reader that was chosen."""
    place.imported(place.keys.multi, "here")
    place.imported(place.keys.replica, "there")
    message = place.message("here", "there")
    before = place.read(message)
    for mood in (moods.denying, moods.broken):
        place.kms.mood = moods.in_region(OTHER_REGION, mood)
        place.opens(message)
        place.enwrap("reencrypt", "--kms-timeout", "2", message, code=13)
        place.enwrap("reencrypt", "--kms-timeout", "2", "--drop-unknown-keys", message, code=13)
        assert place.read(message) == before, "it was replaced"
    place.kms.mood = moods.well
    place.enwrap("reencrypt", message)
    for key in (place.keys.multi, place.keys.replica):
        assert key.encode() in place.read(message), f"{key} is gone"


def records_that_anybody_may_add_cost_a_few_calls(place):
    """Forged ones use up what is asked for records, and nothing of what is asked for the header."""
    place.imported(place.keys.one)
    message = place.message("kms")
    place.enwrap("rewrap", "--add", "-k", place.keys.two, message)
    record = json.loads(place.read(f"{message}.envelope").splitlines()[-1])
    wrapped = bytearray(base64.b64decode(record["encrypted_data_keys"][0]))
    lines = []
    for number in range(40):
        wrapped[-1], wrapped[-2] = number, number ^ 0x5A
        lines.append({**record, "encrypted_data_keys": [base64.b64encode(wrapped).decode()]})
    place.write(f"{message}.envelope", "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    place.kms.forget()
    place.opens(message)
    assert sum(place.kms.calls().values()) <= 33, place.kms.calls()
    place.enwrap("reencrypt", message)
    place.opens(message)


def edit_keeps_its_keys(place):
    message = _local_message(place, "kms")
    place.enwrap("edit", "--stdin", message, stdin=b"new text")
    for key in ("local", "kms"):
        place.opens(message, "--only-key", key, plaintext=b"new text")
    before = place.read(message)
    place.kms.mood = moods.broken
    place.enwrap("edit", "--stdin", message, stdin=b"newer text", code=13)
    assert place.read(message) == before, "it was replaced"


def edit_of_a_message_under_aws_kms_only(place):
    message = place.message(place.keys.one)
    place.enwrap("edit", "--stdin", "--aws-kms-discovery", message, stdin=b"new text")
    place.opens(message, "--only-key", place.keys.one, plaintext=b"new text")


def usage_goes_by_names_and_by_proof(place):
    message = _local_message(place, "kms")
    shown = place.enwrap("key", "usage", message)
    assert place.kms.calls() == {}, "names need no call"
    assert "kms" in shown.stdout.decode(), shown.stdout
    place.enwrap("key", "usage", "--fail-if-stale", message)
    only_there = place.message("kms", name="only-there")
    place.enwrap("key", "usage", "--fail-if-stale", only_there)
    assert place.kms.calls() == {"Decrypt": 1}, place.kms.calls()
    place.kms.mood = moods.broken
    place.enwrap("key", "usage", "--fail-if-stale", only_there, code=14, says=only_there)


def exec_and_if_changed(place):
    place.imported(place.keys.one)
    place.write("secrets.env", b"TOKEN=abc\n")
    place.enwrap("encrypt", "-k", "kms", "secrets.env", "-o", "secrets.enwrap")
    shown = place.enwrap("exec", "-e", "secrets.enwrap", "--", "printenv", "TOKEN")
    assert shown.stdout == b"abc\n", shown.stdout
    before = place.read("secrets.enwrap")
    place.enwrap("encrypt", "--if-changed", "-k", "kms", "secrets.env", "-o", "secrets.enwrap")
    assert place.read("secrets.enwrap") == before, "it was written again"
    place.kms.mood = moods.broken
    place.enwrap("exec", "-e", "secrets.enwrap", "--", "printenv", "TOKEN", code=125, says=place.keys.one)


def nothing_secret_is_said(place):
    """`run` looks for each data key that the service saw, in every run; here with all that can be said."""
    place.imported(place.keys.one)
    message = place.message("kms")
    for options in (["--verbose"], ["--json"], ["-v", "--json"]):
        place.enwrap("verify", *options, message)
        place.enwrap("inspect", *options, message)
        logging = {"RUST_LOG": "trace", "AWS_LOG": "trace"}
        place.enwrap("rewrap", *options, "--add", "-k", place.keys.two, message, env=logging)
        place.kms.mood = moods.lying(KeyId=place.keys.two)
        place.enwrap("verify", *options, "--only-key", "kms", message, code=13)
        place.kms.mood = moods.well
    assert place.kms.secrets, "the service saw no data key"
