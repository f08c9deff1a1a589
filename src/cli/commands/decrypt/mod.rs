//! `enwrap decrypt`: encrypted files back to files, or a stream to a stream.

mod range;
mod salvage;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Cursor, Read as _, Seek as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use enwrap::crypto::secret::fill_random;
use enwrap::fs::atomic_file::AtomicFile;
use enwrap::operations::decrypt::{MessageOpener, OpenedMessage};
use enwrap::operations::encrypt::PlaintextFile as _;
use enwrap::operations::verify_first::{Verified, VerifyFirstError};
use enwrap::pipeline::PipelineError;
use enwrap::pipeline::range::{ByteRange, RangeResult, RangeWriter};

use crate::cli::app::App;
use crate::cli::args::{OpenArgs, OutputArgs};
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Rules, Target};
use crate::cli::io::message_source::{MessageSource, has_length_of, is_message};
use crate::cli::io::metadata::{Metadata, MetadataArgs};
use crate::cli::opening::{Missing, Opening};
use crate::cli::trees::batch::{Outcome, Turn};
use crate::cli::trees::job::{EXTENSION, Job};
use crate::cli::trees::results::Results;
use crate::cli::trees::selection::SelectionArgs;
use crate::cli::trees::work::{Request, Work};
use crate::output::error::{Cause, Error, UsageError};
use crate::output::progress::FileMeter;
use crate::output::{Ui, sanitize};
use range::RangeArgs;

/// Decrypt files, or standard input
///
/// Each FILE.enwrap becomes FILE beside it; standard input goes to standard output. A file appears
/// only when all of it is authentic. Standard output gets each frame when its own tag holds: on an
/// error, what came before it is authentic, but not all there is.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap decrypt -f report.pdf.enwrap
    enwrap decrypt -c of=documents docs.tar.enwrap -o docs.tar
    enwrap decrypt --verify-first < docs.tar.enwrap | tar t
    enwrap decrypt -r encrypted --output-dir restored
"])]
pub(crate) struct DecryptArgs {
    /// What to decrypt: files, and with -r folders; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    open: OpenArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Release nothing to a stream before all of the message was verified
    ///
    /// Reads a file twice, and copies anything else, as it came, to a file without a name in $TMPDIR.
    /// Signed messages are always released so.
    #[arg(long, help_heading = "Output")]
    verify_first: bool,

    #[command(flatten)]
    range: RangeArgs,

    /// Save what is whole of a damaged FILE: every frame that is authentic goes to its place in the output,
    /// and the others leave holes
    ///
    /// Lists the bytes that are lost, and ends with exit code 4 or 5 whatever it saved: that the frames are in
    /// order and complete is proved only as far as each tag reaches. Signed messages are refused.
    #[arg(long, requires = "output", conflicts_with_all = ["recursive", "verify_first", "remove_source"])]
    #[arg(help_heading = "Parts of a message", hide_short_help = true)]
    salvage: bool,

    /// Refuse signed messages
    #[arg(long, help_heading = "Opening a message", hide_short_help = true)]
    unsigned_only: bool,

    #[command(flatten)]
    metadata: MetadataArgs,

    /// Give the output all permissions of the input, not only the owner's
    #[arg(long, help_heading = "Output")]
    preserve_mode: bool,
}

/// What is the same for every input.
struct Plan<'a> {
    ui: Ui,
    args: &'a DecryptArgs,
    opening: Opening,
    metadata: Metadata,
}

/// How files with plaintext are named.
struct Plaintexts {
    /// Whether they keep the permissions of the messages for others than the owner.
    preserve_mode: bool,
}

impl Results for Plaintexts {
    /// Never `..`, which would lead up the tree.
    fn name(&self, input: &OsStr) -> Option<OsString> {
        let path = Path::new(input);
        path.extension().filter(|extension| *extension == EXTENSION)?;
        path.file_stem().filter(|stem| *stem != "." && *stem != "..").map(OsStr::to_owned)
    }

    /// A message that this run would decrypt too is an input, and no result.
    fn is_result(&self, file: &Path) -> bool {
        file.file_name().is_some_and(|name| self.name(name).is_none())
            || is_message(file) == Some(false)
    }

    fn is_whole(&self, input: &Path, result: &Path) -> bool {
        fs::metadata(result).is_ok_and(|result| has_length_of(input, result.len()))
    }

    fn folder_mode(&self) -> u32 {
        if self.preserve_mode { 0o777 } else { 0o700 }
    }
}

pub(crate) fn run(app: &App, args: &DecryptArgs) -> Result<(), Error> {
    if (args.salvage || args.range.range().is_some()) && args.inputs.len() > 1 {
        return Err(UsageError::new("parts are taken of one message at a time").into());
    }
    if args.range.range().is_some() && !args.inputs.is_empty() && args.output.output.is_none() {
        return Err(UsageError::new("a part of a FILE has no name of its own")
            .hint("name one with -o FILE, or write to standard output with '-o -'")
            .into());
    }
    let store = app.store()?;
    let results = Plaintexts { preserve_mode: args.preserve_mode };
    let request = Request {
        inputs: &args.inputs,
        selection: &args.selection,
        output: &args.output,
        metadata: args.metadata.metadata.as_deref(),
    };
    let work = Work::plan(app, &store, request, &results)?;
    let mut opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    opening.policy.unsigned_only = args.unsigned_only;
    let metadata = args.metadata.open(work.paths(&store))?;
    let plan = Plan { ui: app.ui, args, opening, metadata };
    work.run(app, &store, "decrypted", |job, turn| {
        let done = if args.salvage { plan.salvage(job) } else { plan.decrypt(job, turn) };
        done.map(|()| Outcome::Done)
    })
}

impl Plan<'_> {
    fn decrypt(&self, Job { input, target }: &Job, turn: &Turn<'_>) -> Result<(), Error> {
        let mut message = MessageSource::open(input)?;
        let (source, output) = (message.source(), &self.args.output);
        let mode = source.mode().unwrap_or(0o600);
        let rules = Rules {
            force: output.force,
            sync: output.is_synced(),
            // A repository gives a secret to the group as readily as to its owner: the plaintext is
            // the owner's, unless asked otherwise.
            mode: if self.args.preserve_mode { mode } else { mode & 0o700 },
            keeps_mode: true,
            // A part is not the file of that time.
            modified: source.modified().filter(|_| self.args.range.range().is_none()),
        };
        let mut destination = Destination::open(target, Some(source), Payload::Plaintext, rules)?;
        if output.remove_source {
            destination.require_file()?;
        }
        let (ui, name) = (self.ui, source.shown());
        let meter = turn.meter(source, destination.is_terminal());
        let opening = self.opening.of(input)?;
        let mut opened = opening.open(&mut message)?.with_jobs(turn.jobs);
        // A file appears when all of it holds. A stream cannot be taken back, and of a signed message
        // nothing holds before the signature.
        let range = self.args.range.range();
        let is_late = if range.is_some() {
            self.args.verify_first
        } else {
            destination.is_stream()
                && (self.args.verify_first || opened.header().public_key.is_some())
        };
        let (found, message) = if is_late {
            let opener = opening.opener();
            let mut window = RangeWriter::new(&mut destination, range.unwrap_or(ByteRange::ALL));
            let released = release_verified(&opened, message, &opener, &mut window, &meter);
            let (second, plaintext_len) = released.map_err(|error| name_output(error, target))?;
            opened = second;
            (RangeResult { plaintext_len, written: window.written() }, None)
        } else if let Some(range) = range {
            let asked = (range, target);
            let found = range::decrypt(&opened, &mut message, asked, &mut destination, &meter)?;
            (found, None)
        } else {
            let len = decrypt_to(&opened, &mut message, &mut destination, &meter)
                .map_err(|error| target.name_in(error))?;
            (RangeResult { plaintext_len: len, written: len }, Some(message))
        };
        meter.finish();
        destination.finish()?;
        if let Some(range) = range
            && range.length != Some(0)
            && range.offset >= found.plaintext_len
        {
            ui.warning(&format!(
                "{name}: it has {} bytes, and none from byte {} on",
                found.plaintext_len, range.offset
            ));
        }
        self.metadata.write("decrypt", input, target.path(), opened.read_header())?;
        ui.detail(&format!(
            "{name}: opened by key {} version {}",
            opened.key.key, opened.key.version
        ));
        if let Some(message) = message.filter(|_| output.remove_source) {
            message.source().remove()?;
        }
        let Some(output) = target.path() else { return Ok(()) };
        let mut object = json!({
            "message_id": opened.header().message_id.to_string(),
            "opened_by": { "key_id": opened.key.key.to_string(), "version": opened.key.version },
            "plaintext_bytes": found.plaintext_len,
            "written_bytes": found.written,
        });
        sanitize::insert_path(&mut object, "path", input);
        sanitize::insert_path(&mut object, "output", output);
        Ok(ui.result("", object)?)
    }
}

/// By position where that can be done, and else in order, which also says what is wrong.
fn decrypt_to(
    opened: &OpenedMessage,
    message: &mut MessageSource,
    destination: &mut Destination,
    meter: &FileMeter<'_>,
) -> Result<u64, PipelineError> {
    if let (Some(source), Some(file)) = (message.positional(), destination.file()) {
        if let Some(len) = opened.decrypt_file(source, source.claimed_len(), Some(file), meter)? {
            return Ok(len);
        }
        file.set_len(0).map_err(PipelineError::Write)?;
    }
    opened.decrypt(message, destination, meter)
}

/// Two passes over a message whose header was read: a file is read again, anything else is copied on the
/// first one, as it came, to a file without a name.
fn release_verified(
    opened: &OpenedMessage,
    mut message: MessageSource,
    opener: &MessageOpener<'_>,
    output: &mut impl Write,
    meter: &FileMeter<'_>,
) -> Result<(OpenedMessage, u64), Error> {
    let header = Cursor::new(opened.read_header().raw().to_vec());
    if message.source().is_file() {
        let verified = Verified::new(header.chain(&mut message), None, opener)?;
        return Ok(verified.release(message.rewound()?, opener, output, meter)?);
    }
    // Never published. A name that can be guessed could be a link by the time it is made.
    let mut random = [0; 8];
    fill_random(&mut random)?;
    let name = format!("enwrap-spool-{}", hex::encode(random));
    let spool = AtomicFile::create(&std::env::temp_dir().join(name))?;
    let mut file = spool.file();
    let verified = Verified::new(header.chain(&mut message), Some(file), opener)?;
    file.rewind()?;
    Ok(verified.release(file, opener, output, meter)?)
}

/// A failed write names the output, and everything else is told as it is.
fn name_output(error: Error, target: &Target) -> Error {
    match error.into_cause() {
        Cause::VerifyFirst(VerifyFirstError::Pipeline(error)) => target.name_in(error),
        other => other.into(),
    }
}
