//! What every verb gets: the output, and the keyring that the arguments and the environment name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use enwrap::keyring::{Location, RootKeys, Store};
use enwrap::keys::aws_kms::client::calls::KmsCalls;
use enwrap::keys::aws_kms::client::{ClientSettings, client};
use enwrap::keys::aws_kms::{AwsKms, Discovery};
use enwrap::pipeline::Jobs;

use super::args::GlobalArgs;
use super::environment;
use super::outputs::Outputs;
use super::secrets::passphrase::{AtTheTerminal, Sources};
use crate::output::error::{Cannot as _, Error, UsageError};
use crate::output::standard::require_stdout;
use crate::output::{Format, Ui, Verbosity, sanitize};

pub(crate) struct App {
    pub(crate) ui: Ui,
    pub(crate) outputs: Outputs,
    keyring: Option<PathBuf>,
    allow_readable_keyring: bool,
    lock_timeout: Duration,
    passphrase: Sources,
    pub(crate) jobs: Jobs,
    kms: ClientSettings,
}

impl App {
    /// # Errors
    /// If a variable of the environment is not what it can be.
    pub(crate) fn new(args: &GlobalArgs) -> Result<Self, UsageError> {
        let format = if args.json { Format::Json } else { Format::Text };
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        let ui = Ui::new(format, verbosity, args.color, args.progress);
        Ok(Self {
            ui,
            outputs: Outputs::new(ui),
            keyring: args.keyring.clone(),
            allow_readable_keyring: args.allow_readable_keyring
                || environment::allow_readable_keyring()?,
            lock_timeout: Duration::from_secs(args.lock_timeout),
            passphrase: args.passphrase.sources(),
            jobs: args.jobs.map_or_else(Jobs::available, Jobs::new),
            kms: ClientSettings {
                timeout: Duration::from_secs(args.kms_timeout),
                concurrency: args.kms_concurrency,
                ..ClientSettings::default()
            },
        })
    }

    /// The keys of a keyring that AWS KMS keeps, and those that `discovery` finds.
    pub(crate) fn aws_kms(&self, keyring: &RootKeys, discovery: Discovery) -> AwsKms {
        AwsKms::new(client(self.kms.clone()), keyring, discovery)
    }

    /// The calls to AWS KMS of this run so far.
    pub(crate) fn kms_calls(&self) -> &Arc<KmsCalls> {
        &self.kms.calls
    }

    /// How many files of a tree are worked on beside each other: as many as there are threads for, and where AWS KMS is
    /// asked, enough to have as many calls under way as there may be.
    pub(crate) fn files_at_once(&self, asks_kms: bool) -> usize {
        let jobs = self.jobs.count();
        if asks_kms { jobs.max(self.kms.concurrency.get()) } else { jobs }
    }

    /// Refuses `--json` for a verb that prints none.
    pub(crate) fn require_text(&self, verb: &str) -> Result<(), UsageError> {
        match self.ui.format {
            Format::Text => Ok(()),
            Format::Json => {
                Err(UsageError::new(format!("'{verb}' prints no JSON")).hint("leave out --json"))
            }
        }
    }

    /// Refuses `--json` where `data` goes to standard output, on which programs could not tell it from the lines of
    /// JSON. `hint` says what to do instead.
    pub(crate) fn require_no_json_beside(&self, data: &str, hint: &str) -> Result<(), UsageError> {
        match self.ui.format {
            Format::Text => Ok(()),
            Format::Json => Err(UsageError::new(format!(
                "the {data} goes to standard output, and so would --json's lines"
            ))
            .hint(hint)),
        }
    }

    /// Refuses to begin a verb that has something to print where standard output is closed: it would be lost.
    pub(crate) fn require_output(&self) -> Result<(), Error> {
        require_stdout().cannot_do("print the result")
    }

    /// As [`require_output`](Self::require_output), for the records that every verb prints with `--json`.
    pub(crate) fn require_output_of_records(&self) -> Result<(), Error> {
        match self.ui.format {
            Format::Text => Ok(()),
            Format::Json => self.require_output(),
        }
    }

    /// Says that a path is taken as it is, where it looks like one that a shell was to expand: crontabs, systemd units
    /// and CI variables expand nothing.
    fn warn_of_unexpanded(&self, path: &Path) {
        let text = path.to_string_lossy();
        let is_quoted = text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']);
        let is_cut = text.ends_with(char::is_whitespace);
        if text.starts_with('~') || text.contains('$') || is_quoted || is_cut {
            self.ui.warning(&format!(
                "the keyring's path '{}' is taken literally: nothing in it was expanded",
                sanitize::name(path)
            ));
        }
    }

    /// The keyring. Nothing of it is read yet.
    pub(crate) fn store(&self) -> Result<Store, Error> {
        let location = environment::keyring_location(self.keyring.as_deref())?;
        if let Location::File(path) = &location {
            self.warn_of_unexpanded(path);
            self.outputs.protect_keyring(path);
        }
        self.outputs.protect_passphrase(&self.passphrase);
        Ok(self.store_at(location))
    }

    /// The files without which no message opens: the keyring, and the file with its passphrase.
    pub(crate) fn needed_files(&self, store: &Store) -> Vec<PathBuf> {
        [store.path().to_path_buf()].into_iter().chain(self.passphrase.file()).collect()
    }

    /// A second keyring, to import from or to restore. Where its own `sources` name no passphrase, the one of the
    /// first keyring serves.
    pub(crate) fn other_store(&self, location: Location, sources: Sources) -> Store {
        let operator = if sources.is_named() {
            AtTheTerminal::new(self.ui, sources)
        } else {
            AtTheTerminal::new(self.ui, self.passphrase.clone()).or_in_the_clear()
        };
        self.store_operated_by(location, operator).as_copy()
    }

    /// The keyring at `location`, which opens with the passphrase that is named for the keyring.
    pub(crate) fn store_at(&self, location: Location) -> Store {
        let operator = AtTheTerminal::new(self.ui, self.passphrase.clone());
        self.store_operated_by(location, operator)
    }

    fn store_operated_by(&self, location: Location, operator: AtTheTerminal) -> Store {
        Store::new(location, self.allow_readable_keyring)
            .waiting(self.lock_timeout)
            .operated_by(Box::new(operator))
    }

    /// How long to wait for another process that changes the same file.
    pub(crate) fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    /// Says that the first keyring was made, and that it needs a copy: this once, everybody reads it.
    pub(crate) fn tell_about_first_use(&self, store: &Store) {
        self.tell_that_it_was_created(store);
        self.ui.hint(
            "whoever loses this file loses every file encrypted under it; copy it elsewhere: \
             enwrap keyring backup FILE",
        );
    }

    /// Said of a keyring without anything that could be lost.
    pub(crate) fn tell_that_it_was_created(&self, store: &Store) {
        self.ui.note(&format!("created {}", sanitize::name(store.path())));
    }

    /// Said after each change that adds key versions: a copy that was made before opens nothing that is encrypted
    /// under them.
    pub(crate) fn tell_that_copies_are_old(&self) {
        self.ui.note(
            "copies of the keyring are older than this change, and lack it: renew them with 'enwrap keyring backup'",
        );
    }

    /// The keyring's path; `None` where it comes from a variable.
    pub(crate) fn keyring_path(&self) -> Result<Option<PathBuf>, Error> {
        match environment::keyring_location(self.keyring.as_deref())? {
            Location::File(path) => Ok(Some(path)),
            Location::Data { .. } => Ok(None),
        }
    }
}
