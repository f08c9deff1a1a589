//! Envelope encryption for files, in the format of the AWS Encryption SDK.
//!
//! Every file is encrypted under a data key of its own; the data key travels with the file, wrapped
//! under one or more root keys; root keys live in a [`keyring`]. This library is the whole of it but
//! the terminal: it never prints, prompts or exits.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use enwrap::keyring::{Key, Keyring};
//! use enwrap::keys::envelope::NoRecords;
//! use enwrap::keys::service::KeyService as _;
//! use enwrap::operations::decrypt::{DecryptPolicy, MessageOpener, OpenedMessage};
//! use enwrap::operations::encrypt::{MessageSealer, MessageSpec};
//! use enwrap::pipeline::NoProgress;
//!
//! let mut keyring = Keyring::default();
//! let key = keyring.add(Key::generate(BTreeSet::new(), "an example")?)?.id();
//!
//! let mut spec = MessageSpec::default();
//! spec.context.insert("purpose", "example")?;
//! let mut message = Vec::new();
//! MessageSealer::new(&[keyring.recipient(&key.into())?], &spec)?
//!     .encrypt(&mut &b"attack at dawn"[..], &mut message, &NoProgress)?;
//!
//! let mut source = &message[..];
//! let policy = DecryptPolicy::default();
//! let opener = MessageOpener { services: &[&keyring], records: &NoRecords, policy: &policy };
//! let opened = OpenedMessage::open(&mut source, &opener)?;
//! let mut plaintext = Vec::new();
//! opened.decrypt(&mut source, &mut plaintext, &NoProgress)?;
//! assert_eq!(plaintext, b"attack at dawn");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod clock;
pub mod crypto;
pub mod fs;
pub mod keyring;
pub mod keys;
pub mod message;
pub mod operations;
pub mod pipeline;
