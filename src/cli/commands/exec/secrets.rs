//! The secrets of a command: decrypted to memory, and the variables that they become.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use enwrap::crypto::secret::SecretText;
use enwrap::keyring::Store;
use enwrap::pipeline::NoProgress;

use super::ExecArgs;
use crate::cli::app::App;
use crate::cli::environment_files::{self, Variable, names};
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::source::operands;
use crate::cli::opening::{Missing, Opening};
use crate::output::error::{About, Concerning as _, Error, TooLarge, UsageError};

use crate::output::sanitize;

/// No plaintext is larger that is held in memory: an environment is far smaller on every system.
const MOST_BYTES: usize = 16 << 20;

pub(super) struct Secrets {
    /// What the files of variables set, each name once.
    pub(super) variables: Vec<Variable>,
    /// Names, and the plaintexts that they are to lead to.
    pub(super) files: Vec<(String, SecretText)>,
}

impl Secrets {
    /// Decrypts all files, and reads those that have variables.
    pub(super) fn decrypt(app: &App, args: &ExecArgs) -> Result<Self, Error> {
        let secret_files = args.secret_file.iter().map(|secret| &secret.file);
        let all: Vec<PathBuf> = args.env_file.iter().chain(secret_files).cloned().collect();
        operands(&all)?;
        let store = app.store()?;
        let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
        let mut chosen = Chosen::new(args);
        for path in &args.env_file {
            let text = decrypted(app, &store, &opening, path)?;
            let variables =
                environment_files::read(text.expose(), args.format).map_err(|fault| {
                    UsageError::new(format!("{}: {fault}", sanitize::name(path))).hint(
                        "correct it with 'enwrap edit', or say how it is written with --format",
                    )
                })?;
            for variable in variables {
                chosen.add(path, variable)?;
            }
        }
        chosen.require_all()?;
        let mut files: Vec<(String, SecretText)> = Vec::new();
        for secret in &args.secret_file {
            if files.iter().any(|(name, _)| *name == secret.name) {
                let problem = format!("--secret-file is given twice for {}", secret.name);
                return Err(UsageError::new(problem)
                    .hint("give each file a NAME of its own")
                    .into());
            }
            chosen.displace(&secret.name)?;
            files.push((secret.name.clone(), decrypted(app, &store, &opening, &secret.file)?));
        }
        let variables = chosen.variables.into_values().map(|(variable, _)| variable).collect();
        Ok(Self { variables, files })
    }

    /// All values.
    pub(super) fn values(&self) -> impl Iterator<Item = &[u8]> {
        let variables = self.variables.iter().map(|variable| variable.value.expose());
        variables.chain(self.files.iter().map(|(_, plaintext)| plaintext.expose()))
    }
}

/// The plaintext of a file, all of it authentic.
fn decrypted(
    app: &App,
    store: &Store,
    opening: &Opening,
    path: &Path,
) -> Result<SecretText, Error> {
    let decrypt = || -> Result<SecretText, Error> {
        let mut message = MessageSource::open(path)?;
        let opened = opening.of(&path.into()).open(&mut message)?.with_jobs(app.jobs);
        let mut plaintext = Bounded::default();
        let decrypted = opened.decrypt(&mut message, &mut plaintext, &NoProgress);
        if plaintext.is_exceeded {
            return Err(TooLarge { limit: MOST_BYTES }.into());
        }
        decrypted?;
        Ok(plaintext.text)
    };
    decrypt().about(|| About::input(path, store.path()))
}

/// Takes a plaintext that is not too large.
#[derive(Default)]
struct Bounded {
    text: SecretText,
    is_exceeded: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.expose().len() + bytes.len() > MOST_BYTES {
            self.is_exceeded = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The variables that are set, as files come to set them.
struct Chosen<'a> {
    args: &'a ExecArgs,
    /// By name. Each with the file that it is from.
    variables: BTreeMap<String, (Variable, &'a Path)>,
    /// The names of `--only` that no file has set yet.
    missing: Vec<&'a str>,
}

impl<'a> Chosen<'a> {
    fn new(args: &'a ExecArgs) -> Self {
        let missing = args.only.iter().map(String::as_str).collect();
        Self { args, variables: BTreeMap::new(), missing }
    }

    /// Takes a variable of a file, unless others are asked for.
    fn add(&mut self, path: &'a Path, variable: Variable) -> Result<(), UsageError> {
        let args = self.args;
        if !args.only.is_empty() && !args.only.contains(&variable.name) {
            return Ok(());
        }
        self.missing.retain(|name| *name != variable.name);
        let name = format!("{}{}", args.prefix.as_deref().unwrap_or_default(), variable.name);
        if names::is_dangerous(&name) && !args.allow_name.contains(&name) {
            let file = sanitize::name(path);
            return Err(UsageError::new(format!(
                "{file}: it sets {name}, which decides what programs do, and no secret is"
            ))
            .hint(format!("if that is meant, allow it with --allow-name {name}")));
        }
        if let Some((_, other)) = self.variables.get(&name).filter(|_| !args.r#override) {
            let (one, other) = (sanitize::name(other), sanitize::name(path));
            return Err(UsageError::new(format!("{one} and {other} both set {name}"))
                .hint("let the later file count with --override, or choose with --only"));
        }
        let variable = Variable { name: name.clone(), value: variable.value };
        self.variables.insert(name, (variable, path));
        Ok(())
    }

    /// Makes room for a name that is given on the command line.
    fn displace(&mut self, name: &str) -> Result<(), UsageError> {
        match self.variables.remove(name) {
            Some((_, path)) if !self.args.r#override => {
                let file = sanitize::name(path);
                Err(UsageError::new(format!("{file} and --secret-file both set {name}"))
                    .hint("let --secret-file count with --override, or choose with --only"))
            }
            _ => Ok(()),
        }
    }

    fn require_all(&self) -> Result<(), UsageError> {
        match self.missing.first() {
            None => Ok(()),
            Some(name) => Err(UsageError::new(format!("no file sets {name}, which --only names"))
                .hint("check its spelling; --only takes the names in the files, without --prefix")),
        }
    }
}
