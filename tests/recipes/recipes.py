"""Runs the recipes of docs/backups.md: `recipes.py PROGRAM BIN [WORD..]`. BIN is a folder with `aws` and `moto_server`.

A recipe is what stands in blocks of bash below one heading. Each runs in a folder of its own, in which the absolute
paths of the page are. What is true afterwards is said here.
"""

import contextlib
import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PAGE = pathlib.Path(__file__).parents[2] / "docs/backups.md"
# What the page names by absolute paths.
PLACES = ("/backup", "/restored", "/mnt/disk")
MOST_COLUMNS = 72


def recipes():
    """The blocks of bash, by the heading that they are below."""
    found, heading, block = {}, None, None
    for line in PAGE.read_text().splitlines():
        if block is not None:
            if line == "```":
                found.setdefault(heading, []).append("\n".join(block))
                block = None
            else:
                block.append(line)
        elif line == "```bash":
            block = []
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return found


class Place:
    """A folder with a keyring, photos, and what a recipe needs beside them."""

    def __init__(self, program, folder, user=None):
        self.folder, self.user = pathlib.Path(folder), user
        self.environment = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
        }
        for name in ("bin", "photos/2026", "photos/nothing", "backup", "mnt/disk"):
            (self.folder / name).mkdir(parents=True)
        shutil.copy(program, self.folder / "bin/enwrap")
        (self.folder / "photos/a.jpg").write_bytes(os.urandom(100_000))
        (self.folder / "photos/2026/b.jpg").write_bytes(b"b" * 1000)
        (self.folder / "photos/link").symlink_to("2026/b.jpg")
        if user:
            self.shell(f"chown -R {user} .", user=None)
        self.shell("enwrap keygen backup")

    def path(self, name):
        return self.folder / name.lstrip("/")

    def shell(self, text, user="", **more):
        """Runs lines of bash, which must succeed, and returns what they print."""
        user = self.user if user == "" else user
        ended = self._run(text, user, more)
        if ended.returncode != 0:
            raise AssertionError(f"exit {ended.returncode} of:\n{text}\n{ended.stdout}{ended.stderr}")
        return ended.stdout

    def fails(self, text):
        """Runs lines of bash, which must fail."""
        ended = self._run(text, self.user, {})
        assert ended.returncode != 0, f"no failure of:\n{text}"
        return ended.stderr

    def recipe(self, block, **more):
        return self.shell(self.placed(block), **more)

    def placed(self, block):
        """A block with the page's absolute paths in this folder."""
        for place in PLACES:
            block = re.sub(rf"(?<![\w.}}]){place}\b", f"{self.folder}{place}", block)
        return block

    def _run(self, text, user, more):
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.environment | more,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


def same_photos(place, other):
    """Whether a copy has the same files, links and folders, by GNU diff."""
    place.shell(f"diff -r --no-dereference photos {other}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, is_there):
    until = time.monotonic() + 60
    while not is_there():
        assert time.monotonic() < until, f"{what} does not come"
        time.sleep(0.05)


# The recipes. Each gets its place and its blocks.


def tar(place, pack, unpack):
    place.path("home/alice").mkdir(parents=True)
    place.path("restored").mkdir()
    place.path("home/alice/a").write_text("alice")
    os.link(place.path("home/alice/a"), place.path("home/alice/hard"))
    os.mkfifo(place.path("home/alice/fifo"))
    os.chmod(place.path("home/alice/a"), 0o640)
    os.truncate(place.path("photos/a.jpg"), 1 << 20)
    place.recipe(pack.replace("-C / home", f"-C {place.folder} home"))
    place.recipe(unpack)
    back = place.path("restored/home/alice")
    assert (back / "a").stat().st_ino == (back / "hard").stat().st_ino
    assert (back / "a").stat().st_mode & 0o777 == 0o640 and (back / "fifo").is_fifo()


@contextlib.contextmanager
def postgres(place, data, *, fresh=True):
    binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    place.environment["PATH"] = f"{binaries}:{place.environment['PATH']}"
    if fresh:
        place.shell(f"initdb -D {data} -A trust -U postgres --no-sync > initdb.log")
        # None of the system's sockets is used, and nobody else connects.
        conf = f"unix_socket_directories = '{place.folder}'\nlisten_addresses = ''\nfsync = off\n"
        with open(place.path(data) / "postgresql.conf", "a") as file:
            file.write(conf)
    place.environment |= {"PGHOST": str(place.folder), "PGUSER": "postgres", "PGDATABASE": "postgres"}
    place.shell(f"pg_ctl -D {data} -w -l server.log start > start.log")
    try:
        yield
    finally:
        place.shell(f"pg_ctl -D {data} -w -m fast stop > stop.log")


def pg_dump(place, dump, restore):
    with postgres(place, "data"):
        place.shell("createdb shop; psql -q -c 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS n' shop")
        place.recipe(dump)
        place.recipe(restore)
        assert place.shell("psql -At -c 'SELECT sum(n) FROM t' restored") == "500500\n"
        missing = place.placed(dump).replace(" shop", " nothing").replace("shop.dump", "other.dump")
        place.fails(missing)
        assert not place.path("backup/other.dump.enwrap").exists(), "a dump that failed left a file"


def archive(place, configure, base, restore):
    place.path("backup/wal").mkdir()
    shutil.chown(place.path("backup/wal"), place.user)
    with postgres(place, "data"):
        place.recipe(configure)
        place.shell("pg_ctl -D data -w -l server.log restart > restart.log")
        place.recipe(base)
        place.shell("psql -q -c 'CREATE TABLE later AS SELECT 42 AS n' -c 'SELECT pg_switch_wal()' > switch.log")
        archived = "SELECT last_failed_wal IS NULL AND last_archived_wal >= pg_walfile_name('{}') FROM pg_stat_archiver"
        at = place.shell("psql -At -c 'SELECT pg_current_wal_lsn()'").strip()
        place.shell("psql -q -c 'CREATE TABLE last AS SELECT 1' -c 'SELECT pg_switch_wal()' > switch.log")
        wait_for("the archive", lambda: place.shell(f'psql -At -c "{archived.format(at)}"') == "t\n")
        # PostgreSQL may repeat the command for a file that is archived.
        segment = sorted(it.name for it in place.path("backup/wal").iterdir())[0].removesuffix(".enwrap")
        again = place.shell("psql -At -c 'SHOW archive_command'").strip()
        if place.path(f"data/pg_wal/{segment}").exists():
            command = again.replace("%f", segment).replace("%p", f"data/pg_wal/{segment}")
            place.shell(command)
            place.shell(f"cat {place.path('photos/a.jpg')} > other")
            place.fails(again.replace("%f", segment).replace("%p", "other"))
    place.recipe(restore)
    # The restored server is no second writer to the same archive.
    with open(place.path("restored/postgresql.auto.conf"), "a") as file:
        file.write("archive_mode = off\n")
    with postgres(place, "restored", fresh=False):
        wait_for("recovery", lambda: place.shell("psql -At -c 'SELECT pg_is_in_recovery()'") == "f\n")
        assert place.shell("psql -At -c 'SELECT n FROM later'") == "42\n"


def restic_and_borg(place, restic, borg):
    place.recipe(restic + "\nrestic restore latest --target restic-back")
    same_photos(place, "restic-back/photos")
    place.environment["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "no"
    place.recipe(borg + f"\nmkdir borg-back; cd borg-back; BORG_PASSCOMMAND='enwrap decrypt -o - ../borg.enwrap' borg extract {place.folder}/backup/borg::first")
    same_photos(place, "borg-back/photos")


def rsync(place, send, back):
    place.recipe(send)
    place.recipe(send)
    place.recipe(back)
    same_photos(place, "back/photos")


@contextlib.contextmanager
def object_store(place, binaries):
    """An S3 by moto, for aws and for rclone."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    place.environment |= {
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "RCLONE_CONFIG_CLOUD_TYPE": "s3",
        "RCLONE_CONFIG_CLOUD_PROVIDER": "Other",
        "RCLONE_CONFIG_CLOUD_ENV_AUTH": "true",
        "RCLONE_CONFIG_CLOUD_ENDPOINT": endpoint,
        "PATH": f"{binaries}:{place.environment['PATH']}",
    }
    command = [f"{binaries}/moto_server", "-p", str(port)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=place.environment, start_new_session=True, **silent)

    def answers():
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for("moto", answers)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def rclone(place, send, back, binaries):
    with object_store(place, binaries):
        place.recipe(send)
        place.recipe(send)
        place.recipe(back)
    # rclone keeps no folder with nothing in it, unless it is told to.
    place.shell("rmdir photos/nothing; find back -type d -empty -delete")
    same_photos(place, "back/photos")


def s3(place, whole, pipe, back, binaries):
    with object_store(place, binaries):
        place.shell("aws s3 mb s3://shop")
        place.recipe(whole)
        place.shell("aws s3 rm s3://shop/photos.tar.enwrap; mkdir restored")
        place.recipe(pipe)
        place.recipe(back)
        same_photos(place, "restored/photos")
        # The name that a restore reads is never that of half an archive.
        place.shell("aws s3 rm s3://shop/photos.tar.enwrap")
        place.fails(pipe.replace("tar c photos", "tar c photos nothing"))
        place.fails("aws s3 ls s3://shop/photos.tar.enwrap")
        # What was cut on its way does not verify.
        cut = "head -c 50000 | aws s3 cp - s3://shop/cut"
        place.shell(f"set +o pipefail; aws s3 cp s3://shop/part/photos.tar.enwrap - | {cut}")
        place.fails("aws s3 cp s3://shop/cut - | enwrap verify")


RUNS = {
    "What a tree keeps, and what only tar keeps": tar,
    "pg_dump": pg_dump,
    "PostgreSQL: archive_command, restore_command": archive,
    "restic, borg": restic_and_borg,
    "rsync": rsync,
    "rclone": rclone,
    "S3": s3,
}


def main():
    program, binaries, *words = sys.argv[1:]
    found = recipes()
    assert found.keys() == RUNS.keys(), f"a recipe without a run, or the other way round: {found.keys() ^ RUNS.keys()}"
    wide = [line for blocks in found.values() for block in blocks for line in block.splitlines() if len(line) > MOST_COLUMNS]
    assert not wide, f"lines of more than {MOST_COLUMNS} columns: {wide}"
    failed = []
    for name, run in RUNS.items():
        if words and not any(word in name for word in words):
            continue
        began = time.monotonic()
        # PostgreSQL does not run as root.
        user = "postgres" if run in (pg_dump, archive) and os.geteuid() == 0 else None
        with tempfile.TemporaryDirectory(prefix="recipes.") as folder:
            os.chmod(folder, 0o755)
            place = Place(program, folder, user)
            more = [binaries] if run in (s3, rclone) else []
            try:
                run(place, *found[name], *more)
                said = "ok"
            except AssertionError as error:
                said = f"FAILED: {error}"
                failed.append(name)
        print(f"{name}: {said} ({time.monotonic() - began:.1f} s)", flush=True)
    sys.exit(bool(failed))


main()
