"""Runs enwrap where nothing of the caller's is seen, and holds each run against what was expected of it."""

import base64
import os
import shlex
import signal
import subprocess

from stand_in import CREDENTIALS, REGION

# Against a hang only: far beyond what any run here may take.
MOST_SECONDS = 60


class Unexpected(AssertionError):
    """A run came to something else."""


def in_clear(secret):
    """The forms in which a program may print a secret."""
    return {secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)}


class Ended:
    """What a run printed."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr
        self.said = stderr.decode(errors="replace")


class Terminal:
    """A folder with a home of its own; AWS is at `endpoint`, and `secrets()` are the data keys that it knows of."""

    def __init__(self, program, folder, endpoint, secrets):
        self.program, self.folder, self._secrets = program, folder, secrets
        for part in ("home", "keys"):
            (folder / part).mkdir(mode=0o700)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "ENWRAP_KEYRING": str(folder / "keys" / "keyring.json"),
            "AWS_CONFIG_FILE": str(folder / "home" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "home" / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_KMS": endpoint,
            "AWS_REGION": REGION,
            **{name.upper(): value for name, value in CREDENTIALS.items()},
        }

    def path(self, name):
        return self.folder / name

    def write(self, name, content):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_bytes(content)
        return content

    def read(self, name):
        return self.path(name).read_bytes()

    def files(self, name="."):
        """All files below a folder, but for those of the keyring and the home."""
        found = (path for path in self.path(name).rglob("*") if path.is_file())
        names = (str(path.relative_to(self.folder)) for path in found)
        return sorted(name for name in names if not name.startswith(("home/", "keys/")))

    def _environment(self, changes):
        both = self.environment | changes
        return {name: value for name, value in both.items() if value is not None}

    def run(self, *arguments, code=0, says=(), stdin=b"", env=None, shows_keys=False):
        """Runs it to its end. `says` are pieces of what it has to say; `env` are variables, `None` for one to unset."""
        command = [self.program, *map(str, arguments)]
        try:
            run = subprocess.run(
                command, input=stdin, capture_output=True, check=False, cwd=self.folder,
                env=self._environment(env or {}), timeout=MOST_SECONDS,
            )
        except subprocess.TimeoutExpired as hang:
            raise Unexpected(f"{self._line(arguments, env)}\nno end within {MOST_SECONDS} seconds") from hang
        ended = Ended(run.returncode, run.stdout, run.stderr)
        self._hold(ended, arguments, env, code, says, shows_keys)
        return ended

    def interrupt(self, *arguments, when, code):
        """Runs it, and interrupts it as Ctrl-C does once `when()` is reached."""
        command = [self.program, *map(str, arguments)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=self.folder, env=self._environment({}), **pipes) as child:
            try:
                when(child)
                child.send_signal(signal.SIGINT)
                stdout, stderr = child.communicate(timeout=MOST_SECONDS)
            except subprocess.TimeoutExpired as hang:
                raise Unexpected(f"{self._line(arguments)}\nSIGINT does not end it") from hang
            finally:
                child.kill()
        # As a shell says it.
        by_signal = 128 - child.returncode if child.returncode < 0 else child.returncode
        ended = Ended(by_signal, stdout, stderr)
        self._hold(ended, arguments, None, code, (), False)
        return ended

    def _hold(self, ended, arguments, env, code, says, shows_keys):
        line = self._line(arguments, env)
        whole = ended.stdout + ended.stderr
        if ended.code != code:
            raise Unexpected(f"{line}\nexit {ended.code}, expected {code}\n{whole.decode(errors='replace')}")
        for piece in (says,) if isinstance(says, str) else says:
            if piece.encode() not in whole:
                raise Unexpected(f"{line}\ndoes not say {piece!r}\n{whole.decode(errors='replace')}")
        if b"panicked" in whole:
            raise Unexpected(f"{line}\npanics\n{whole.decode(errors='replace')}")
        for secret in () if shows_keys else self._secrets():
            if any(form in whole for form in in_clear(secret)):
                raise Unexpected(f"{line}\nshows a data key in clear")
        for name in ("aws_secret_access_key", "aws_session_token"):
            if CREDENTIALS[name].encode() in whole:
                raise Unexpected(f"{line}\nshows {name}")

    @staticmethod
    def _line(arguments, env=None):
        changed = [f"{name}={value}" if value is not None else f"-u {name}" for name, value in (env or {}).items()]
        return " ".join([*changed, "enwrap", shlex.join(map(str, arguments))])
