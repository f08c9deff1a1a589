"""Which keys of AWS KMS a command takes, and which it asks."""

import json

import moods
from on_refusals import UNSIGNED
from stand_in import ACCOUNT, OTHER_REGION, REGION, client

OTHER_ACCOUNT = "999999999999"


def an_arn_needs_no_keyring(place):
    message = place.message(place.keys.one)
    place.opens(message, "--only-key", place.keys.one)
    assert place.kms.calls() == {"Decrypt": 1}, place.kms.calls()
    assert not place.terminal.path("keys/keyring.json").exists(), "a keyring was made"


def every_name_of_a_key_is_taken(place):
    key_id = place.keys.one.rpartition("/")[2]
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/one"
    names = [place.keys.one, alias_arn, f"aws-kms:{key_id}", "aws-kms:alias/one", f"aws-kms:{place.keys.one}"]
    for number, name in enumerate(names):
        message = place.message(name, name=str(number))
        # The message has the key's own ARN, whatever it was called.
        shown = place.enwrap("inspect", "--json", message).stdout.decode()
        assert place.keys.one in shown and "alias/" not in shown, shown
        place.opens(message, "--only-key", place.keys.one)


def what_names_no_key_is_refused_at_once(place):
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/one"
    place.write("plain", b"text")
    for name in ("arn:aws:s3:::bucket", "arn:", "aws-kms:", "aws-kms:alias/", f"{place.keys.one} "):
        place.enwrap("encrypt", "-k", name, "plain", code=2)
    for name in (alias_arn, "arn:aws:kms", "aws-kms:alias/one", "one", ""):
        place.enwrap("key", "import", "--aws-kms", name, "kms", code=2)
    place.enwrap("encrypt", "--kms-timeout", "0", "-k", place.keys.one, "plain", code=2)
    place.enwrap("encrypt", "--kms-concurrency", "0", "-k", place.keys.one, "plain", code=2)
    assert place.kms.calls() == {} and place.files() == ["plain"], place.files()


def an_entry_of_the_keyring_is_a_key_as_others(place):
    place.imported(place.keys.one, "kms")
    (shown,) = [json.loads(line) for line in place.enwrap("key", "list", "--json").stdout.splitlines()]
    assert shown["kind"] == "aws-kms" and place.keys.one in json.dumps(shown), shown
    message = place.message("kms")
    place.opens(message)
    place.opens(message, "--only-key", "kms")
    assert place.kms.calls() == {"Decrypt": 2}, place.kms.calls()
    place.enwrap("key", "import", "--aws-kms", place.keys.one, "again", code=8, says=place.keys.one)
    place.enwrap("verify", message)
    place.enwrap("key", "disable", "kms")
    place.opens(message, code=7)
    place.enwrap("encrypt", "-k", "kms", "message.plain", "-o", "new", code=7)
    place.enwrap("key", "enable", "kms")
    place.opens(message)


def a_reader_asks_for_the_keys_of_its_keyring_only(place):
    message = place.message(place.keys.two)
    place.opens(message, code=3)
    place.imported(place.keys.one)
    place.opens(message, code=3, says=place.keys.two)
    place.opens(message, "--only-key", place.keys.one, code=3)
    assert place.kms.calls() == {}, place.kms.calls()


def discovery_asks_for_the_key_that_the_message_names(place):
    message = place.message(place.keys.abroad)
    place.opens(message, "--aws-kms-discovery")
    place.opens(message, f"--aws-kms-discovery={OTHER_ACCOUNT},{ACCOUNT}")
    asked = [(request.region, request.body["KeyId"]) for request in place.kms.requests]
    assert asked == [(OTHER_REGION, place.keys.abroad)] * 2, asked
    place.kms.forget()
    place.opens(message, f"--aws-kms-discovery={OTHER_ACCOUNT}", code=3)
    place.opens(message, "--aws-kms-discovery=12", code=2)
    assert place.kms.calls() == {}, place.kms.calls()


def a_multi_region_key_opens_in_another_region(place):
    message = place.message(place.keys.multi)
    place.opens(message, "--only-key", place.keys.replica)
    place.imported(place.keys.replica)
    place.opens(message)
    assert {request.region for request in place.kms.requests} == {OTHER_REGION}, place.kms.requests


def each_further_key_is_one_call(place):
    place.write("plain", b"some text")
    chosen = ["-k", place.keys.one, "-k", place.keys.two, "-k", place.keys.abroad]
    place.enwrap("encrypt", *chosen, "plain", "-o", "message")
    assert place.kms.calls() == {"GenerateDataKey": 1, "Encrypt": 2}, place.kms.calls()
    for arn in (place.keys.one, place.keys.two, place.keys.abroad):
        place.opens("message", "--only-key", arn)


def the_whole_context_is_bound(place):
    place.write("plain", b"some text")
    place.enwrap("encrypt", "-k", place.keys.one, "-c", "stored=1", "--bind", "bound=2", "plain", "-o", "message")
    place.opens("message", "--only-key", place.keys.one, "-c", "bound=2", "-c", "stored")
    contexts = [request.body["EncryptionContext"] for request in place.kms.requests]
    assert contexts == [{"stored": "1", "bound": "2"}] * 2, contexts


def the_public_half_of_a_key_in_kms_needs_no_network_to_encrypt(place):
    for curve, key in place.keys.agreement.items():
        place.write(f"{curve}.pem", key.pem())
        place.enwrap("key", "import", "--public-key-file", f"{curve}.pem", "--aws-kms", key.arn, curve)
        place.write("plain", b"some text")
        message = f"{curve}.message"
        place.enwrap("encrypt", "-k", curve, "plain", "-o", message)
        assert place.kms.calls() == {}, place.kms.calls()
        place.opens(message)
        assert place.kms.calls() == {"DeriveSharedSecret": 1}, place.kms.calls()
        for lie in ({"KeyId": place.keys.one}, {"SharedSecret": "AAAA"}, {"SharedSecret": ""}, {"SharedSecret": None}):
            place.kms.mood = moods.lying(**lie)
            place.opens(message, code=13, says=key.arn)
        place.kms.mood = moods.denying
        place.opens(message, code=13, says=["kms:DeriveSharedSecret", key.arn])
        place.kms.mood = moods.well
        place.kms.forget()


def a_key_of_the_service_can_be_the_default(place):
    place.write("plain", b"some text")
    place.enwrap("encrypt", "plain", "-o", "message", env={"ENWRAP_KEY": place.keys.one})
    place.opens("message", "--only-key", place.keys.one)


def a_profile_gives_region_and_credentials(place):
    place.write("home/config", b"[profile work]\nregion = eu-central-1\n")
    place.write("home/credentials", b"[work]\naws_access_key_id = A\naws_secret_access_key = B\n")
    alone = client(place.moto.endpoint, OTHER_REGION)
    alone.create_alias(AliasName="alias/profiles", TargetKeyId=place.keys.abroad.rpartition("/")[2])
    place.write("plain", b"some text")
    profile = {**UNSIGNED, "AWS_REGION": None, "AWS_PROFILE": "work"}
    place.enwrap("encrypt", "-k", "aws-kms:alias/profiles", "plain", "-o", "message", env=profile)
    assert {request.region for request in place.kms.requests} == {OTHER_REGION}, place.kms.requests
    assert {request.access_key for request in place.kms.requests} == {"A"}, place.kms.requests


def a_container_gives_credentials(place):
    container = {**UNSIGNED, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{place.kms.endpoint}/credentials"}
    place.write("plain", b"some text")
    place.enwrap("encrypt", "-k", place.keys.one, "plain", "-o", "message", env=container)
    assert {request.access_key for request in place.kms.requests} == {"AKIDCONTAINER"}, place.kms.requests


def a_token_of_a_ci_service_gives_credentials(place):
    """Web identity: the token is exchanged for credentials of a role."""
    place.write("home/token", b"a token")
    role = {
        **UNSIGNED,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(place.terminal.path("home/token")),
        "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/ci",
        "AWS_ENDPOINT_URL_STS": place.moto.endpoint,
    }
    place.write("plain", b"some text")
    place.enwrap("encrypt", "-k", place.keys.one, "plain", "-o", "message", env=role)
    (access_key,) = {request.access_key for request in place.kms.requests}
    assert access_key.startswith("ASIA"), access_key
