//! Verdicts on finding a data key, and on wrapping it.

use enwrap::keys::aws_kms::api::KmsError;
use enwrap::keys::passphrase::PROVIDER;
use enwrap::keys::resolver::TooManyToAsk;
use enwrap::keys::service::{PassphraseFault, ServiceError, WrapError};
use enwrap::keys::unopened::ResolveError;
use enwrap::operations::datakey::DatakeyError;
use enwrap::operations::decrypt::OpenError;
use enwrap::operations::rewrap::RewrapError;

use super::keyring::oddity_hint;
use super::{Classified, Verdict, kms};
use crate::output::error::{About, PassphraseError, UnknownKeys};
use crate::output::exit::Exit;
use crate::output::sanitize;

impl Classified for OpenError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Message(message) => message.verdict(about),
            Self::NotCommitting { .. } => Exit::Policy.hint(
                "if you trust whoever made it, allow it with --commitment-policy \
                 require-encrypt-allow-decrypt",
            ),
            Self::Signed => Exit::Policy.hint("leave out --unsigned-only to read it"),
            Self::ContextMismatch { .. } | Self::ContextAbsent { .. } => {
                Exit::Context.hint("this is not the message that -c describes")
            }
            // Only pairs that it stores and pairs that -c adds can be too much together.
            Self::Context(_) => {
                Exit::Context.hint("leave out pairs of -c that are not bound to it")
            }
            Self::Locked {
                error:
                    ResolveError::DoesNotUnwrap { .. }
                    | ResolveError::Passphrase(PassphraseFault::Wrong(_)),
                bound,
            } if !bound.is_empty() => {
                let bound: Vec<String> = bound.iter().map(|key| format!("'{key}'")).collect();
                let bound = sanitize::text(&bound.join(", "));
                Exit::Context.hint(format!(
                    "the message does not store {bound}: the value is wrong, or it was never bound to it"
                ))
            }
            Self::Locked { error, .. } => resolve(
                error,
                about,
                "the causes cannot be told apart: a damaged header, other material under that name, or \
                 a context pair that was bound to it and not given (-c K=V)",
            ),
        }
    }
}

/// `unwrap_hint` lists what a refused unwrapping can mean.
fn resolve(error: &ResolveError, about: &About, unwrap_hint: &str) -> Verdict {
    match error {
        ResolveError::NoKey { is_excluded: true, .. } => {
            Exit::NoKey.hint("the key is here, but it is not one of --only-key")
        }
        ResolveError::NoKey { wanted, .. } if let Some(arn) = key_in_kms(wanted) => {
            let arn = sanitize::text(arn);
            Exit::NoKey.hint(format!(
                "AWS KMS has a key that opens it: --only-key {arn}, or for good: enwrap key import --aws-kms {arn}"
            ))
        }
        ResolveError::NoKey { missing_version, .. } => {
            let why = missing_version.as_deref().unwrap_or("lacks it");
            let lacks = about.keyring().map_or_else(String::new, |keyring| {
                format!("the keyring '{}' {why}; ", sanitize::name(keyring))
            });
            let envelope = about.subject.path().map_or_else(String::new, |file| {
                let envelope = sanitize::name(enwrap::keys::envelope::beside(&file.into()));
                format!(
                    "; if it was moved, its envelope file has to move with it: looked for '{envelope}' too"
                )
            });
            Exit::NoKey
                .hint(format!("{lacks}choose another with --keyring, or import the key{envelope}"))
        }
        ResolveError::Unusable(key) => key.verdict(about),
        ResolveError::Service(service) => service.verdict(about),
        ResolveError::Passphrase(fault) => passphrase(fault, about),
        ResolveError::DoesNotUnwrap { .. } | ResolveError::OtherDataKey => {
            Exit::Authentication.hint(unwrap_hint)
        }
    }
}

/// The ARN of the first key of AWS KMS among the names of keys.
fn key_in_kms(names: &[String]) -> Option<&str> {
    names.iter().find_map(|name| name.strip_prefix("aws-kms: "))
}

/// Where the passphrase of a message can come from.
const MESSAGE_PASSPHRASE: &str = "ENWRAP_MESSAGE_PASSPHRASE_FILE, _FD, _COMMAND or \
                                  ENWRAP_MESSAGE_PASSPHRASE; --message-passphrase-file or -fd";

fn passphrase(fault: &PassphraseFault, about: &About) -> Verdict {
    match fault {
        PassphraseFault::NotGiven => Exit::NoKey.hint(format!("give it: {MESSAGE_PASSPHRASE}")),
        PassphraseFault::Unavailable(source) => match source.downcast_ref::<PassphraseError>() {
            // The library takes whatever error the one who was asked gives; here, that is the command line.
            Some(passphrase) => passphrase.verdict(about),
            None => Exit::KeyringLocked.into(),
        },
        PassphraseFault::Wrong(oddity) => {
            let odd = oddity.map_or_else(String::new, |oddity| format!("; {}", oddity_hint(oddity)));
            Exit::KeyringLocked.hint(format!(
                "the causes cannot be told apart: another passphrase, a damaged header, or a context pair \
                 that was bound to it and not given (-c K=V){odd}"
            ))
        }
        PassphraseFault::OutOfBounds => Exit::Policy.hint(
            "enwrap sets 64 MiB and 3 passes, and tries 8 MiB to 1 GiB, 16 passes, 16 lanes, and 2 GiB times \
             passes at most: whoever set another cost may mean to harm this machine",
        ),
        PassphraseFault::TooMany => Exit::Policy.hint(
            "four derivations are tried, those of the header first: look at its envelope file, to which anybody may have \
             added records",
        ),
        PassphraseFault::Memory => Exit::Failure.hint("try it where more memory is free"),
    }
}

impl Classified for DatakeyError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::NotBase64 | Self::NotABlob(_) => Exit::NotAMessage.hint(
                "give the CiphertextBlob that 'enwrap datakey' printed, or wrote with --blob-out",
            ),
            Self::NotBound => Exit::Usage.hint(
                "leave out -c, and whatever depends on it: nothing would hold whoever opens it to the context",
            ),
            Self::Locked(error) => resolve(
                error,
                // A blob has no envelope file beside it.
                &About { subject: Default::default(), ..about.clone() },
                "a blob holds no context, so the causes cannot be told apart: the blob is damaged, or \
                 the context (-c K=V) is not the one it was made with",
            ),
            Self::Wrap(error) => error.verdict(about),
            Self::Format(error) => error.verdict(about),
        }
    }
}

impl Classified for WrapError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Key(key) => key.verdict(about),
            Self::Random(_) => Exit::Failure.into(),
            Self::TooLong { .. } => {
                Exit::Usage.hint("ask for a shorter one, or choose another key")
            }
            Self::Service(service) => service.verdict(about),
        }
    }
}

impl Classified for ServiceError {
    fn verdict(&self, _: &About) -> Verdict {
        match self.source.downcast_ref::<KmsError>() {
            Some(error) => kms::verdict(error),
            None if self.source.is::<TooManyToAsk>() => Exit::Policy.hint(
                "look at its envelope files, to which anybody may have added records; or name the full new set with -k KEY",
            ),
            // The derivation of a key from a passphrase, for which there was no memory.
            None => Exit::Failure.hint("try it where more memory is free"),
        }
    }
}

impl Classified for RewrapError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::NotCommitting { .. } => Exit::Policy.hint("encrypt it again: enwrap reencrypt"),
            Self::TooMany { .. } | Self::TooLong { .. } => {
                Exit::Policy.hint("name fewer keys, with -k")
            }
            Self::Open(open) => open.verdict(about),
            Self::Locked => Exit::Authentication
                .hint("give the pairs that are bound to it (-c K=V), or restore it from a copy"),
            Self::Wrap(error) => error.verdict(about),
        }
    }
}

impl Classified for UnknownKeys {
    fn verdict(&self, _: &About) -> Verdict {
        let passphrase = if self.names.iter().any(|name| name.starts_with(PROVIDER)) {
            format!("give the passphrase that it has ({MESSAGE_PASSPHRASE}); or ")
        } else {
            String::new()
        };
        Exit::NoKey.hint(format!(
            "{passphrase}name the full new set with -k KEY, or let them go with --drop-unknown-keys"
        ))
    }
}
