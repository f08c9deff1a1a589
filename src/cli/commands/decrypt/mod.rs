//! `enwrap decrypt`: encrypted files back to files, or a stream to a stream.

mod range;
mod salvage;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::crypto::secret::SecretBytes;
use enwrap::fs::atomic_file::{Access, AtomicFileError, Publication};
use enwrap::fs::file_at::FileAt;
use enwrap::operations::decrypt::{MessageOpener, OpenedMessage};
use enwrap::operations::verify_first::VerifyFirstError;
use enwrap::pipeline::range::{ByteRange, RangeResult, RangeWriter};

use crate::cli::app::App;
use crate::cli::args::{OpenArgs, OutputArgs};
use crate::cli::examples::examples;
use crate::cli::io::comparison::{Compared, Comparison};
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::io::message_file::{has_length_of, is_message};
use crate::cli::io::message_source::MessageSource;
use crate::cli::io::metadata::{Metadata, MetadataArgs};
use crate::cli::io::plaintext;
use crate::cli::io::source::Source;
use crate::cli::opening::{self, Missing, Opening};
use crate::cli::outputs::Outputs;
use crate::cli::trees::batch::{Outcome, Turn, Turns};
use crate::cli::trees::job::{EXTENSION, Found, Job};
use crate::cli::trees::results::{Results, Spoiled};
use crate::cli::trees::selection::SelectionArgs;
use crate::cli::trees::skipped::Reason;
use crate::cli::trees::work::{Request, Work};
use crate::output::error::{AfterDone as _, Cannot as _, Cause, Error, UsageError};
use crate::output::progress::FileMeter;
use crate::output::records::message::DecryptedRecord;
use crate::output::records::summary::Done;
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
    enwrap decrypt --message-passphrase-file secret.txt letter.enwrap \\
        -o letter
"])]
pub(crate) struct DecryptArgs {
    /// What to decrypt: files, and with -r folders; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    inputs: Vec<PathBuf>,

    /// Does nothing: GNU tar gives it to every program that it unpacks with (tar -I 'enwrap decrypt')
    #[arg(short = 'd', hide = true)]
    is_filter_of_tar: bool,

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
    #[arg(long, requires = "output")]
    #[arg(conflicts_with_all = ["recursive", "files_from", "verify_first", "remove_source"])]
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

/// What all inputs of a run share.
struct DecryptRun<'a> {
    ui: Ui,
    outputs: &'a Outputs,
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
    fn is_result(&self, file: &FileAt) -> bool {
        file.file_name().is_some_and(|name| self.name(name).is_none())
            || is_message(file) == Some(false)
    }

    fn is_whole(&self, input: &FileAt, result: &FileAt) -> bool {
        result.file_metadata().is_ok_and(|result| has_length_of(input, result.len()))
    }

    /// After a power cut, a file may have its length and its time, and zeros from some place on.
    fn is_doubtful(&self, file: &FileAt) -> bool {
        const ENOUGH: u64 = 4096;
        let ends_in_zeros = || {
            let (file, len) = (file.open()?, file.file_metadata()?.len());
            let start = len.saturating_sub(ENOUGH);
            let mut end = SecretBytes::zeroed(usize::try_from(len - start).unwrap_or(0));
            file.read_exact_at(end.expose_mut(), start)?;
            Ok::<_, io::Error>(len > 0 && end.expose().iter().all(|byte| *byte == 0))
        };
        ends_in_zeros().unwrap_or(true)
    }

    fn spoiled(&self, _: &FileAt) -> Spoiled {
        Spoiled::OnlyContentTells
    }

    fn differ_each_run(&self) -> bool {
        false
    }

    fn folder_mode(&self) -> u32 {
        if self.preserve_mode { 0o777 } else { 0o700 }
    }

    fn preserves_mode(&self) -> bool {
        self.preserve_mode
    }
}

pub(crate) fn run(app: &App, args: &DecryptArgs) -> Result<(), Error> {
    let are_many = args.inputs.len() > 1 || args.selection.paths.files_from.is_some();
    if (args.salvage || args.range.range().is_some()) && are_many {
        return Err(UsageError::new("parts are taken of one message at a time")
            .hint("name one FILE, and run it once for each")
            .into());
    }
    if args.range.range().is_some() && !args.inputs.is_empty() && args.output.output.is_none() {
        return Err(UsageError::new("a part of a FILE has no name of its own")
            .hint("name one with -o FILE, or write to standard output with '-o -'")
            .into());
    }
    let store = app.store()?;
    opening::protect_inputs(app, &args.open);
    let results = Plaintexts { preserve_mode: args.preserve_mode };
    let passphrase_file = args.open.passphrase_sources().file();
    let request = Request {
        inputs: &args.inputs,
        selection: &args.selection,
        output: &args.output,
        metadata: args.metadata.metadata.as_deref(),
        passphrase: passphrase_file.as_deref(),
        is_dry: false,
    };
    args.open.require_input(&args.inputs)?;
    let work = Work::plan(app, &store, request, &results)?;
    let mut opening = Opening::new(app, &store, &args.open, Missing::Refused)?;
    opening.policy.unsigned_only = args.unsigned_only;
    let metadata = args.metadata.open(&app.outputs)?;
    let plan = DecryptRun { ui: app.ui, outputs: &app.outputs, args, opening, metadata };
    let turns = Turns::BySize(plan.opening.files_at_once(app));
    work.run(app, &store, turns, Done::Decrypted, |job, turn| {
        if let Found::Comparable { is_strict, .. } = job.found {
            match plan.compare(job, turn)? {
                Compared::Same => return Ok(Outcome::Skipped(Reason::Existing)),
                Compared::Other if !is_strict => {
                    let path = job.target.path().unwrap_or(&job.input).to_path_buf();
                    return Err(AtomicFileError::Exists { path }.into());
                }
                Compared::Spoiled | Compared::Other => {}
            }
        }
        let done = if args.salvage { plan.salvage(job) } else { plan.decrypt(job, turn) };
        done.map(|()| Outcome::Done)
    })
}

/// What came out of one message.
struct Released {
    /// The message; of two passes, as the second one opened it.
    opened: OpenedMessage,
    /// Where it was read from. `None` if that was read in two passes.
    message: Option<MessageSource>,
    extent: RangeResult,
}

impl DecryptRun<'_> {
    /// Compares the file at the target with the plaintext.
    fn compare(&self, job: &Job, turn: &Turn<'_>) -> Result<Compared, Error> {
        let Target::File(target) = &job.target else { return Ok(Compared::Other) };
        let mut message = MessageSource::open(&job.input)?;
        let meter = turn.meter(message.source(), false);
        let opened = self.opening.of(&job.input).open(&mut message)?.with_jobs(turn.jobs);
        let mut comparison = Comparison::with(target.open().cannot("open", target)?);
        let decrypted = opened.decrypt(&mut message, &mut comparison, &meter);
        if !comparison.has_differed() {
            decrypted?;
        }
        comparison.finish().cannot("read", target)
    }

    fn decrypt(&self, job: &Job, turn: &Turn<'_>) -> Result<(), Error> {
        let mut message = MessageSource::open(&job.input)?;
        let source = message.source();
        let publication = self.publication(source).redone(job.redone());
        let outputs = self.outputs;
        let mut destination =
            Destination::open(outputs, &job.target, Some(source), Payload::Plaintext, publication)?;
        if self.args.output.remove_source {
            destination.require_file()?;
        }
        let shown = source.shown();
        let meter = turn.meter(source, destination.is_terminal());
        let opening = self.opening.of(&job.input);
        let opened = opening.open(&mut message)?.with_jobs(turn.jobs);
        let can_save = message.is_salvageable(opened.header());
        let released = if self.is_verified_first(&opened, &destination) {
            let opener = opening.opener();
            self.release_verified(&opened, message, &opener, &mut destination, &meter)
                .map_err(|error| name_output(error, &job.target))
        } else {
            self.release(opened, message, &job.target, &mut destination, &meter)
        };
        let released = released.map_err(|error| error.salvageable_if(can_save))?;
        meter.finish();
        destination.finish()?;
        self.warn_of_empty_range(&shown, released.extent.plaintext_len);
        self.record(job, &shown, &released)
    }

    fn publication(&self, source: &Source) -> Publication {
        let mode = source.mode().unwrap_or(0o600);
        // A message may be readable by all, as in a repository. Its plaintext is the owner's alone, unless asked
        // otherwise.
        let mode = if self.args.preserve_mode { mode } else { mode & 0o700 };
        let publication =
            self.args.output.publication(Access::OwnerOnlyInPlaceOfOthers(mode), source.owner());
        // A part of the file is a new file.
        publication.modified(source.modified().filter(|_| self.args.range.range().is_none()))
    }

    /// Whether all of the message is verified before any of it is released.
    ///
    /// A file appears only at the end anyway. A stream cannot be taken back; of a signed message, nothing is
    /// authentic before the signature at its end.
    fn is_verified_first(&self, opened: &OpenedMessage, destination: &Destination) -> bool {
        if self.args.range.range().is_some() {
            return self.args.verify_first;
        }
        destination.is_stream() && (self.args.verify_first || opened.header().public_key.is_some())
    }

    fn release_verified(
        &self,
        opened: &OpenedMessage,
        message: MessageSource,
        opener: &MessageOpener<'_>,
        destination: &mut Destination,
        meter: &FileMeter<'_>,
    ) -> Result<Released, Error> {
        let range = self.args.range.range().unwrap_or(ByteRange::ALL);
        let mut output = RangeWriter::new(destination, range);
        let (opened, plaintext_len) =
            plaintext::decrypt_verified(opened, message, opener, &mut output, meter)?;
        let extent = RangeResult { plaintext_len, written: output.written() };
        Ok(Released { opened, message: None, extent })
    }

    fn release(
        &self,
        opened: OpenedMessage,
        mut message: MessageSource,
        target: &Target,
        destination: &mut Destination,
        meter: &FileMeter<'_>,
    ) -> Result<Released, Error> {
        let extent = if let Some(range) = self.args.range.range() {
            range::decrypt(&opened, &mut message, (range, target), destination, meter)?
        } else {
            let len = plaintext::decrypt(&opened, &mut message, Some(destination), meter)
                .map_err(|error| target.name_in(error))?;
            RangeResult { plaintext_len: len, written: len }
        };
        Ok(Released { opened, message: Some(message), extent })
    }

    fn warn_of_empty_range(&self, shown: &str, plaintext_len: u64) {
        if let Some(range) = self.args.range.range()
            && range.length != Some(0)
            && range.offset >= plaintext_len
        {
            self.ui.warning(&format!(
                "{shown}: it has {plaintext_len} bytes, and none from byte {} on",
                range.offset
            ));
        }
    }

    /// Tells what was done, and removes the input if that was asked for.
    fn record(
        &self,
        Job { input, target, .. }: &Job,
        shown: &str,
        Released { opened, message, extent }: &Released,
    ) -> Result<(), Error> {
        self.metadata.write("decrypt", input, target.path(), opened.read_header())?;
        self.ui.detail(&format!("{shown}: opened by {}", self.opening.shown_opener(&opened.key)));
        if let Some(message) = message
            && self.args.output.remove_source
        {
            message.source().remove()?;
        }
        let Some(output) = target.path() else { return Ok(()) };
        let record = DecryptedRecord {
            message_id: opened.header().message_id,
            opened_by: (&opened.key).into(),
            plaintext_bytes: extent.plaintext_len,
            written_bytes: extent.written,
            path: input.as_path().into(),
            output: output.into(),
        };
        let printed = self.ui.result("", &record);
        printed.after(|| format!("'{}' was written", sanitize::name(output)))
    }
}

/// Adds to a failed write where it was to go. Every other error stays as it is.
fn name_output(error: Error, target: &Target) -> Error {
    match error.into_cause() {
        Cause::VerifyFirst(VerifyFirstError::Pipeline(error)) => target.name_in(error),
        other => other.into(),
    }
}
