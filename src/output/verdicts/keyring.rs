//! Verdicts on the keyring and its keys.

use std::io::ErrorKind;
use std::path::Path;

use enwrap::crypto::der::DerFault;
use enwrap::crypto::rsa::RsaFault;
use enwrap::fs::trust::is_trusted;
use enwrap::keyring::format::exchange::NotAnExport;
use enwrap::keyring::format::pem::PemFault;
use enwrap::keyring::format::seal::{Oddity, SealError};
use enwrap::keyring::model::key::State;
use enwrap::keyring::model::root_keys::SHORTEST_BEGINNING;
use enwrap::keyring::{FileFault, KeyError, KeyringError, Kind};

use super::files::on_system;
use super::{Classified, Verdict};
use crate::output::error::{About, PassphraseError};
use crate::output::exit::Exit;
use crate::output::sanitize;

impl Classified for KeyringError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::NotFound { .. } => {
                Exit::NoKey.hint(
                    "for a first key: enwrap keygen; if it was lost: enwrap keyring restore FILE; if it is \
                     elsewhere: --keyring FILE; a message that has a passphrase needs none: \
                     ENWRAP_MESSAGE_PASSPHRASE_FILE",
                )
            }
            Self::Lost { newest, .. } => Exit::Keyring.hint(format!(
                "put a backup back that was made after the last change: enwrap keyring restore FILE; the newest \
                 generation lacks that change: enwrap keyring restore --generation {newest}"
            )),
            Self::NoPassphrase { source, .. } => match source.downcast_ref::<PassphraseError>() {
                // The keyring takes whatever error the one who was asked gives; here, that is the command line.
                Some(passphrase) => passphrase.verdict(about),
                None => Exit::KeyringLocked.into(),
            },
            Self::Elsewhere { .. } => Exit::Failure
                .hint("remove them, or keep them in another folder, and run this again"),
            Self::NotSealed { .. } => Exit::KeyringLocked.hint(
                "somebody may have put it in the place of yours; if it is yours, name no passphrase, or seal \
                 it first: enwrap keyring passphrase, with no passphrase named but the new one",
            ),
            Self::Unseen { .. } => Exit::Failure
                .hint("make it readable, or keep it in another folder, and run this again"),
            Self::Remains { .. } => Exit::Failure.hint("run this again when they can be removed"),
            Self::WouldLose { .. } => Exit::Policy
                .hint("what is encrypted under them would be lost; if that is meant, --force"),
            Self::NoGeneration { numbers, .. } => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                let hint = match &numbers[..] {
                    [] => "there is none at all".to_owned(),
                    _ => format!("there are: {}", numbers.join(", ")),
                };
                Exit::NoKey.hint(hint)
            }
            Self::EmptyData { .. } => {
                Exit::Keyring.hint(
                    "give this job the secret: CI systems withhold secrets from pull requests of forks, and \
                     protected ones from branches that are not protected; or unset it to use a keyring file",
                )
            }
            Self::File { path, fault } => file_fault(path, fault),
            Self::OpenToOthers { owner, .. } if !is_trusted(*owner) => {
                let hint = "it belongs to another user, who could have planted its keys: work as that user, \
                            or name a copy that is yours";
                Exit::Keyring.hint(format!("{hint} (owner: user {owner})"))
            }
            Self::OpenToOthers { path, owner, .. } => {
                let path = sanitize::name(path);
                let hint = format!(
                    "chmod 600 '{path}', owned by you (now by user {owner}); for a mounted secret that \
                     others may read, or a medium without permissions, --allow-readable-keyring"
                );
                Exit::Keyring.hint(hint)
            }
            Self::NoModes { .. } => Exit::Keyring.hint(
                "seal it: name its passphrase, as with --passphrase-file FILE; or accept it with \
                 --allow-readable-keyring",
            ),
            Self::NoLocks { .. } => Exit::Failure
                .hint("keep the keyring on another file system: --keyring FILE, or ENWRAP_KEYRING"),
            Self::FolderOpenToOthers { folder, owner, .. } if is_trusted(*owner) => {
                Exit::Keyring.hint(format!("chmod go-w '{}'", sanitize::name(folder)))
            }
            // It may be root's, where a container or a sandbox has other numbers for the users of its host.
            Self::FolderOpenToOthers { .. } => Exit::Keyring.hint(
                "keep the keyring below folders of your own and of root: --keyring FILE; or give its text in \
                 ENWRAP_KEYRING_DATA",
            ),
            Self::ReadOnly { .. } => {
                Exit::Keyring.hint("name a keyring file that can be changed: --keyring FILE")
            }
            Self::Locked { .. } => Exit::Failure
                .hint("try again when that process is done, or wait longer: --lock-timeout"),
            Self::Io { action: "read", source, .. } if source.kind() == ErrorKind::FileTooLarge => {
                Exit::Keyring.hint(
                    "it is no keyring that enwrap wrote: put a copy in its place: enwrap keyring restore FILE; or \
                     name one with --keyring FILE",
                )
            }
            Self::Io { source, .. } => on_system(source),
            Self::Save(file) => file.verdict(about),
        }
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

/// What to look at in a passphrase that may have been stored otherwise than it was typed.
pub(super) fn oddity_hint(oddity: Oddity) -> &'static str {
    match oddity {
        Oddity::LineEnd => {
            "it ends with a line end beyond the one that is taken off: look at the end of its file"
        }
        Oddity::NotAscii => {
            "it is not plain ASCII, and its bytes count: try the other normal form of Unicode (NFC, or NFD as macOS \
             writes), and the other encoding"
        }
    }
}

fn file_fault(path: &Path, fault: &FileFault) -> Verdict {
    match fault {
        FileFault::Newer(_) => Exit::NotAMessage.hint("install a newer enwrap"),
        FileFault::Sealed(SealError::Passphrase) => {
            Exit::KeyringLocked.hint(
                "its checksum holds, so it is whole: look at the passphrase; a copy that was made before the passphrase \
                 was changed still has the old one",
            )
        }
        FileFault::Sealed(SealError::OddPassphrase(oddity)) => {
            Exit::KeyringLocked.hint(oddity_hint(*oddity))
        }
        FileFault::Sealed(SealError::Memory) => {
            Exit::Failure.hint("try it where more memory is free")
        }
        FileFault::NotAKeyring
        | FileFault::Sealed(SealError::Parameters)
        | FileFault::Checksum
        | FileFault::Malformed { .. }
        | FileFault::Contradiction(_) => {
            // A variable has no path, and no generations.
            let hint = if path.exists() {
                "put back a backup or an earlier generation: see 'enwrap keyring restore --help'"
                    .to_owned()
            } else {
                "give the keyring file's text, or base64 of it: base64 -w0 keyring.json".to_owned()
            };
            Exit::Keyring.hint(hint)
        }
    }
}

impl Classified for KeyError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::NotFound { name, aliases } => {
                let names: Vec<&str> = aliases.iter().map(|alias| alias.as_str()).collect();
                let meant = did_you_mean(name, &names);
                let keyring = about
                    .keyring()
                    .map_or_else(String::new, |it| format!(" '{}'", sanitize::name(it)));
                let mut hint = if names.is_empty() {
                    format!("the keyring{keyring} has no aliases; see 'enwrap key list'")
                } else {
                    format!("{meant}the keyring{keyring} has: {}", names.join(", "))
                };
                let is_hex = name.chars().all(|it| it.is_ascii_hexdigit());
                if is_hex && (4..SHORTEST_BEGINNING).contains(&name.len()) {
                    hint.push_str(&format!("; of an id, give {SHORTEST_BEGINNING} characters or more"));
                }
                let hint = if name.contains(',') {
                    format!("each key is named by itself, as in '-k A -k B'; {hint}")
                } else {
                    hint
                };
                Exit::NoKey.hint(hint)
            }
            Self::Ambiguous { .. } => Exit::Usage
                .hint("give more of the id, or all of it; 'enwrap key list' shows whose it is"),
            Self::NoVersion { key, .. } => {
                Exit::NoKey.hint(format!("see its versions: enwrap key show {key}"))
            }
            Self::AliasExists { .. } => {
                Exit::Exists.hint(
                    "choose another alias, or move this one: enwrap key alias move; 'keygen --if-missing' \
                     takes the key that has it",
                )
            }
            Self::AliasOfForeign { id, .. } => Exit::Exists.hint(format!(
                "whoever it comes from can read what is encrypted under it; choose another alias, or see \
                 'enwrap key show {id}'"
            )),
            Self::AliasOfKind { kind, .. } if Kind::MADE_HERE.contains(kind) => {
                Exit::Exists.hint(format!("choose another alias, or ask for --kind {kind}"))
            }
            Self::AliasOfKind { alias, .. } => Exit::Exists.hint(format!(
                "keys of that kind are not made here: choose another alias, or use the key as it is: -k {alias}"
            )),
            Self::Unusable { key, state: State::PendingDeletion, .. } => {
                Exit::KeyDisabled.hint(format!("keep it: enwrap key undelete {key}"))
            }
            Self::Unusable { key, .. } => Exit::KeyDisabled
                .hint(format!("enwrap key enable {key}, or see 'enwrap key show {key}'")),
            Self::PublicOnly { key } => Exit::NoKey.hint(format!(
                "it encrypts, and opens nothing: open it where the private half is, or export that from there \
                 ('enwrap key export {key}')"
            )),
            Self::NoRsa { .. } => Exit::NotAMessage
                .hint("build it with the feature 'aws-lc', which is on by default: cargo install enwrap"),
            Self::PublicHeld { id } => Exit::Exists.hint(format!(
                "import it into another keyring (--keyring FILE); or let the public half go first, which loses nothing: \
                 enwrap key delete {id}, and after its date enwrap key purge"
            )),
            Self::OnlyReads { .. } => Exit::Usage
                .hint("choose another key with -k; a key that encrypts is made by 'enwrap keygen'"),
            Self::Symmetric { .. } => Exit::Usage.hint(
                "whoever has a symmetric key can decrypt; for one that can be given to a host that only encrypts: \
                 enwrap keygen --kind p256",
            ),
            Self::Malformed { .. } => Exit::Keyring
                .hint("put back a backup or an earlier generation: see 'enwrap keyring restore --help'"),
            Self::DecryptOnly { .. } => Exit::Policy.hint("choose another key with -k"),
            Self::Occupied { .. } => {
                Exit::Exists.hint("a key is never overwritten; see 'enwrap key list'")
            }
            Self::ReservedName { .. } | Self::Unnamed => {
                Exit::Usage.hint("a raw key needs a namespace and a name of its own")
            }
            Self::NotOurs { .. } => Exit::Usage
                .hint("its name belongs to its owner: make a new key with 'enwrap keygen'"),
            Self::CurrentVersion { .. } => {
                Exit::Usage.hint("rotate the key first, or delete it whole: without --version")
            }
            Self::InKms { kind: Kind::AwsKms, arn, .. } => Exit::Usage.hint(format!(
                "AWS KMS rotates it under the same ARN, and nothing changes here: aws kms enable-key-rotation --key-id {arn} \
                 --region {}",
                arn.region()
            )),
            Self::InKms { .. } => Exit::Usage.hint(
                "AWS KMS rotates no key pairs: make a new one there, and import it: enwrap key import --public-key-file PEM \
                 --aws-kms ARN NAME",
            ),
            Self::NotPending { key } => {
                Exit::Usage.hint(format!("there is nothing to take back: see 'enwrap key show {key}'"))
            }
            Self::Remote { key } => Exit::Usage.hint(format!(
                "it never leaves AWS KMS; for another keyring, its entry, which has no secret: enwrap key export {key} \
                 --as keyring"
            )),
        }
    }

    fn names_its_subject(&self) -> bool {
        true
    }
}

/// The question whether one of `names` was meant, or nothing where none is similar: the measure and the limit are those
/// of clap for options.
fn did_you_mean(name: &str, names: &[&str]) -> String {
    let nearest = names
        .iter()
        .map(|other| (strsim::jaro(name, other), other))
        .filter(|(measure, _)| *measure > 0.7);
    match nearest.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((_, other)) => format!("did you mean '{other}'? "),
        None => String::new(),
    }
}

impl Classified for NotAnExport {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::NotAMessage
            .hint("make one with 'enwrap key export'; for a plain key, use --material-file")
    }
}

impl Classified for PemFault {
    fn verdict(&self, about: &About) -> Verdict {
        let file = about.subject.path().map_or_else(|| "FILE".to_owned(), sanitize::name);
        match self {
            Self::NotPem => Exit::NotAMessage.hint(format!(
                "PEM begins with a line such as -----BEGIN PRIVATE KEY-----, and ends with its END line; from DER: \
                 openssl pkey -inform DER -in '{file}' -out PEM"
            )),
            Self::OpenSshPublic => Exit::NotAMessage
                .hint(format!("convert it: ssh-keygen -e -m PKCS8 -f '{file}' > PEM")),
            Self::Several(_) => Exit::NotAMessage.hint("give each key in a file of its own"),
            Self::Encrypted => Exit::NotAMessage.hint(format!(
                "take the passphrase off, in memory-backed storage: openssl pkey -in '{file}' -out PLAIN"
            )),
            Self::OpenSsh => Exit::NotAMessage.hint(format!(
                "convert a copy of it, in its place: ssh-keygen -p -m PKCS8 -N '' -f '{file}'"
            )),
            Self::Private => Exit::NotAMessage.hint(format!(
                "to import all of it: --private-key-file; for its public half alone: openssl pkey -in '{file}' -pubout"
            )),
            Self::Public => Exit::NotAMessage.hint("to import it: --public-key-file"),
            Self::Label(label) if label == "CERTIFICATE" => Exit::NotAMessage.hint(format!(
                "for the public key in it: openssl x509 -in '{file}' -noout -pubkey"
            )),
            Self::Label(_) => Exit::NotAMessage
                .hint("give PRIVATE KEY, EC PRIVATE KEY, RSA PRIVATE KEY, PUBLIC KEY or RSA PUBLIC KEY"),
            Self::Key(DerFault::Rsa(RsaFault::NotBuilt)) => Exit::NotAMessage
                .hint("build it with the feature 'aws-lc', which is on by default: cargo install enwrap"),
            Self::Key(DerFault::Algorithm(_) | DerFault::Curve(_)) => {
                Exit::NotAMessage.hint("keys on P-256, P-384 and P-521, and RSA keys are used")
            }
            Self::Key(_) => Exit::NotAMessage
                .hint("export it again where it came from; nothing was imported"),
        }
    }
}
