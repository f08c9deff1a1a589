//! A folder to work in, a home with a keyring, and the binary.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use enwrap::clock::now;
use enwrap::keyring::deletion::Doomed;
use enwrap::keyring::key::State;
use enwrap::keyring::{KeyringError, Location, Store};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ENWRAP: &str = env!("CARGO_BIN_EXE_enwrap");

/// A place of its own for one test.
pub(crate) struct Shell {
    /// The working folder.
    pub(crate) cwd: TempDir,
    home: TempDir,
    variables: BTreeMap<String, String>,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Shell {
    /// A home without a keyring.
    pub(crate) fn bare() -> Self {
        let folder = || TempDir::new().unwrap();
        Self { cwd: folder(), home: folder(), variables: BTreeMap::new() }
    }

    /// A home with one key, which has the aliases `main` and `default`.
    pub(crate) fn new() -> Self {
        let shell = Self::bare();
        shell.ok(&["keygen", "main"]);
        shell
    }

    pub(crate) fn set(&mut self, variable: &str, value: impl Into<String>) {
        self.variables.insert(variable.to_owned(), value.into());
    }

    /// Gives git an author, and none of this machine's own settings.
    pub(crate) fn set_for_git(&mut self) {
        for (name, value) in [
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@b"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@b"),
            ("GIT_PAGER", "cat"),
        ] {
            self.set(name, value);
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.cwd.path().join(name)
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn keyring(&self) -> PathBuf {
        self.home.path().join(".config/enwrap/keyring.json")
    }

    /// Has the date of every announced deletion come.
    pub(crate) fn let_the_days_pass(&self) {
        let store = Store::new(Location::File(self.keyring()), false);
        let update = store.update(|keyring| {
            let yesterday = now() - Duration::from_secs(86_400);
            let names: Vec<_> = keyring.keys().iter().map(|key| key.id().to_string()).collect();
            for name in names {
                let key = keyring.key_mut(&name).unwrap();
                let current = key.current().number;
                let pending = key.versions().iter().filter(|it| it.state == State::PendingDeletion);
                let pending: Vec<u32> = pending.map(|version| version.number).collect();
                if pending.is_empty() {
                    continue;
                }
                key.cancel_deletion(None).unwrap();
                for number in pending {
                    let is_current = number == current;
                    let doomed = if is_current { Doomed::Key } else { Doomed::Version(number) };
                    key.schedule_deletion(doomed, yesterday).unwrap();
                }
            }
            Ok::<_, KeyringError>(())
        });
        update.unwrap();
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .unwrap()
            .write_all(bytes.as_ref())
            .unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().mode() & 0o7777
    }

    /// The names in the working folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.cwd.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// A command in this place: the binary, or a program of the system.
    pub(crate) fn command(&self, program: &str, args: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.cwd.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .envs(&self.variables)
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary without input.
    pub(crate) fn run(&self, args: &[impl AsRef<OsStr>]) -> Run {
        self.command(ENWRAP, args).output().unwrap().into()
    }

    /// Runs the binary as somebody for whom permissions hold: for root they do not.
    pub(crate) fn run_unprivileged(&self, args: &[impl AsRef<OsStr>]) -> Run {
        if !rustix::process::geteuid().is_root() {
            return self.run(args);
        }
        const NOBODY: u32 = 65_534;
        // Beside the files, since the way to the binary may be closed to others.
        let binary = self.home.path().join("enwrap");
        fs::copy(ENWRAP, &binary).unwrap();
        for folder in [&self.cwd, &self.home] {
            let is_done = Command::new("chown")
                .args(["-R", "-h", &format!("{NOBODY}:{NOBODY}")])
                .arg(folder.path())
                .status();
            assert!(is_done.unwrap().success());
        }
        let mut command = self.command(&binary.to_string_lossy(), args);
        command.uid(NOBODY).gid(NOBODY).output().unwrap().into()
    }

    /// Runs the binary with `input` on its standard input.
    pub(crate) fn pipe(&self, args: &[impl AsRef<OsStr>], input: &[u8]) -> Run {
        let mut child = self.start(args);
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // On its own thread: the child may fill its output before it has read everything. It may
        // also end early, and then the rest has no reader.
        let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let run = child.wait_with_output().unwrap().into();
        feeder.join().unwrap();
        run
    }

    /// Starts the binary with pipes for its input and output.
    pub(crate) fn start(&self, args: &[impl AsRef<OsStr>]) -> Child {
        let mut command = self.command(ENWRAP, args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs a line in `sh`, where `enwrap` is the binary.
    pub(crate) fn sh(&self, line: &str) -> Run {
        let line = format!("enwrap() {{ '{ENWRAP}' \"$@\"; }}; {line}");
        self.command("sh", &["-c", &line]).output().unwrap().into()
    }

    /// Runs the binary, which must succeed, and returns its output without the last newline.
    pub(crate) fn ok(&self, args: &[impl AsRef<OsStr>]) -> String {
        self.run(args).success().text()
    }

    /// Runs the binary, which must fail with this code.
    pub(crate) fn fails(&self, args: &[impl AsRef<OsStr>], code: i32) -> Run {
        self.run(args).failure(code)
    }

    /// Runs the binary, which must fail with this code and leave the working folder as it was: the
    /// same names, and behind each the same bytes, file and time.
    pub(crate) fn fails_harmlessly(&self, args: &[impl AsRef<OsStr>], code: i32) -> Run {
        let before = self.snapshot();
        let run = self.fails(args, code);
        assert_eq!(self.snapshot(), before, "{:?}", run.stderr);
        run
    }

    /// Everything about the files of the working folder.
    pub(crate) fn snapshot(&self) -> Vec<(String, u64, u32, i64, Vec<u8>)> {
        self.names()
            .into_iter()
            .map(|name| {
                let metadata = fs::symlink_metadata(self.path(&name)).unwrap();
                let bytes = if metadata.is_file() { self.read(&name) } else { Vec::new() };
                (name, metadata.ino(), metadata.mode(), metadata.mtime_nsec(), bytes)
            })
            .collect()
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = &self.stdout[..self.stdout.len().min(500)];
        let (code, signal) = (self.code, self.signal);
        write!(f, "exit {code:?} signal {signal:?}\n{}", String::from_utf8_lossy(shown))?;
        write!(f, "({} bytes)\n{}", self.stdout.len(), self.stderr)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: output.stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// The code, an error that says something, and no panic.
    #[track_caller]
    pub(crate) fn failure(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        let says_why = self.stderr.contains("error:") || self.stdout.starts_with(b"{");
        assert!(says_why && !self.stderr.contains("panicked"), "{self:?}");
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap().trim_end_matches('\n').to_owned()
    }

    /// The lines of `--json`.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asserts that the message has these words, in any order.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "'{word}' is missing: {}", self.stderr);
        }
        self
    }
}

/// A line of a process's status, without its name; `None` elsewhere than on Linux.
pub(crate) fn status_field(process: &str, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(field.trim().to_owned())
}

/// Bytes that repeat nowhere in any frame.
pub(crate) fn sample(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(len)
    .collect()
}
