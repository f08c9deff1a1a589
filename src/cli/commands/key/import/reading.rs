//! What `enwrap key import` reads: exports, and single keys of other tools.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use enwrap::crypto::der::{PrivateKey, PublicKey};
use enwrap::crypto::rsa::{self, RsaPadding};
use enwrap::crypto::secret::SecretText;
use enwrap::keyring::format::exchange::{self, Foreign};
use enwrap::keyring::format::pem;
use enwrap::keyring::key::RsaPublic;
use enwrap::keyring::model::kind::BRANCH_NAMESPACE;
use enwrap::keyring::model::kms_arn::KmsArn;
use enwrap::keyring::{Key, KeyError, KeyVersion, Kind, Location, Material};
use enwrap::keys::aws_kms::api::{KmsKeyName, PREFIX};
use enwrap::keys::local::unwraps_what_it_wraps;

use super::ImportArgs;
use crate::cli::app::App;
use crate::cli::io::source::{Source, operands};
use crate::output::error::{About, Concerning as _, Error, Subject, UnsoundKey, UsageError};
use crate::output::sanitize;

/// The longest export that is read. A key takes less than a kilobyte (an RSA key some), so a thousand of them fit.
const MOST_BYTES: usize = 1 << 20;

/// Reads the keys, which are sound.
pub(super) fn read(app: &App, args: &ImportArgs, keyring: &Path) -> Result<Vec<Foreign>, Error> {
    let arn = args.aws_kms.as_deref().map(key_arn).transpose()?;
    if let (Some(arn), None) = (&arn, &args.public_key_file) {
        return Ok(vec![Key::import(Kind::AwsKms, KeyVersion::of_kms(arn))?.into()]);
    }
    let (file, keys) = if let Some(file) = &args.private_key_file {
        let text = read_secret(file, keyring)?;
        let key = pem::read_private(text.expose()).about(|| About::input(file, keyring))?;
        (file.clone(), vec![private(args, key)?])
    } else if let Some(file) = &args.public_key_file {
        let text = read_secret(file, keyring)?;
        let key = pem::read_public(text.expose()).about(|| About::input(file, keyring))?;
        (file.clone(), vec![public(args, &key, arn)?])
    } else if let Some(file) = &args.material_file {
        let text = read_secret(file, keyring)?;
        let material = Material::from_hex(text.expose().trim_ascii());
        let key = match (&args.branch_key_id, &args.branch_key_version) {
            (Some(id), Some(version)) => branch(file, id, *version, material)?,
            _ => raw_aes(args, file, material)?,
        };
        (file.clone(), vec![key])
    } else {
        let file = operands(args.file.as_slice())
            .map_err(|error| error.hint("name the export with --file FILE, or pipe it in"))?
            .remove(0);
        let keys = exported(app, args, &file, keyring)?;
        (file, keys)
    };
    require_sound(&keys).about(|| About::input(&file, keyring))?;
    Ok(keys)
}

fn raw_aes(args: &ImportArgs, file: &Path, material: Option<Material>) -> Result<Foreign, Error> {
    let (Some(namespace), Some(name)) = (&args.namespace, &args.name) else {
        return Err(UsageError::new("the wrapping key has no names")
            .hint("--namespace NS and --name NAME, or --branch-key-id ID and --branch-key-version UUID")
            .into());
    };
    let is_aes = |material: &Material| matches!(material.secret().len(), 16 | 24 | 32);
    let material = material.filter(is_aes).ok_or_else(|| {
        UsageError::new(format!("'{}' holds no wrapping key", sanitize::name(file)))
            .hint("it must be 32, 48 or 64 hex digits: a key of 128, 192 or 256 bits")
    })?;
    Ok(Key::import(Kind::Aes, KeyVersion::new(1, namespace, name, Some(material)))?.into())
}

fn branch(
    file: &Path,
    id: &str,
    version: Uuid,
    material: Option<Material>,
) -> Result<Foreign, Error> {
    let material = material.filter(|material| material.secret().len() == 32).ok_or_else(|| {
        UsageError::new(format!("'{}' holds no branch key", sanitize::name(file)))
            .hint("it must be 64 hex digits: a key of 256 bits")
    })?;
    if id.is_empty() {
        return Err(KeyError::Unnamed.into());
    }
    let name = format!("{id}/{version}");
    let version = KeyVersion::new(1, BRANCH_NAMESPACE, &name, Some(material));
    Ok(Key::import(Kind::Branch, version)?.into())
}

fn private(args: &ImportArgs, key: PrivateKey) -> Result<Foreign, Error> {
    let (kind, version) = match key {
        PrivateKey::Ec(key) => {
            let kind = Kind::from(key.public().curve());
            require_no_names(args, kind)?;
            (kind, KeyVersion::of_pair(1, key))
        }
        PrivateKey::Rsa { pkcs8, key } => {
            let (namespace, name, padding) = rsa_names(args)?;
            let rsa = RsaPublic::new(padding, key.public());
            (Kind::Rsa, KeyVersion::of_rsa(1, namespace, name, rsa, Some(pkcs8)))
        }
    };
    Ok(Key::import(kind, version)?.into())
}

/// An ARN that names one key for ever. An alias can be moved to another key, and what its entry encrypted would then not
/// open through it.
fn key_arn(text: &str) -> Result<KmsArn, UsageError> {
    let shown = sanitize::text(text);
    let ask = |name: &str| {
        format!(
            "its key's ARN is what this prints: aws kms describe-key --key-id {name} --query KeyMetadata.Arn --output text"
        )
    };
    match text.parse::<KmsArn>() {
        Ok(arn) if arn.key_id().is_some() => Ok(arn),
        Ok(alias) => {
            Err(UsageError::new(format!("'{shown}' is the ARN of an alias, and not of a key"))
                .hint(format!("{} --region {}", ask(alias.as_str()), alias.region())))
        }
        Err(_) => {
            let bare = format!("{PREFIX}{}", text.strip_prefix(PREFIX).unwrap_or(text)).parse();
            let name = match bare {
                Ok(KmsKeyName::Bare(name)) => name,
                _ => "KEY-ID".to_owned(),
            };
            Err(UsageError::new(format!("'{shown}' is no ARN of a key in AWS KMS"))
                .hint(ask(&name)))
        }
    }
}

fn public(args: &ImportArgs, key: &PublicKey, arn: Option<KmsArn>) -> Result<Foreign, Error> {
    let (kind, version) = match key {
        PublicKey::Ec(key) => {
            let kind = Kind::from(key.curve());
            require_no_names(args, kind)?;
            let version = match arn {
                Some(arn) => KeyVersion::of_public_in_kms(1, key, arn),
                None => KeyVersion::of_public(1, key),
            };
            (kind, version)
        }
        PublicKey::Rsa(_) if arn.is_some() => {
            return Err(UsageError::new("the key is an RSA key, and those of AWS KMS are not used")
                .hint(
                    "make one on P-256, P-384 or P-521 for key agreement: aws kms create-key --key-spec ECC_NIST_P256 \
                     --key-usage KEY_AGREEMENT; or a symmetric one, which needs no public half: --aws-kms ARN alone",
                )
                .into());
        }
        PublicKey::Rsa(key) => {
            let (namespace, name, padding) = rsa_names(args)?;
            let rsa = RsaPublic::new(padding, key);
            (Kind::Rsa, KeyVersion::of_rsa(1, namespace, name, rsa, None))
        }
    };
    Ok(Key::import(kind, version)?.into())
}

fn rsa_names(args: &ImportArgs) -> Result<(&str, &str, RsaPadding), UsageError> {
    match (&args.namespace, &args.name, args.padding) {
        (Some(namespace), Some(name), Some(padding)) => Ok((namespace, name, padding)),
        _ => Err(UsageError::new(
            "an RSA key needs its names and its padding, which are not in the file",
        )
        .hint(format!("--namespace NS --name NAME --padding {}", paddings().join("|")))),
    }
}

fn require_no_names(args: &ImportArgs, kind: Kind) -> Result<(), UsageError> {
    if args.namespace.is_none() && args.name.is_none() && args.padding.is_none() {
        return Ok(());
    }
    Err(UsageError::new(format!("--namespace, --name and --padding are not for a {kind} key"))
        .hint("leave them out: messages call it by its public key"))
}

/// The names of the paddings.
pub(super) fn paddings() -> [&'static str; 5] {
    RsaPadding::ALL.map(RsaPadding::name)
}

fn exported(
    app: &App,
    args: &ImportArgs,
    file: &Path,
    keyring: &Path,
) -> Result<Vec<Foreign>, Error> {
    let text = read_secret(file, keyring)?;
    if is_json(text.expose()) {
        let keys = exchange::from_json(text.expose()).about(|| About::input(file, keyring))?;
        return Ok(keys.into_iter().map(Foreign::from).collect());
    }
    if text.expose().trim_ascii_start().starts_with(b"-----BEGIN ") {
        return Err(UsageError::new(format!("{}it is a key in PEM", Subject::of(file)))
            .hint("name it with --private-key-file or --public-key-file")
            .into());
    }
    let name = Subject::of(file).path().map_or_else(|| PathBuf::from("standard input"), Into::into);
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

/// Refuses a key that could not be used, which would otherwise be found out when a file is to be opened.
fn require_sound(keys: &[Foreign]) -> Result<(), Error> {
    for key in keys.iter().map(|foreign| &foreign.key).filter(|key| key.kind() != Kind::Aes) {
        if key.kind() == Kind::Rsa && !rsa::IS_BUILT {
            return Err(KeyError::NoRsa { key: key.id() }.into());
        }
        for version in key.versions().iter() {
            if !unwraps_what_it_wraps(key, version)? {
                let (key, kind) = (key.id(), key.kind());
                return Err(UnsoundKey { key, version: version.number, kind }.into());
            }
        }
    }
    Ok(())
}

fn read_secret(file: &Path, keyring: &Path) -> Result<SecretText, Error> {
    let source = Source::open(file).about(|| About::input(file, keyring))?;
    SecretText::read_from(source, MOST_BYTES).about(|| About::input(file, keyring))
}
