//! `enwrap key export`: root keys for another keyring, another SDK, or a CI job.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use enwrap::crypto::secret::SecretText;
use enwrap::fs::atomic_file::{Access, Durability, Publication};
use enwrap::keyring::format::exchange::{Half, KeySelection};
use enwrap::keyring::{Key, KeyError, KeyVersion, Kind, file, pem};
use enwrap::pipeline::PipelineError;

use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::io::destination::{Destination, Payload, Target};
use crate::cli::process::umask;
use crate::cli::secrets::args::NewPassphraseArgs;
use crate::output::error::{AfterDone as _, Cause, Concerning as _, Error, UsageError};
use crate::output::records::KeyVersionMember;
use crate::output::records::key::ExportedRecord;
use crate::output::sanitize;

/// Write root keys, with their material
///
/// As 'sdk', the JSON that a keyring of an AWS Encryption SDK needs: key namespace, key name and wrapping
/// key. As 'keyring', a keyring file of these keys only. As 'env', the same in one line, for a secret that
/// CI passes in ENWRAP_KEYRING_DATA. As 'pem', one version of a p256, p384, p521 or rsa key for any other
/// tool. Whoever reads it can decrypt everything encrypted under these versions of the keys, unless it is
/// sealed.
///
/// With --public, their public halves only: a host that has these encrypts, and opens nothing. They are no
/// secret; whoever can replace one on its way can read what is encrypted under it.
///
/// What is in AWS KMS stays there. The entry of a key of AWS KMS has its ARN and no secret, and goes 'as keyring' or 'as
/// env'; whoever uses it needs credentials that may use the key. A public half takes the ARN of its private half along.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key export backup -o backup-key.json
    enwrap key export backup offsite --as keyring -o two-keys.json
    enwrap key export backup --as env --decrypt-only > ci-secret
    enwrap key export offsite --public -o offsite-public.json
    enwrap key export offsite --public --as pem -o offsite.pem
"])]
pub(crate) struct ExportArgs {
    /// Aliases, or ids
    #[arg(value_name = "KEY", required = true, add = crate::cli::complete::key_names())]
    keys: Vec<String>,

    /// Export this version instead of the current one
    #[arg(long, value_name = "N", conflicts_with = "all_versions")]
    version: Option<u32>,

    /// Export all versions, so that older files open too
    #[arg(long)]
    all_versions: bool,

    /// The form: sdk, keyring, env or pem [default: sdk, or keyring with --seal]
    #[arg(long = "as", value_name = "FORM", hide_possible_values = true)]
    form: Option<ExportForm>,

    /// Export the public halves only, for a host that encrypts and opens nothing
    #[arg(long)]
    public: bool,

    /// Have enwrap refuse to encrypt under the exported keys: a guard rail against mistakes, and no
    /// bound, since whoever has all of a key can do both
    #[arg(long, conflicts_with = "public")]
    decrypt_only: bool,

    /// Seal it with a new passphrase
    #[arg(long, conflicts_with = "public")]
    seal: bool,

    /// Write to a new file, which only you can read unless it is public; '-' is standard output, also
    /// on a terminal
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,

    #[command(flatten)]
    new_passphrase: NewPassphraseArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportForm {
    /// What a keyring of an official SDK needs
    Sdk,
    /// A keyring file
    Keyring,
    /// A keyring file in one line
    Env,
    /// PKCS#8, or SubjectPublicKeyInfo with --public
    Pem,
}

pub(crate) fn run(app: &App, args: &ExportArgs) -> Result<(), Error> {
    let form = args.form.unwrap_or(if args.seal { ExportForm::Keyring } else { ExportForm::Sdk });
    if args.seal && matches!(form, ExportForm::Sdk | ExportForm::Pem) {
        return Err(UsageError::new("no other tool opens a key that enwrap sealed")
            .hint("seal it as a keyring: --as keyring, or --as env")
            .into());
    }
    if args.version.is_some() && args.keys.len() > 1 {
        return Err(UsageError::new("--version N is of one key, and several are named")
            .hint("name one KEY, or take all of each with --all-versions")
            .into());
    }
    let store = app.store()?;
    let keyring = store.load()?;
    let mut versions: Vec<(&Key, &KeyVersion)> = Vec::new();
    for name in &args.keys {
        let key = keyring.key(name).in_keyring(&store)?;
        if versions.iter().any(|(chosen, _)| chosen.id() == key.id()) {
            continue;
        }
        if args.all_versions {
            versions.extend(key.versions().iter().map(|version| (key, version)));
        } else {
            versions.push((key, key.version(args.version).in_keyring(&store)?));
        }
    }
    let half = if args.public { Half::Public } else { Half::All };
    let selection = KeySelection { versions, half, decrypt_only: args.decrypt_only };
    if args.decrypt_only && selection.opens_nothing() {
        return Err(UsageError::new("only a public half is here, and it decrypts nothing")
            .hint("leave out --decrypt-only")
            .into());
    }
    let target = args.output.as_deref().map_or(Target::Stdout, Target::of);
    if target.is_stdout() {
        let hint = "leave out --json, or write it with -o FILE";
        app.require_no_json_beside("key", hint)?;
    }
    let text = encode(args, form, &selection)?;
    app.outputs.protect_passphrase(&args.new_passphrase.sources());
    let is_public = selection.is_public();
    let access = if is_public { Access::Mode(0o644 & !umask()) } else { Access::OwnerOnly };
    let publication = Publication::new(access).durability(Durability::Synced);
    // A terminal keeps what it has shown, so it gets key material only on request.
    let payload = if is_public { Payload::Plaintext } else { Payload::Binary };
    let mut destination = Destination::open(&app.outputs, &target, None, payload, publication)
        .map_err(|error| insist_on_terminal(error, &target))?;
    destination
        .write_all(text.expose())
        .map_err(|error| target.name_in(PipelineError::Write(error)))?;
    destination.finish()?;
    tell_of_public_halves(app, &selection);
    if let Target::File(path) = &target {
        tell(app, path, args.seal, &selection)?;
    }
    Ok(())
}

fn encode(
    args: &ExportArgs,
    form: ExportForm,
    selection: &KeySelection<'_>,
) -> Result<SecretText, Error> {
    match form {
        ExportForm::Sdk => return Ok(selection.to_json()?),
        ExportForm::Pem => return encode_pem(selection),
        ExportForm::Keyring | ExportForm::Env => {}
    }
    let passphrase =
        args.seal.then(|| args.new_passphrase.sources().passphrase("the export")).transpose()?;
    let keyring = file::encode(&selection.to_keyring()?, 1, passphrase.as_ref())?;
    if form == ExportForm::Keyring {
        return Ok(keyring);
    }
    let mut line = SecretText::default();
    let mut encoder =
        base64::write::EncoderWriter::new(&mut line, &base64::engine::general_purpose::STANDARD);
    encoder.write_all(keyring.expose())?;
    encoder.finish()?;
    drop(encoder);
    line.push(b"\n");
    Ok(line)
}

fn encode_pem(selection: &KeySelection<'_>) -> Result<SecretText, Error> {
    let [(key, version)] = selection.versions[..] else {
        return Err(UsageError::new("PEM holds one version of one key, and several are named")
            .hint("name one key, without --all-versions; or export a keyring: --as keyring")
            .into());
    };
    let (id, kind) = (key.id(), key.kind());
    if kind == Kind::AwsKms {
        return Err(KeyError::Remote { key: id }.into());
    }
    if !kind.has_public_half() {
        return Err(UsageError::new(format!(
            "there is no PEM for key '{id}': it is a symmetric {kind} key"
        ))
        .hint("--as sdk, --as keyring or --as env")
        .into());
    }
    let malformed = KeyError::Malformed { key: id, version: version.number, kind };
    Ok(pem::write(kind, version, selection.half).ok_or(malformed)?)
}

fn insist_on_terminal(error: Error, target: &Target) -> Error {
    if *target == Target::Stdout && matches!(error.cause(), Cause::Usage(_)) {
        return UsageError::new("the key would be shown on the terminal")
            .hint("write it to a file with -o FILE, or insist with '-o -'")
            .into();
    }
    error
}

/// Says which keys cannot be exported whole, because they are not here whole.
fn tell_of_public_halves(app: &App, selection: &KeySelection<'_>) {
    if selection.half == Half::Public {
        return;
    }
    for of_key in selection.versions.chunk_by(|(a, _), (b, _)| a.id() == b.id()) {
        if let Some((key, _)) = of_key.iter().find(|(key, it)| it.is_public_only(key.kind())) {
            let id = key.id();
            app.ui.note(&format!("only the public half of key {id} is here, and was exported"));
        }
        if let Some((key, it)) = of_key.iter().find(|(_, it)| it.kms_arn().is_some()) {
            let half = if it.private_half_in_kms().is_some() { "the private half of " } else { "" };
            app.ui.note(&format!("{half}key {} stays in AWS KMS: its ARN was exported", key.id()));
        }
    }
}

fn tell(app: &App, path: &Path, sealed: bool, selection: &KeySelection<'_>) -> Result<(), Error> {
    let is_public = selection.is_public();
    let what = match (is_public, sealed) {
        (true, _) if !selection.opens_nothing() => {
            "there is no secret in it; to open anything takes credentials for AWS KMS"
        }
        (true, _) => "whoever has it can encrypt, and open nothing",
        (false, true) => "whoever reads it with its passphrase has the key",
        (false, false) => "whoever reads it has the key",
    };
    app.ui.note(&format!("wrote {}: {what}", sanitize::name(path)));
    for (key, version) in &selection.versions {
        let key = KeyVersionMember::new(key.id(), version.number);
        let record = ExportedRecord { key, public: is_public, output: path.into() };
        let printed = app.ui.result("", &record);
        printed.after(|| format!("'{}' was written", sanitize::name(path)))?;
    }
    Ok(())
}
