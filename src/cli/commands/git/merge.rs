//! `enwrap git merge`: the merge driver, a three-way merge of the plaintexts.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::crypto::secret::SecretBytes;
use enwrap::fs::file_at::FileAt;
use enwrap::fs::private_folder::PrivateFolder;
use enwrap::fs::read_full::read_full;
use enwrap::keys::service::KeyName;
use enwrap::message::header::Header;
use enwrap::pipeline::{NoProgress, PipelineError};

use crate::cli::app::App;
use crate::cli::args::OpenArgs;
use crate::cli::child::git::Git;
use crate::cli::environment;
use crate::cli::io::message_source::MessageSource;
use crate::cli::opening::{Missing, Opening, named_by};
use crate::cli::replacement::{Empty, Rewriting};
use crate::output::error::{About, Cannot as _, Cause, Concerning as _, Error, GitError};
use crate::output::sanitize;
use crate::output::status::Status;

/// Merge encrypted files, as git's merge driver
///
/// The plaintexts of OURS and THEIRS are merged by 'git merge-file', in memory-backed storage. The result
/// takes the place of OURS, under a new data key, with the keys, the context and the form of OURS. Exit code
/// 0: merged; 1: conflicts, whose markers are in the encrypted file: 'enwrap edit' opens it. 255, which git
/// takes for a failed merge: a side does not open, and OURS is as it was.
#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The common ancestor; an empty file if there is none
    #[arg(value_name = "BASE", value_hint = clap::ValueHint::FilePath)]
    base: PathBuf,

    /// Our side, which is replaced
    #[arg(value_name = "OURS", value_hint = clap::ValueHint::FilePath)]
    ours: PathBuf,

    /// Their side
    #[arg(value_name = "THEIRS", value_hint = clap::ValueHint::FilePath)]
    theirs: PathBuf,

    /// The name of the file in the work tree, for messages and for its envelope file
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    path: Option<PathBuf>,

    /// How long conflict markers are
    #[arg(long, value_name = "N", default_value_t = 7)]
    marker_size: u16,

    #[command(flatten)]
    open: OpenArgs,
}

const CONFLICT: u8 = 1;

/// The greatest exit status of `git merge-file` that is a number of conflicts.
const MOST_CONFLICTS: i32 = 127;

pub(super) fn run(app: &App, args: &MergeArgs) -> Result<Status, Error> {
    app.require_text("git merge")?;
    let store = app.store()?;
    app.outputs.check(&args.ours)?;
    let opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    let named = FileAt::named(args.path.clone().unwrap_or_else(|| args.ours.clone()));
    let about = || About::input(&named, store.path());
    merge_sides(app, args, &opening, &named).about(about)
}

fn merge_sides(
    app: &App,
    args: &MergeArgs,
    opening: &Opening,
    named: &FileAt,
) -> Result<Status, Error> {
    let shown = sanitize::name(named);
    let place = (FileAt::named(args.ours.clone()), named);
    let mut ours = Rewriting::begin(app, opening, place, &[], false)?;
    let folder = PrivateFolder::create(&environment::places_in_memory())?;
    let [ours_text, base_text, theirs_text] =
        ["ours", "base", "theirs"].map(|name| folder.path().join(name));
    ours.decrypt_to(&mut make(&folder, "ours")?)?;
    let mut base = make(&folder, "base")?;
    // git has an empty file where both sides have added one.
    if FileAt::named(args.base.clone()).size() != Some(0) {
        decrypt(opening, &args.base, named, &mut base)?;
    }
    let theirs = decrypt(opening, &args.theirs, named, &mut make(&folder, "theirs")?)?;
    warn_of_other_readers(app, opening, &shown, ours.header(), &theirs);
    if is_binary(&ours_text)? || is_binary(&theirs_text)? {
        app.ui.alert(&format!(
            "{shown}: the plaintexts are no text, so nothing was merged: choose a side with 'git checkout --ours' \
             or '--theirs'"
        ));
        return Ok(Status::Child(CONFLICT));
    }
    let size = format!("--marker-size={}", args.marker_size);
    let mut arguments: Vec<OsString> =
        ["merge-file", "-p", "-q", &size].into_iter().map(OsString::from).collect();
    for label in ["ours", "base", "theirs"] {
        arguments.extend(["-L".into(), label.into()]);
    }
    arguments.extend([ours_text, base_text, theirs_text].map(PathBuf::into_os_string));
    let mut merged = Git::start(arguments)?.accepting(MOST_CONFLICTS);
    ours.rewrite(&mut merged, Empty::Allowed).map_err(git_error)?;
    if merged.status() == 0 {
        return Ok(Status::Done);
    }
    app.ui.alert(&format!(
        "{shown}: both sides changed the same lines; resolve it with 'enwrap edit {shown}', then 'git add'"
    ));
    Ok(Status::Child(CONFLICT))
}

fn make(folder: &PrivateFolder, name: &str) -> Result<File, Error> {
    folder.create_file(OsStr::new(name)).cannot("make a file in", folder.path())
}

/// Writes the plaintext of one side to a file, and returns its header.
fn decrypt(
    opening: &Opening,
    side: &Path,
    named: &FileAt,
    output: &mut File,
) -> Result<Header, Error> {
    let mut message = MessageSource::open(side)?;
    let opened = opening.of(named).open(&mut message)?;
    opened.decrypt(&mut message, output, &NoProgress)?;
    Ok(opened.header().clone())
}

/// The result has the keys of OURS. Whoever gave THEIRS another reader, or took one away, has to know.
fn warn_of_other_readers(
    app: &App,
    opening: &Opening,
    shown: &str,
    ours: &Header,
    theirs: &Header,
) {
    let readers = |header: &Header| -> BTreeSet<KeyName> {
        let named = header.encrypted_data_keys.iter();
        named.filter_map(|wrapped| named_by(&opening.keyring, wrapped)).map(|it| it.key).collect()
    };
    let names = |keys: &BTreeSet<KeyName>| {
        keys.iter().map(|key| opening.shown_key(key)).collect::<Vec<String>>().join(", ")
    };
    let (ours, theirs) = (readers(ours), readers(theirs));
    if ours != theirs {
        app.ui.alert(&format!(
            "{shown}: the result is encrypted under the keys of our side ({}); their side has others ({})",
            names(&ours),
            names(&theirs)
        ));
    }
}

/// Whether git takes a file for binary: a zero byte near its beginning.
fn is_binary(path: &Path) -> Result<bool, Error> {
    const LOOKED_AT: usize = 8000;
    let mut start = SecretBytes::zeroed(LOOKED_AT);
    let mut file = File::open(path).cannot("open", path)?.take(LOOKED_AT as u64);
    let read = read_full(&mut file, start.expose_mut()).cannot("read", path)?;
    Ok(start.expose()[..read].contains(&0))
}

/// Finds the error of git, whose output was read.
fn git_error(error: Error) -> Error {
    match error.into_cause() {
        Cause::Encrypt(enwrap::operations::encrypt::EncryptError::Pipeline(
            PipelineError::Read(error),
        ))
        | Cause::Pipeline(PipelineError::Read(error)) => match error.downcast::<GitError>() {
            Ok(error) => error.into(),
            Err(error) => PipelineError::Read(error).into(),
        },
        cause => cause.into(),
    }
}
