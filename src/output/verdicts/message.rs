//! Verdicts on messages: their bytes, and what is done with them.

use enwrap::message::armor::ArmorError;
use enwrap::message::context::ContextError;
use enwrap::message::encrypted_data_key::FieldTooLong;
use enwrap::message::foreign::ForeignFormat;
use enwrap::message::{Limit, MessageError, MessagePart};
use enwrap::operations::encrypt::EncryptError;
use enwrap::operations::verify_first::VerifyFirstError;
use enwrap::pipeline::PipelineError;

use super::{Classified, Verdict};
use crate::output::error::About;
use crate::output::exit::Exit;
use crate::output::sanitize;

impl Classified for MessageError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Empty => Exit::NotAMessage
                .hint("an interrupted copy or a failed redirection leaves such a file: restore it"),
            Self::Foreign(format) => Exit::NotAMessage.hint(way_from(*format)),
            Self::NotAMessage { .. } => {
                Exit::NotAMessage.hint("it was not encrypted by enwrap or an AWS Encryption SDK")
            }
            Self::UnknownSuite { .. } => Exit::NotAMessage.hint(
                "if enwrap or an AWS Encryption SDK wrote it, it is damaged, or a newer enwrap reads it",
            ),
            Self::Malformed { .. } => Exit::NotAMessage.hint(
                "if enwrap or an AWS Encryption SDK wrote it, it is damaged: restore it from a copy",
            ),
            Self::Armor(ArmorError::NotBase64 | ArmorError::BlankStart) => Exit::NotAMessage.hint(
                "if it is a message, something has changed its bytes: copy it again, in binary mode",
            ),
            Self::Armor(ArmorError::Utf16) => Exit::NotAMessage
                .hint("have enwrap write the file itself, with -o, instead of a redirection"),
            Self::Truncated { part, .. } => Exit::Truncated
                .hint(format!("the file is incomplete: fetch or restore it again{}", salvage(*part, about))),
            Self::Armor(ArmorError::Cut) => {
                Exit::Truncated.hint("the file is incomplete: fetch or restore it again")
            }
            Self::LimitExceeded { limit, .. } => {
                let flag = match limit {
                    Limit::HeaderSize => "--max-header-size",
                    Limit::EncryptedDataKeys => "--max-encrypted-data-keys",
                    Limit::FrameLength => "--max-frame-length",
                };
                Exit::Policy.hint(format!("if you trust the message, raise the limit with {flag}"))
            }
            Self::Authentication { part } => Exit::Authentication.hint(format!(
                "the file is damaged or was tampered with: restore it from a copy{}",
                salvage(*part, about)
            )),
            Self::OutOfSequence { expected: sequence, .. }
            | Self::Oversized { sequence, .. } => Exit::Authentication.hint(format!(
                "the file is damaged or was tampered with: restore it from a copy{}",
                salvage(MessagePart::Frame(*sequence), about)
            )),
            Self::TrailingBytes { .. } => Exit::Authentication
                .hint("the file is damaged or was tampered with: restore it from a copy"),
            Self::Read(source) => source.verdict(about),
        }
    }
}

/// A further way out of damage in a part of a message, if there is one.
fn salvage(part: MessagePart, about: &About) -> String {
    match (part, about.subject.path()) {
        (MessagePart::Frame(_), Some(path)) if about.is_salvageable => {
            let path = sanitize::name(path);
            format!("; to save the frames that are whole: enwrap decrypt --salvage '{path}' -o NEW")
        }
        _ => String::new(),
    }
}

/// What to do with a file of another format. The commands read it from standard input, whatever its name is.
fn way_from(format: ForeignFormat) -> &'static str {
    match format {
        ForeignFormat::Age => {
            "age opens it; to bring it here: age -d -i IDENTITY FILE | enwrap encrypt -o NEW"
        }
        ForeignFormat::OpenPgp => {
            "gpg opens it; to bring it here: gpg -d FILE | enwrap encrypt -o NEW"
        }
        ForeignFormat::OpenSsl => {
            "openssl opens it, with the options that it was made with; to bring it here: \
             openssl enc -d .. -in FILE | enwrap encrypt -o NEW"
        }
        ForeignFormat::Sops => {
            "sops opens it; to bring it here: sops decrypt FILE | enwrap encrypt -o NEW"
        }
        ForeignFormat::AnsibleVault => {
            "ansible-vault opens it; to bring it here: ansible-vault view FILE | enwrap encrypt -o NEW"
        }
        ForeignFormat::GitCrypt => "git-crypt opens it: git-crypt unlock, in its repository",
        ForeignFormat::Luks => "cryptsetup opens it",
        ForeignFormat::Pem => {
            "to use a key in it: enwrap key import --private-key-file FILE, or --public-key-file FILE"
        }
        ForeignFormat::Gzip
        | ForeignFormat::Zstd
        | ForeignFormat::Xz
        | ForeignFormat::Bzip2
        | ForeignFormat::Zip
        | ForeignFormat::SevenZip
        | ForeignFormat::Tar => {
            "if there is a message in it, unpack it first; to encrypt it: enwrap encrypt FILE"
        }
        ForeignFormat::KmsBlob | ForeignFormat::DataKeyBlob => {
            "it holds a data key and no file: enwrap datakey decrypt --blob-file FILE"
        }
        ForeignFormat::Keyring => "it holds keys, and opens messages: --keyring FILE",
        ForeignFormat::EnvelopeFile => {
            "it holds further keys of messages: name the message, and this with --envelope FILE"
        }
        ForeignFormat::PlainText => "it is not encrypted; to encrypt it: enwrap encrypt FILE",
    }
}

impl Classified for PipelineError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Message(message) => message.verdict(about),
            Self::Read(source) | Self::Write(source) => source.verdict(about),
            Self::TooLong => Exit::Failure.hint("split the input"),
        }
    }
}

impl Classified for VerifyFirstError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Open(open) => open.verdict(about),
            Self::Pipeline(pipeline) => pipeline.verdict(about),
        }
    }
}

impl Classified for EncryptError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Pipeline(pipeline) => pipeline.verdict(about),
            Self::Wrap(error) => error.verdict(about),
            Self::NoKey => Exit::Usage.hint("name one with -k KEY"),
            Self::Context(context) => context.verdict(about),
            Self::Header(_) => {
                Exit::Usage.hint("encrypt under fewer keys, or with a shorter context")
            }
            Self::Unreadable { .. } => {
                Exit::Policy.hint("encrypt under fewer keys, or with a shorter context")
            }
            Self::Random(_) => Exit::Failure.into(),
        }
    }
}

/// A key whose namespace or name is longer than the format can hold.
impl Classified for FieldTooLong {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Usage.hint("choose another key with -k: the format has no room for this one's name")
    }
}

/// Pairs that were typed.
impl Classified for ContextError {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Usage.hint(match self {
            Self::EmptyKey => "write KEY=VALUE, with a KEY",
            Self::Reserved { .. } => "choose another KEY: these are for what SDKs store themselves",
            Self::Duplicate { .. } => "give it once: a KEY has one value",
            Self::TooLong { .. } => "give fewer or shorter pairs",
        })
    }
}
