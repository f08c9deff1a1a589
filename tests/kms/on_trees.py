"""Many files: one call for each, some at once, and an outage in the middle."""

import json
import sys
from pathlib import Path

import moods

sys.path.append(str(Path(__file__).parents[1] / "soak"))
from age import make_due

MANY = 40
LIMIT = ("--kms-timeout", "5")


def _tree(place, count=MANY):
    for number in range(count):
        place.write(f"tree/{number % 4}/{number:02}", b"text %d" % number)


def _encrypted(place, *keys, count=MANY):
    _tree(place, count)
    chosen = [part for key in keys for part in ("-k", key)]
    place.enwrap("encrypt", "-r", "tree", "--output-dir", "out", *chosen)
    place.kms.forget()


def _messages(place):
    return [name for name in place.files("out") if name.endswith(".enwrap")]


def _told(ended, kind):
    lines = map(json.loads, ended.stdout.decode().splitlines())
    return [line for line in lines if line["type"] == kind]


def each_file_is_one_call_and_some_are_in_flight(place):
    _tree(place)
    place.kms.mood = moods.gathering(4)
    place.enwrap("encrypt", "-r", "tree", "--output-dir", "out", "-k", place.keys.one, "--kms-concurrency", "4")
    assert place.kms.calls() == {"GenerateDataKey": MANY}, place.kms.calls()
    assert place.kms.most_in_flight == 4, place.kms.most_in_flight
    assert len(_messages(place)) == MANY, _messages(place)
    place.kms.forget()
    place.kms.mood = moods.gathering(3)
    place.enwrap("verify", "-r", "out", "--only-key", place.keys.one, "--kms-concurrency", "3")
    assert place.kms.calls() == {"Decrypt": MANY} and place.kms.most_in_flight == 3, place.kms.most_in_flight


def eight_are_in_flight_by_default_and_one_if_so_asked(place):
    _encrypted(place, place.keys.one)
    place.kms.mood = moods.gathering(8)
    place.enwrap("decrypt", "-r", "out/tree", "--output-dir", "back", "--only-key", place.keys.one)
    assert place.kms.most_in_flight == 8, place.kms.most_in_flight
    for number in range(MANY):
        assert place.read(f"back/tree/{number % 4}/{number:02}") == b"text %d" % number
    place.kms.forget()
    place.enwrap("verify", "-r", "out", "--only-key", place.keys.one, "--kms-concurrency", "1")
    assert place.kms.most_in_flight == 1, place.kms.most_in_flight


def an_outage_in_the_middle(place):
    _tree(place)
    place.kms.mood = moods.at_first(15, moods.well, then=moods.broken)
    arguments = ["encrypt", "-r", "tree", "--output-dir", "out", "-k", place.keys.one, *LIMIT]
    ended = place.enwrap(*arguments, "--json", code=12)
    place.kms.mood = moods.well
    done = [Path(line["output"]) for line in _told(ended, "result")]
    failed = {line["path"]: line["exit_code"] for line in _told(ended, "error") if line["path"]}
    assert len(done) == 15 and len(failed) == MANY - 15, (len(done), len(failed))
    assert set(failed.values()) == {13}, failed
    # What is there is whole, and there is nothing else.
    assert sorted(map(str, done)) == place.files("out"), place.files("out")
    place.enwrap("verify", "-r", "out", "--only-key", place.keys.one)
    # The next run goes on where it ended.
    place.kms.forget()
    place.enwrap(*arguments, "--skip-existing")
    assert place.kms.calls() == {"GenerateDataKey": MANY - 15}, place.kms.calls()
    assert len(_messages(place)) == MANY, _messages(place)


def throttling_in_the_middle_is_waited_out(place):
    _tree(place)
    place.kms.mood = moods.at_first(10, moods.well, then=moods.at_first(6, moods.throttling))
    place.enwrap("encrypt", "-r", "tree", "--output-dir", "out", "-k", place.keys.one, "--kms-timeout", "60")
    assert len(_messages(place)) == MANY, _messages(place)


def ctrl_c_in_the_middle(place):
    _tree(place)
    place.kms.mood = moods.at_first(10, moods.well, then=moods.silent)
    command = ["encrypt", "-r", "tree", "--output-dir", "out", "-k", place.keys.one, "--kms-timeout", "3000"]
    when = lambda child: place.kms.waits_for_a_request(child, beyond=10)
    place.terminal.interrupt(*command, when=when, code=130)
    place.kms.mood = moods.well
    assert place.files("out") == _messages(place) and len(_messages(place)) <= 10, place.files("out")
    if _messages(place):
        place.enwrap("verify", "-r", "out", "--only-key", place.keys.one)


def a_large_run_is_estimated(place):
    place.enwrap("keygen", "local")
    _tree(place)
    both = ["-k", place.keys.one, "-k", place.keys.two, "-k", "local"]
    ended = place.enwrap("encrypt", "-r", "tree", "--output-dir", "dry", "--dry-run", *both)
    assert f"up to {2 * MANY} calls" in ended.said, ended.said
    assert place.kms.calls() == {} and not place.files("dry"), place.kms.calls()
    _encrypted(place, "local")
    ended = place.enwrap("rewrap", "--add", "-r", "out", "-k", place.keys.one, "--dry-run")
    assert f"{MANY} calls" in ended.said, ended.said
    ended = place.enwrap("reencrypt", "-r", "out", "-k", place.keys.one, "--dry-run")
    assert f"{MANY} calls" in ended.said, ended.said
    assert place.kms.calls() == {}, place.kms.calls()


def a_run_over_messages_of_the_service_is_estimated(place):
    """Only the service knows which of its keys open a message; how often it would be asked is known all the same."""
    place.imported(place.keys.one)
    _encrypted(place, "kms")
    before = place.files("out")
    ended = place.enwrap("reencrypt", "-r", "out", "--dry-run", "--json")
    (summary,) = _told(ended, "summary")
    assert summary["kms_calls_expected"] == 2 * MANY, summary
    assert summary["skipped"]["not_asked"] == MANY and summary["reencrypted"] == 0, summary
    assert place.kms.calls() == {} and place.files("out") == before, place.kms.calls()
    place.enwrap("reencrypt", "-r", "out")
    assert sum(place.kms.calls().values()) == 2 * MANY, place.kms.calls()


def the_summary_counts_the_calls(place):
    _tree(place)
    ended = place.enwrap("encrypt", "-r", "tree", "--output-dir", "out", "-k", place.keys.one)
    assert f"{MANY} calls" in ended.said, ended.said


def rewrap_names_what_it_could_not_prove(place):
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    _encrypted(place, "kms", count=6)
    place.kms.mood = moods.for_blobs(2, moods.well)
    ended = place.enwrap("rewrap", "-r", "--add", "-k", "local", "out", *LIMIT, code=12)
    place.kms.mood = moods.well
    whole = ended.said + ended.stdout.decode()
    rewrapped = [name.removesuffix(".envelope") for name in place.files("out") if name.endswith(".envelope")]
    assert len(rewrapped) == 2, place.files("out")
    for name in set(_messages(place)) - set(rewrapped):
        assert name in whole, f"{name} is not named in {whole}"
    for name in rewrapped:
        place.enwrap("verify", "--only-key", "local", name)


def usage_names_what_it_could_not_prove(place):
    place.imported(place.keys.one)
    _encrypted(place, "kms", count=6)
    place.enwrap("key", "usage", "-r", "--fail-if-stale", "out")
    place.kms.mood = moods.broken
    ended = place.enwrap("key", "usage", "-r", "--fail-if-stale", "out", *LIMIT, code=14)
    whole = ended.said + ended.stdout.decode()
    for name in _messages(place):
        assert name in whole, f"{name} is not named in {whole}"


def purge_destroys_nothing_that_only_the_service_could_prove(place):
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    _encrypted(place, "local", "kms", count=6)
    place.enwrap("key", "delete", "local", "--pending-days", "7")
    make_due(place.terminal.path("keys/keyring.json"))
    before = place.read("keys/keyring.json")
    for mood in (moods.broken, moods.denying, moods.lying(KeyId=place.keys.two), moods.lying(Plaintext="A" * 43 + "=")):
        place.kms.mood = mood
        ended = place.enwrap("key", "purge", "--yes", "--check", "out", *LIMIT, code=14)
        whole = ended.said + ended.stdout.decode()
        assert place.read("keys/keyring.json") == before, "it was destroyed"
        for name in _messages(place):
            assert name in whole, f"{name} is not named in {whole}"
    place.kms.mood = moods.well
    place.enwrap("key", "purge", "--yes", "--check", "out")
    place.enwrap("verify", "-r", "out")
    left = place.enwrap("key", "list", "--json").stdout.splitlines()
    assert [json.loads(key)["kind"] for key in left] == ["aws-kms"], left
