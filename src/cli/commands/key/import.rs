//! `enwrap key import`: root keys from another keyring or another SDK.

use std::path::{Path, PathBuf};

use clap::Args;

use enwrap::crypto::secret::SecretText;
use enwrap::keyring::format::exchange::{self, Foreign};
use enwrap::keyring::store::Saved;
use enwrap::keyring::{Alias, Key, KeyVersion, Kind, Location, Material};

use super::parse_alias;
use crate::cli::app::App;
use crate::cli::args::ImportPassphraseArgs;
use crate::cli::examples::examples;
use crate::cli::io::source::{Source, operands};
use crate::output::error::{About, AfterDone as _, Concerning as _, Error, Subject, UsageError};
use crate::output::records::key::ImportedRecord;
use crate::output::sanitize;

/// The longest export that is read. A key takes less than a kilobyte, so a thousand of them fit.
const MOST_BYTES: usize = 1 << 20;

/// Add root keys from an export, or a wrapping key of another SDK
///
/// Reads what 'enwrap key export' writes, in each of its forms. With --namespace, --name and
/// --material-file it takes a raw AES wrapping key of 128, 192 or 256 bits instead, and keeps its
/// namespace and name. It always makes new keys: nothing that is there is changed.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key import theirs --namespace 'their ns' --name key-1 --material-file key.hex
    enwrap --keyring other.json key import backup --file backup-key.json
"])]
pub(crate) struct ImportArgs {
    /// A name for the key: names that the file gives it are shown, and not taken over
    #[arg(value_parser = parse_alias)]
    alias: Option<Alias>,

    /// The export; standard input if left out
    #[arg(long, value_name = "FILE", conflicts_with = "material_file")]
    file: Option<PathBuf>,

    /// The wrapping key's namespace (provider id)
    #[arg(long, value_name = "NS", requires = "material_file")]
    namespace: Option<String>,

    /// The wrapping key's name
    #[arg(long, value_name = "NAME", requires = "material_file")]
    name: Option<String>,

    /// A file with the wrapping key in hex; '-' is standard input
    #[arg(long, value_name = "FILE", requires = "namespace", requires = "name")]
    material_file: Option<PathBuf>,

    #[command(flatten)]
    passphrase: ImportPassphraseArgs,
}

pub(crate) fn run(app: &App, args: &ImportArgs) -> Result<(), Error> {
    app.require_output()?;
    let store = app.store()?;
    let read = read(app, args, store.path())?;
    if args.alias.is_some() && read.len() != 1 {
        let message = format!("one name is given, and there are {} keys", read.len());
        return Err(UsageError::new(message)
            .hint("leave it out, and name them afterwards: enwrap key alias add NAME ID")
            .into());
    }
    // The records are made before the keys are moved into the keyring.
    let (mut keys, mut told) = (Vec::new(), Vec::new());
    for foreign in read {
        let file_aliases = foreign.aliases.clone();
        let key = foreign.named(args.alias.clone());
        told.push(ImportedRecord::new(&key, &file_aliases));
        keys.push(key);
    }
    let ((), saved) = store.update(|keyring| Ok::<_, Error>(keyring.add_all(keys)?))?;
    if saved == Saved::Created {
        app.tell_about_first_use(&store);
    } else {
        app.tell_that_copies_are_old();
    }
    for record in told {
        if !record.file_aliases.is_empty() && args.alias.is_none() {
            app.ui.note(&format!(
                "the file calls key {id} {}; to give it a name here: enwrap key alias add NAME {id}",
                record.file_aliases.join(", "),
                id = record.key.key_id,
            ));
        }
        let id = &record.key.key_id;
        let printed = app.ui.result(&format!("{id}\n"), &record);
        printed.after(|| format!("the key {id} is in the keyring"))?;
    }
    Ok(())
}

fn read(app: &App, args: &ImportArgs, keyring: &Path) -> Result<Vec<Foreign>, Error> {
    if let (Some(file), Some(namespace), Some(name)) =
        (&args.material_file, &args.namespace, &args.name)
    {
        let text = read_secret(file, keyring)?;
        let material = Material::from_hex(text.expose().trim_ascii()).ok_or_else(|| {
            UsageError::new(format!("'{}' holds no wrapping key", sanitize::name(file)))
                .hint("it must be 32, 48 or 64 hex digits: a key of 128, 192 or 256 bits")
        })?;
        let version = KeyVersion::new(1, namespace, name, Some(material));
        return Ok(vec![Key::import(Kind::Aes, version)?.into()]);
    }
    let file = operands(args.file.as_slice())?.remove(0);
    let text = read_secret(&file, keyring)?;
    if is_json(text.expose()) {
        let keys = exchange::from_json(text.expose()).about(|| about(&file, keyring))?;
        return Ok(keys.into_iter().map(Foreign::from).collect());
    }
    let name =
        Subject::of(&file).path().map_or_else(|| PathBuf::from("standard input"), Into::into);
    let location = Location::Data { name, text };
    let other = app.other_store(location, args.passphrase.sources()).load()?;
    Ok(exchange::from_keyring(other))
}

/// Whether an export is in the form for SDKs. The other forms are a keyring, and a keyring in base64.
fn is_json(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let is_keyring = text.windows(16).take(64).any(|window| window == b"\"enwrap-keyring\"");
    text.starts_with(b"[") || (text.starts_with(b"{") && !is_keyring) || text.is_empty()
}

fn about(file: &Path, keyring: &Path) -> About {
    About::input(file, keyring)
}

fn read_secret(file: &Path, keyring: &Path) -> Result<SecretText, Error> {
    let source = Source::open(file).about(|| about(file, keyring))?;
    SecretText::read_from(source, MOST_BYTES).about(|| about(file, keyring))
}
