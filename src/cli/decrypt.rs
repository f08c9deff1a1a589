//! `enwrap decrypt`: encrypted files back to files, or a stream to a stream.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use enwrap::keyring::Keyring;
use enwrap::open::{Expectation, Opened};

use super::app::{App, EXTENSION, sibling};
use super::args::{OpenArgs, OutputArgs};
use super::batch;
use super::destination::{Destination, Payload, Rules, Target};
use super::examples::examples;
use super::source::{Source, is_stdin, operands};
use crate::output::diagnosis::UsageError;
use crate::output::progress::Meter;
use crate::output::{Format, sanitize};

/// Decrypt files, or standard input
///
/// Each FILE.enwrap becomes FILE beside it; standard input goes to standard output. A file appears
/// only when all of it is authentic. Standard output gets each frame when its own tag holds: on an
/// error, what came before it is authentic, but not all there is.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap decrypt -f report.pdf.enwrap
    enwrap decrypt -c backup=documents documents.tar.enwrap -o documents.tar
    enwrap decrypt < documents.tar.enwrap | tar t
"])]
pub(crate) struct DecryptArgs {
    /// What to decrypt; '-' is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    #[command(flatten)]
    open: OpenArgs,

    #[command(flatten)]
    output: OutputArgs,

    /// Give the output all permissions of the input, not only the owner's
    #[arg(long, help_heading = "Output")]
    preserve_mode: bool,
}

/// What is the same for every input.
struct Plan<'a> {
    app: &'a App,
    args: &'a DecryptArgs,
    keyring: Keyring,
    expected: Expectation,
}

pub(crate) fn run(app: &App, args: &DecryptArgs) -> anyhow::Result<()> {
    let inputs = operands(&args.inputs)?;
    if inputs.len() > 1 && args.output.output.is_some() {
        return Err(UsageError::new("-o takes the result of one input, and there are several")
            .hint("leave it out, or name a folder with --output-dir")
            .into());
    }
    let store = app.store()?;
    let keyring = store.load()?;
    let expected = args.open.expectation(&keyring)?;
    let plan = Plan { app, args, keyring, expected };
    let targets =
        inputs.iter().map(|input| plan.target(input)).collect::<Result<Vec<Target>, _>>()?;
    if app.ui.format == Format::Json && targets.iter().any(Target::is_stdout) {
        return Err(UsageError::new(
            "the result goes to standard output, and so would --json's lines",
        )
        .hint("write the result to a file with -o FILE")
        .into());
    }
    batch::require_apart(&inputs, &targets)?;
    batch::for_each(app, store.path(), &inputs, |input| plan.decrypt(input))
}

impl Plan<'_> {
    fn target(&self, input: &Path) -> Result<Target, UsageError> {
        let output = &self.args.output;
        if let Some(path) = &output.output {
            return Ok(Target::of(path));
        }
        if is_stdin(input) {
            return Ok(Target::Stdout);
        }
        match (input.file_stem(), input.extension()) {
            (Some(name), Some(extension)) if extension == EXTENSION => {
                Ok(Target::File(sibling(input, name, output.output_dir.as_deref())))
            }
            _ => {
                let shown = sanitize::name(input);
                Err(UsageError::new(format!("'{shown}' does not end in .{EXTENSION}"))
                    .hint("name the output with -o FILE"))
            }
        }
    }

    fn decrypt(&self, input: &Path) -> anyhow::Result<()> {
        let mut source = BufReader::new(Source::open(input)?);
        let target = self.target(input)?;
        let mode = source.get_ref().mode().unwrap_or(0o600);
        let rules = Rules {
            force: self.args.output.force,
            sync: self.args.output.sync,
            // A repository gives a secret to the group as readily as to its owner: the plaintext is
            // the owner's, unless asked otherwise.
            mode: if self.args.preserve_mode { mode } else { mode & 0o700 },
            keeps_mode: true,
            modified: source.get_ref().modified(),
        };
        let mut destination =
            Destination::open(&target, Some(source.get_ref()), Payload::Plaintext, rules)?;
        let opened = Opened::open(&mut source, &self.keyring, &self.expected)?;
        let (ui, name, size) = (self.app.ui, source.get_ref().shown(), source.get_ref().size());
        let meter = Meter::new(ui, name.clone(), size, destination.is_terminal());
        let plaintext_len = opened
            .decrypt(&mut source, &mut destination, &meter)
            .map_err(|error| target.name_in(error))?;
        meter.finish();
        drop(meter);
        destination.finish()?;
        ui.detail(&format!("{name}: opened by key {} version {}", opened.key, opened.version));
        let Target::File(output) = &target else { return Ok(()) };
        let mut object = json!({
            "message_id": hex::encode(opened.header().message_id),
            "opened_by": { "key_id": opened.key.to_string(), "version": opened.version },
            "plaintext_bytes": plaintext_len,
        });
        sanitize::insert_path(&mut object, "path", input);
        sanitize::insert_path(&mut object, "output", output);
        Ok(ui.result("", object)?)
    }
}
