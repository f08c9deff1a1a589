"""What must hold after a command, whatever happened to it."""

import re

from place import TEMPORARY, snapshot

# docs/scripting.md.
DOCUMENTED = range(17)
# Codes that blame the files, the keys or the caller. Here all of them are good, so none is to be blamed for a
# fault of the system.
BLAME = {2, 3, 4, 5, 6, 7, 8, 9, 11, 14, 16}


def judge(place, scenario, ended, baseline, *, killed=False, may_abort=False):
    """A list of (kind, detail) of what is wrong."""
    if ended.hangs:
        return [("hang", "")]
    wrong = []
    if not killed:
        wrong += _ending(scenario, ended, may_abort)
        wrong += _secrets(place, ended)
    files = snapshot(place.folder)
    is_done = not killed and ended.code == 0
    wrong += _files(place, scenario, files, is_done, killed, ended.stderr)
    if is_done:
        if not scenario.says(ended.stdout, baseline.stdout):
            wrong.append(("wrong success", f"standard output is {ended.stdout[:80]!r}"))
        complaint = scenario.done(place, files)
        if complaint:
            wrong.append(("wrong success", complaint))
    elif not scenario.may_say(ended.stdout):
        wrong.append(("wrong output", "standard output is no part of the plaintext"))
    return wrong


def _ending(scenario, ended, may_abort):
    said = ended.stderr.decode(errors="replace")
    if "panicked" in said or ended.code == 101:
        return [("panic", _first_line(said, "panicked"))]
    if ended.code == -6 and may_abort:
        return []
    if ended.code not in DOCUMENTED and ended.code not in scenario.failures:
        return [(f"ended with {ended.code}", said.strip()[:200])]
    # A passphrase that cannot be read is none: docs/scripting.md.
    if ended.code == 9 and "cannot read a passphrase" in said:
        return []
    if ended.code in BLAME:
        return [(f"wrong cause: {ended.code}", _first_line(said, "error"))]
    return []


def _first_line(text, word):
    lines = text.splitlines()
    found = [line + " " + "".join(lines[at + 1 : at + 2]) for at, line in enumerate(lines) if word in line]
    return (found or [text])[0].strip()[:240]


def _secrets(place, ended):
    return [("secret", secret[:8].decode("latin-1")) for secret in place.secrets if secret in ended.stderr]


def _files(place, scenario, files, is_done, killed, stderr):
    before, wrong = place.before, []

    def is_complete(path):
        try:
            return path in files and scenario.outputs[path](place, files, path)
        except (ValueError, KeyError):
            return False

    for path in scenario.outputs:
        is_old = files.get(path) == before.get(path)
        if is_done and not is_complete(path):
            wrong.append(("wrong success", f"{path} is {'as before' if is_old else 'wrong'}"))
        elif not is_done and not is_old and not is_complete(path):
            kind = "lost" if path in before else "half file" if files[path] else "empty file"
            # What is appended to is made empty first; a kill can come between, and an empty file is as good as none.
            if not (killed and kind == "empty file"):
                wrong.append((kind, path))
    for path in before.keys() - files.keys() - scenario.outputs.keys():
        if path in scenario.removed and is_complete(scenario.removed[path]):
            continue
        if not (scenario.erases and _is_generation(path)):
            wrong.append(("lost", path))
    for path in files.keys() - scenario.outputs.keys():
        if path in before:
            if files[path] != before[path] and not path.endswith(".lock"):
                wrong.append(("changed", path))
            if is_done and path in scenario.removed:
                wrong.append(("wrong success", f"{path} is still there"))
        elif TEMPORARY.search(path):
            # What could not be removed is told by its name.
            if not killed and path.rsplit("/", 1)[-1].encode() not in stderr:
                wrong.append(("leftover", path))
        elif not path.endswith(".lock") and not _is_old_keyring(path, files, before):
            wrong.append(("leftover", path))
    return wrong


def _is_generation(path):
    return re.search(r"keyring\.json\.\d+$", path)


def _is_old_keyring(path, files, before):
    return _is_generation(path) and files[path] == before.get(path.rsplit(".", 1)[0])


def leftovers(place):
    """Temporary names in the working folder."""
    return {name for name in snapshot(place.folder) if TEMPORARY.search(name)}
