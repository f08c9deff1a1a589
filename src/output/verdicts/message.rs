//! Verdicts on messages: their bytes, and what is done with them.

use enwrap::message::armor::ArmorError;
use enwrap::message::context::ContextError;
use enwrap::message::encrypted_data_key::FieldTooLong;
use enwrap::message::{Limit, MessageError};
use enwrap::operations::encrypt::EncryptError;
use enwrap::operations::verify_first::VerifyFirstError;
use enwrap::pipeline::PipelineError;

use super::{Classified, Verdict};
use crate::output::error::About;
use crate::output::exit::Exit;

impl Classified for MessageError {
    fn verdict(&self, _: &About) -> Verdict {
        match self {
            Self::Empty | Self::NotAMessage { .. } => {
                Exit::NotAMessage.hint("it was not encrypted by enwrap or an AWS Encryption SDK")
            }
            Self::UnknownSuite { .. }
            | Self::Malformed { .. }
            | Self::Armor(ArmorError::NotBase64 | ArmorError::BlankStart) => {
                Exit::NotAMessage.into()
            }
            Self::Armor(ArmorError::Utf16) => Exit::NotAMessage
                .hint("have enwrap write the file itself, with -o, instead of a redirection"),
            Self::Truncated { .. } | Self::Armor(ArmorError::Cut) => {
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
            Self::Authentication { .. }
            | Self::OutOfSequence { .. }
            | Self::Oversized { .. }
            | Self::TrailingBytes { .. } => Exit::Authentication
                .hint("the file is damaged or was tampered with: restore it from a copy"),
            Self::Read(_) => Exit::Failure.into(),
        }
    }
}

impl Classified for PipelineError {
    fn verdict(&self, about: &About) -> Verdict {
        match self {
            Self::Message(message) => message.verdict(about),
            Self::Read(_) | Self::Write(_) => Exit::Failure.into(),
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
            Self::NoKey | Self::Context(_) | Self::Header(_) => Exit::Usage.into(),
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
        Exit::Usage.into()
    }
}

/// Pairs that were typed.
impl Classified for ContextError {
    fn verdict(&self, _: &About) -> Verdict {
        Exit::Usage.into()
    }
}
