"""Kills commands, at each call of the system and at random moments, and judges what they leave.

    kills.py PROGRAM [--full] [--seed N] [--shard I/N] [--scenario NAME] [--call NAME] [--when N]

After a kill each file is the old one or the complete new one. Then the same command runs again, undisturbed: it
succeeds, or says that the work was done, and removes or names what the killed one left.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import tracer
from judge import judge, leftovers
from place import Place, snapshot
from scenarios import ALL

# Whether a temporary file that the next run neither removes nor names is a bad outcome. It is only counted until
# the commands clean the folders in which they write.
LEFTOVERS_ARE_BAD = True

# In a short run.
AT_CALLS, AT_RANDOM = 240, 120
# In a full run all calls, and so many random moments.
MANY_AT_RANDOM = 600


def moments(place, options):
    """The kills: (scenario, call, count), or (scenario, None, share of the command's time)."""
    chance = random.Random(options.seed)
    writers = [it for it in ALL if it.outputs and options.scenario in (None, it.name)]
    at_calls = []
    for scenario in writers:
        place.reset()
        for call, first, last in tracer.calls(place, scenario):
            if options.call in (None, call):
                at_calls += [(scenario, call, it) for it in range(first, last + 1) if options.when in (None, it)]
    if options.call:
        return at_calls
    if not options.full:
        # What derives the key of a seal takes as long as a hundred others.
        at_calls = [it for it in at_calls if not it[0].is_slow or chance.random() < 0.1]
        at_calls = chance.sample(at_calls, min(AT_CALLS, len(at_calls)))
    at_random = MANY_AT_RANDOM if options.full else AT_RANDOM
    return at_calls + [(chance.choice(writers), None, chance.random()) for _ in range(at_random)]


def kill(place, scenario, call, when, duration):
    """Runs the command and kills it."""
    if call:
        return tracer.run(place, scenario, ["-e", f"inject={call}:signal=KILL:when={when}"], call)

    def during(child):
        # The moment is what is varied; nothing is expected to have happened by then.
        time.sleep(when * duration)
        child.kill()

    return tracer.start(place, scenario, during=during)


def run_again(place, scenario):
    """The same command, undisturbed: (what is wrong, what it leaves)."""
    old = leftovers(place)
    ended = place.enwrap(*scenario.arguments, more=scenario.environment, stdin=scenario.stdin(place))
    if ended.returncode and scenario.again:
        # The killed run had changed the passphrase, so this one needs the new one.
        ended = place.enwrap(*scenario.arguments, more=scenario.again, stdin=scenario.stdin(place))
    wrong = []
    if ended.returncode not in (0, *scenario.done_before):
        said = ended.stderr.decode(errors="replace").strip()[:200]
        wrong.append((f"the next run ends with {ended.returncode}", said))
    # A second change on top of the first one has another result, which `outputs` does not describe.
    complaint = scenario.done(place, snapshot(place.folder))
    if complaint:
        wrong.append(("after the next run", complaint))
    named = {name for name in old if Path(name).name.encode() in ended.stderr}
    return wrong, (leftovers(place) & old) - named


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 16))
    parser.add_argument("--shard", default="1/1", help="this part of so many, for several machines")
    parser.add_argument("--scenario", choices=[scenario.name for scenario in ALL])
    parser.add_argument("--call")
    parser.add_argument("--when", type=int)
    options = parser.parse_args()
    part, parts = map(int, options.shard.split("/"))
    print(f"kills: --seed {options.seed}", flush=True)

    began, count, left, kinds, durations = time.monotonic(), 0, Counter(), Counter(), {}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(options.program.resolve(), Path(folder))
        for number, (scenario, call, when) in enumerate(moments(place, options)):
            if number % parts != part - 1:
                continue
            if scenario.name not in durations:
                place.reset()
                start = time.monotonic()
                baseline = tracer.start(place, scenario)
                durations[scenario.name] = time.monotonic() - start, baseline
            duration, baseline = durations[scenario.name]
            place.reset()
            ended = kill(place, scenario, call, when, duration)
            if ended.code != -9:
                continue
            count += 1
            wrong = judge(place, scenario, ended, baseline, killed=True)
            was_left = bool(leftovers(place))
            complaints, stays = run_again(place, scenario)
            wrong += complaints
            left["after the kill"] += was_left
            left["after the next run"] += bool(stays)
            if stays and LEFTOVERS_ARE_BAD:
                wrong.append(("leftover", ", ".join(sorted(stays))))
            where = f"--call {call} --when {when}" if call else f"(after {when:.3f} of its time)"
            if stays and not LEFTOVERS_ARE_BAD:
                print(f"left: --scenario {scenario.name} {where}: {', '.join(sorted(stays))}", flush=True)
            for kind, detail in wrong:
                kinds[kind] += 1
                print(f"{kind}: --scenario {scenario.name} {where}: {detail}", flush=True)
    print(f"{count} kills in {time.monotonic() - began:.0f} s, {kinds.total()} bad outcomes")
    print("runs that left temporary files:", ", ".join(f"{it} {left[it]}" for it in sorted(left)))
    for kind, number in kinds.most_common():
        print(f"  {number:6} {kind}")
    sys.exit(bool(kinds))


main()
