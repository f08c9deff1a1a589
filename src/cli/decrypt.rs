//! `enwrap decrypt`: encrypted files back to files, or a stream to a stream.

use std::ffi::OsStr;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use enwrap::keyring::Keyring;
use enwrap::open::{Expectation, Opened};

use super::app::App;
use super::args::{OpenArgs, OutputArgs};
use super::batch;
use super::destination::{Destination, Payload, Rules, Target};
use super::examples::examples;
use super::job::{self, EXTENSION, Job};
use super::source::Source;
use crate::output::progress::Meter;
use crate::output::sanitize;

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
    let jobs = job::plan(app, &args.inputs, &args.output, |name| {
        let path = Path::new(name);
        path.extension().filter(|extension| *extension == EXTENSION)?;
        path.file_stem().map(OsStr::to_owned)
    })?;
    let store = app.store()?;
    let keyring = store.load()?;
    let expected = args.open.expectation(&keyring, &store)?;
    let plan = Plan { app, args, keyring, expected };
    batch::for_each(app, store.path(), &jobs, |job| plan.decrypt(job))
}

impl Plan<'_> {
    fn decrypt(&self, Job { input, target }: &Job) -> anyhow::Result<()> {
        let mut source = BufReader::new(Source::open(input)?);
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
            Destination::open(target, Some(source.get_ref()), Payload::Plaintext, rules)?;
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
        let Target::File(output) = target else { return Ok(()) };
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
