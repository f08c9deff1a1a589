"""What is left of data keys in the memory of enwrap when it ends, also in what the AWS SDK has freed."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

from terminal import in_clear

# In a process of its own: what follows a fork beside the threads of the stand-in could wait for a lock for ever.
TRACE = """
import pickle, sys
sys.path.append(sys.argv[1])
import process
ended = process.run_to_its_end(sys.argv[2:])
pickle.dump(ended, sys.stderr.buffer)
"""


def no_data_key_remains(place):
    if os.geteuid() != 0:
        return  # Only root reads the memory of a process that forbids it, as enwrap does.
    place.enwrap("keygen", "local")
    place.imported(place.keys.one)
    place.write("plain", b"text")
    commands = (
        ["encrypt", "-k", "kms", "plain", "-o", "message"],
        ["decrypt", "message", "-o", "opened"],
        ["rewrap", "--add", "-k", "local", "message"],
        ["reencrypt", "message"],
        ["datakey", "-k", "kms"],
    )
    for command in commands:
        place.kms.forget()
        memory = _traced(place, *command)
        assert place.kms.secrets, f"{command}: nothing was asked"
        _search(command, memory, place.kms.secrets)
    answer = json.loads(place.enwrap("datakey", "-k", "kms", shows_keys=True).stdout)
    place.write("blob", answer["CiphertextBlob"].encode())
    _search("datakey decrypt", _traced(place, "datakey", "decrypt", "--blob-file", "blob"), place.kms.secrets)


def _traced(place, *command):
    """The memory of enwrap at its end."""
    tools = Path(__file__).parents[1] / "memory"
    terminal = place.terminal
    command = [sys.executable, "-B", "-c", TRACE, str(tools), terminal.program, *command]
    run = subprocess.run(
        command, capture_output=True, check=True, cwd=terminal.folder, env=terminal.environment, timeout=60,
    )
    # What it says goes to the same place, before.
    code, memory = pickle.loads(run.stderr[run.stderr.index(b"\x80\x04") :])
    assert code == 0, (command, run.stderr[:500])
    return memory


def _search(command, memory, secrets):
    assert sum(len(data) for _, _, data in memory) > 100_000, "there was no memory to search"
    for secret in secrets:
        for form in in_clear(secret):
            pieces = {form[at : at + 12] for at in range(0, len(form) - 11, 4)}
            where = [(name, hex(first)) for name, first, data in memory if any(piece in data for piece in pieces)]
            assert not where, f"{command}: a data key is in {where}"
