//! `enwrap key import`: a root key from another keyring or another SDK.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use enwrap::keyring::exchange;
use enwrap::keyring::store::Saved;
use enwrap::keyring::{Alias, Key, KeyId, KeyVersion, Material};
use enwrap::secret::SecretText;

use super::parse_alias;
use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::source::{Source, operands};
use crate::output::error::{About, Subject, UsageError};
use crate::output::sanitize;

/// An export has less than a kilobyte; more is something else.
const MOST_BYTES: usize = 1 << 16;

/// Add a root key from an export, or a wrapping key of another SDK
///
/// Reads the JSON of 'enwrap key export'. With --namespace, --name and --material-file it takes a raw
/// AES wrapping key of 128, 192 or 256 bits instead, and keeps its namespace and name. It always
/// makes a new key: nothing that is there is changed.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap key import theirs --namespace 'their ns' --name key-1 --material-file key.hex
    enwrap --keyring other.json key import backup --file backup-key.json
"])]
pub(crate) struct ImportArgs {
    /// A name for the key
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
}

pub(crate) fn run(app: &App, args: &ImportArgs) -> anyhow::Result<()> {
    let store = app.store()?;
    let (id, version) = read(args, store.path())?;
    let key = Key::import(id, args.alias.clone(), version)?;
    let id = key.id;
    let (namespace, name) = (key.versions[0].namespace.clone(), key.versions[0].name.clone());
    let ((), saved) = store.update(|keyring| {
        keyring.add(key)?;
        anyhow::Ok(())
    })?;
    if saved == Saved::Created {
        app.tell_about_first_use(&store);
    }
    let object = json!({
        "key_id": id.to_string(),
        "aliases": args.alias.iter().map(Alias::as_str).collect::<Vec<_>>(),
        "namespace": namespace,
        "name": name,
    });
    Ok(app.ui.result(&format!("{id}\n"), object)?)
}

fn read(args: &ImportArgs, keyring: &Path) -> anyhow::Result<(Option<KeyId>, KeyVersion)> {
    if let (Some(file), Some(namespace), Some(name)) =
        (&args.material_file, &args.namespace, &args.name)
    {
        let text = read_secret(file, keyring)?;
        let material = Material::from_hex(text.expose().trim_ascii()).ok_or_else(|| {
            UsageError::new(format!("'{}' holds no wrapping key", sanitize::name(file)))
                .hint("it must be 32, 48 or 64 hex digits: a key of 128, 192 or 256 bits")
        })?;
        return Ok((None, exchange::imported(1, namespace.clone(), name.clone(), material)));
    }
    let file = operands(args.file.as_slice())?.remove(0);
    let text = read_secret(&file, keyring)?;
    let (id, version) = exchange::import(text.expose()).with_context(|| about(&file, keyring))?;
    Ok((Some(id), version))
}

fn about(file: &Path, keyring: &Path) -> About {
    About { subject: Subject::of(file), keyring: keyring.to_path_buf() }
}

fn read_secret(file: &Path, keyring: &Path) -> anyhow::Result<SecretText> {
    let source = Source::open(file).with_context(|| about(file, keyring))?;
    SecretText::read_from(source, MOST_BYTES).with_context(|| about(file, keyring))
}
