//! `enwrap key import`: root keys from another keyring, another SDK or another tool.

mod reading;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use uuid::Uuid;

use enwrap::crypto::rsa::RsaPadding;
use enwrap::keyring::model::kms_arn::KmsArn;
use enwrap::keyring::store::Saved;
use enwrap::keyring::{Alias, KeyId};

use super::parse_alias;
use crate::cli::app::App;
use crate::cli::examples::examples;
use crate::cli::secrets::args::ImportPassphraseArgs;
use crate::output::error::{AfterDone as _, Error, UsageError};
use crate::output::records::key::ImportedRecord;

/// Add root keys from an export, or a key of another SDK or tool
///
/// Reads what 'enwrap key export' writes, in each of its forms. With --private-key-file or
/// --public-key-file it takes a key in PEM instead: one on P-256, P-384 or P-521 for the raw ECDH keyring,
/// or an RSA key of 2048 to 8192 bits for the raw RSA keyring, with the names and the padding that it has
/// there. A public key encrypts, and opens nothing. With --material-file it takes a raw AES wrapping key of
/// 128, 192 or 256 bits with its namespace and name, or a branch key, which only opens. It always makes new
/// keys: nothing that is there is changed.
///
/// With --aws-kms it makes an entry for a symmetric key of AWS KMS, which stays there. The entry has the key's ARN and no
/// secret, and its name means that key wherever a key is taken. With --aws-kms and --public-key-file, the ARN is that of a
/// key for key agreement (P-256, P-384 or P-521), and the file has its public half: who has the entry encrypts without
/// asking AWS KMS, and AWS KMS is asked to open. The import asks for nothing: a wrong ARN shows when the key is used.
#[derive(Debug, Args)]
#[command(after_long_help = examples!["
    enwrap --keyring a.json key import offsite \\
        --file offsite-public.json
    enwrap --keyring b.json key import offsite \\
        --public-key-file offsite.pem
    enwrap key import theirs --namespace 'their ns' --name key-1 \\
        --material-file key.hex
    enwrap --keyring other.json key import backup --file backup-key.json
    enwrap key import cloud \\
        --aws-kms arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd
"])]
pub(crate) struct ImportArgs {
    /// A name for the key: names that the file gives it are shown, and not taken over
    #[arg(value_parser = parse_alias)]
    alias: Option<Alias>,

    /// The export; standard input if left out
    #[arg(long, value_name = "FILE", group = "from")]
    file: Option<PathBuf>,

    /// A file with a private key in PEM; '-' is standard input
    #[arg(long, value_name = "FILE", groups = ["from", "named"])]
    private_key_file: Option<PathBuf>,

    /// A file with a public key in PEM; '-' is standard input
    #[arg(long, value_name = "FILE", groups = ["from", "named"])]
    public_key_file: Option<PathBuf>,

    /// A file with the wrapping key or the branch key in hex; '-' is standard input
    #[arg(long, value_name = "FILE", groups = ["from", "named"])]
    material_file: Option<PathBuf>,

    /// The ARN of the key in AWS KMS; with --public-key-file, of the key that has the private half
    #[arg(long, value_name = "ARN")]
    #[arg(conflicts_with_all = ["file", "private_key_file", "material_file"])]
    aws_kms: Option<String>,

    /// The namespace (provider id) of an RSA key or a wrapping key
    #[arg(long, value_name = "NS", requires = "named")]
    namespace: Option<String>,

    /// The name of an RSA key or a wrapping key
    #[arg(long, value_name = "NAME", requires = "named")]
    name: Option<String>,

    /// How an RSA key pads: pkcs1, oaep-sha1, oaep-sha256, oaep-sha384 or oaep-sha512
    #[arg(long, value_parser = padding_parser(), hide_possible_values = true)]
    #[arg(conflicts_with_all = ["file", "material_file"], requires = "named")]
    #[arg(hide_short_help = true)]
    padding: Option<RsaPadding>,

    /// The id of a branch key of the hierarchical keyring
    #[arg(long, value_name = "ID", requires = "material_file", requires = "branch_key_version")]
    #[arg(conflicts_with_all = ["namespace", "name"])]
    #[arg(hide_short_help = true)]
    branch_key_id: Option<String>,

    /// Its version, a UUID
    #[arg(long, value_name = "UUID", requires = "material_file", requires = "branch_key_id")]
    #[arg(conflicts_with_all = ["namespace", "name"])]
    #[arg(hide_short_help = true)]
    branch_key_version: Option<Uuid>,

    #[command(flatten)]
    passphrase: ImportPassphraseArgs,
}

fn padding_parser() -> impl clap::builder::TypedValueParser<Value = RsaPadding> {
    PossibleValuesParser::new(reading::paddings()).try_map(|name| {
        let padding = RsaPadding::ALL.into_iter().find(|padding| padding.name() == name);
        padding.ok_or("no padding has this name")
    })
}

/// A key that came into the keyring.
struct Imported {
    record: ImportedRecord,
    /// Whether only its public half did.
    is_public: bool,
    /// The key in AWS KMS that it stands for, or that has its private half.
    in_kms: Option<KmsArn>,
    /// The id that it had, if that was taken by other versions of it.
    other_id: Option<KeyId>,
}

pub(crate) fn run(app: &App, args: &ImportArgs) -> Result<(), Error> {
    app.require_output()?;
    let store = app.store()?;
    let read = reading::read(app, args, store.path())?;
    if args.alias.is_some() && read.len() != 1 {
        let message = format!("one name is given, and there are {} keys", read.len());
        return Err(UsageError::new(message)
            .hint("leave it out, and name them afterwards: enwrap key alias add NAME ID")
            .into());
    }
    let (all, saved) = store.update(|keyring| {
        let (mut keys, mut all) = (Vec::new(), Vec::new());
        for foreign in read {
            let (foreign, other_id) = foreign.beside(keyring)?;
            let file_aliases = foreign.aliases.clone();
            let key = foreign.named(args.alias.clone());
            let record = ImportedRecord::new(&key, &file_aliases);
            let (is_public, in_kms) = (key.is_public_only(), key.current().kms_arn());
            all.push(Imported { record, is_public, in_kms, other_id });
            keys.push(key);
        }
        keyring.add_all(keys)?;
        Ok::<_, Error>(all)
    })?;
    let has_nothing_to_lose =
        all.iter().all(|imported| imported.is_public || imported.in_kms.is_some());
    if saved == Saved::Created && has_nothing_to_lose {
        app.tell_that_it_was_created(&store);
    } else if saved == Saved::Created {
        app.tell_about_first_use(&store);
    } else {
        app.tell_that_copies_are_old();
    }
    for imported in all {
        tell(app, args, &imported)?;
    }
    Ok(())
}

fn tell(app: &App, args: &ImportArgs, imported: &Imported) -> Result<(), Error> {
    let record = &imported.record;
    let id = &record.key.key_id;
    if !record.file_aliases.is_empty() && args.alias.is_none() {
        app.ui.note(&format!(
            "the file calls key {id} {}; to give it a name here: enwrap key alias add NAME {id}",
            record.file_aliases.join(", "),
        ));
    }
    if imported.is_public {
        app.ui.note(&format!(
            "only the public half of key {id} is here: it encrypts, and opens nothing"
        ));
    }
    if let Some(arn) = &imported.in_kms {
        app.ui.note(&format!("{arn} was not looked up: whether it is there shows when it is used"));
    }
    if let Some(other) = imported.other_id {
        app.ui.note(&format!(
            "the file says that it is a later version of key {other}, which nothing proves: compare it with its owner \
             before you encrypt under it; it has the id {id}"
        ));
    }
    let printed = app.ui.result(&format!("{id}\n"), record);
    printed.after(|| format!("the key {id} is in the keyring"))
}
