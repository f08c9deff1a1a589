//! `enwrap edit`: another content for an encrypted file.

mod session;

use std::io::{self, Read};
use std::path::PathBuf;

use clap::Args;

use enwrap::fs::atomic_file::{Access, AtomicFile, Publication};
use enwrap::fs::file_at::FileAt;
use enwrap::fs::lock::{LockError, lock_itself};
use enwrap::keys::service::KeyName;
use enwrap::message::header::Header;
use enwrap::message::message_id::MessageId;
use enwrap::operations::encrypt::{Encrypted, MessageSpec};
use enwrap::pipeline::NoProgress;

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::examples::examples;
use crate::cli::io::source::{Source, is_stdin};
use crate::cli::opening::{self, Missing, Opening};
use crate::cli::process::umask;
use crate::cli::replacement::{Empty, Rewriting, Rewritten, name_output, sealer_for};
use crate::output::error::{
    About, AfterDone as _, Cannot as _, Concerning as _, EditorError, Error, InUse, UsageError,
};
use crate::output::records::message::EditedRecord;
use crate::output::records::{has_passphrase, known_keys};
use crate::output::sanitize;
use session::Session;

/// Edit an encrypted file
///
/// The plaintext is in a private folder in memory-backed storage while the editor runs (VISUAL, EDITOR, or
/// vi). The new message has a new data key, the same keys in their current versions, and the same encryption
/// context, armour, frame length and algorithm. Content that did not change leaves the file as it is, byte for
/// byte; so does an editor that fails, or that leaves nothing.
///
/// A FILE that does not exist is created, with the pairs that -c gives.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    printf 'TOKEN=first\\n' | enwrap edit --stdin ci.env.enwrap
    EDITOR='sed -i s/first/second/' enwrap edit ci.env.enwrap
"])]
pub(crate) struct EditArgs {
    /// The encrypted file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// Take the new content from standard input, and start no editor
    #[arg(long)]
    stdin: bool,

    /// Accept a new content that is empty
    #[arg(long)]
    allow_empty: bool,

    /// Encrypt under exactly these keys (repeatable); KEY, and the default for a new FILE, are as in 'encrypt'
    #[arg(short, long = "key", value_name = "KEY", add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Go on where a key that the message has is not here: it will not open the new one
    #[arg(long, conflicts_with = "keys")]
    drop_unknown_keys: bool,

    #[command(flatten)]
    open: OpenArgs,
}

struct EditRun<'a> {
    app: &'a App,
    args: &'a EditArgs,
    opening: &'a Opening,
    path: FileAt,
}

pub(crate) fn run(app: &App, args: &EditArgs) -> Result<(), Error> {
    if is_stdin(&args.file) {
        return Err(UsageError::new("edit takes a file, and not standard input")
            .hint("enwrap decrypt | COMMAND | enwrap encrypt")
            .into());
    }
    let store = app.store()?;
    opening::protect_inputs(app, &args.open);
    app.outputs.check(&args.file)?;
    let mut opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let path = FileAt::named(args.file.clone());
    let is_new = path.file_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let keys = if is_new {
        opening.choose_or_default(&store, &args.keys)?
    } else {
        opening.choose(&store, &args.keys)?
    };
    let run = EditRun { app, args, opening: &opening, path };
    let edited = if is_new { run.create(&keys) } else { run.edit(&keys) };
    edited.about(|| About::input(&args.file, store.path()))
}

impl EditRun<'_> {
    fn edit(&self, given: &[KeyName]) -> Result<(), Error> {
        // For the whole session: whoever comes second should hear of it before they type.
        let lock = self.path.open().cannot("open", &self.path)?;
        match lock_itself(&lock) {
            Ok(()) => {}
            Err(LockError::Held { .. }) => return Err(InUse.into()),
            // What changes meanwhile is found before the file is replaced.
            Err(LockError::Unsupported(_) | LockError::Io(_)) => {}
        }
        let places = (self.path.clone(), &self.path);
        let lets_go = self.args.drop_unknown_keys;
        let mut old = Rewriting::begin(self.app, self.opening, places, given, lets_go)?;
        let old_id = old.header().message_id;
        let rewritten = if self.args.stdin {
            old.rewrite(&mut Source::open(FileAt::named("-".into()))?, self.empty())?
        } else {
            let mut session = Session::begin(self.app, &self.path)?;
            old.decrypt_to(session.plaintext())?;
            session.edit()?;
            session.save(|content| old.rewrite(content, self.empty()))?
        };
        drop(lock);
        match rewritten {
            Rewritten::Unchanged => self.tell(Some(old_id), old.header(), None),
            Rewritten::New(new) => self.tell(Some(old_id), &new.header, Some(&new)),
        }
    }

    fn empty(&self) -> Empty {
        if self.args.allow_empty { Empty::Allowed } else { Empty::Refused }
    }

    /// Makes a file that was not there.
    fn create(&self, keys: &[KeyName]) -> Result<(), Error> {
        let policy = &self.opening.policy;
        if let Some(key) = policy.present.first() {
            let problem = format!(
                "'{}' does not exist, and -c {key} has no value to store",
                sanitize::name(&self.path)
            );
            return Err(UsageError::new(problem)
                .hint("give a pair to a new file with -c KEY=VALUE")
                .into());
        }
        let mut spec = MessageSpec::default();
        for (key, value) in policy.pairs.iter() {
            spec.context.insert(key, value)?;
        }
        // What cannot be written is told before somebody types.
        drop(sealer_for(self.opening, keys, &spec)?);
        drop(AtomicFile::create(&self.path)?);
        let new = if self.args.stdin {
            self.seal_new(&mut Source::open(FileAt::named("-".into()))?, keys, &spec)?
        } else {
            let mut session = Session::begin(self.app, &self.path)?;
            session.edit()?;
            session.save(|content| self.seal_new(content, keys, &spec))?
        };
        self.tell(None, &new.header, Some(&new))
    }

    fn seal_new(
        &self,
        mut content: &mut (dyn Read + Send),
        keys: &[KeyName],
        spec: &MessageSpec,
    ) -> Result<Encrypted, Error> {
        let sealer = sealer_for(self.opening, keys, spec)?.with_jobs(self.app.jobs);
        let mut file = AtomicFile::create(&self.path)?;
        let encrypted = sealer
            .encrypt(&mut content, &mut file, &NoProgress)
            .map_err(|error| name_output(error, &self.path))?;
        if encrypted.plaintext_len == 0 && self.empty() == Empty::Refused {
            return Err(EditorError::Emptied.into());
        }
        let publication = Publication::new(Access::Mode(0o666 & !umask()));
        let _ = file.publish(publication)?;
        Ok(encrypted)
    }

    fn tell(
        &self,
        old: Option<MessageId>,
        header: &Header,
        new: Option<&Encrypted>,
    ) -> Result<(), Error> {
        let (ui, shown) = (self.app.ui, sanitize::name(&self.path));
        let keyring = &self.opening.keyring;
        let names = self.opening.shown_recipients(&header.encrypted_data_keys);
        match (old, new) {
            (_, None) => {
                ui.note(&format!("{shown}: unchanged"));
                if !self.args.keys.is_empty() {
                    ui.hint("its keys are unchanged too; for others: enwrap reencrypt -k KEY FILE");
                }
            }
            (Some(_), Some(_)) => ui.note(&format!("{shown}: encrypted again under {names}")),
            (None, Some(_)) => ui.note(&format!("{shown}: new, encrypted under {names}")),
        }
        let record = EditedRecord {
            message_id: header.message_id,
            changed: new.is_some(),
            old_message_id: old.filter(|_| new.is_some()).map(|id| id.to_string()),
            keys: known_keys(keyring, &header.encrypted_data_keys),
            passphrase: has_passphrase(&header.encrypted_data_keys),
            plaintext_bytes: new.map(|new| new.plaintext_len),
            message_bytes: new.map(|new| new.message_len),
            path: self.path.as_path().into(),
        };
        let done = if new.is_some() { "was written" } else { "was left as it is" };
        ui.result("", &record).after(|| format!("'{shown}' {done}"))
    }
}
