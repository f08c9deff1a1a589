//! Envelope encryption for files, in the format of the AWS Encryption SDK.
//!
//! Every file is encrypted under a data key of its own; the data key travels with the file, wrapped
//! under one or more root keys; root keys live in a [`keyring`]. This library is the whole of it but
//! the terminal: it never prints, prompts or exits.
//!
//! # A map
//!
//! From the command line to a sealed frame in six steps:
//!
//! 1. `main` (the binary) reads the arguments and calls one verb, `cli/encrypt.rs`;
//! 2. it takes its root keys from a [`keyring::Store`], and begins an [`atomic_file::AtomicFile`];
//! 3. [`encrypt::Sealer::new`] has a [`provider::Provider`] draw and wrap a data key;
//! 4. [`message::derivation`] turns that into the frame key, and [`message::header`] writes the header;
//! 5. [`pipeline`] cuts the plaintext into frames: in order, by position on several threads, or in a pool;
//! 6. [`message::frame::FrameSealer::seal`] seals one.
//!
//! The way back is [`open::Opened`], whichever command reads. What else there is:
//!
//! - [`unlock`]: from encrypted data keys to the data key; [`envelope`]: where further ones are kept
//! - [`rewrap`]: further keys for a message that exists; [`reencrypt`]: the same under a new data key;
//!   [`wraps`]: which keys open a message, by proof
//! - [`context`]: the encryption context; [`suite`]: the algorithm suites
//! - [`verify_first`]: decryption that releases nothing until all is verified
//! - [`secret`]: bytes that wipe themselves
//!
//! Imports go downward only: `encrypt` and `open` use `pipeline` and `unlock`, these use `keyring`,
//! `provider` and `message`, the keyring uses `atomic_file`, and all use `context`, `suite` and `secret`.
//!
//! # Example
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use enwrap::operations::encrypt::{Recipe, Sealer};
//! use enwrap::keyring::{Key, Keyring};
//! use enwrap::operations::decrypt::{Expectation, Opened, Reader};
//!
//! let mut keyring = Keyring::default();
//! let key = keyring.add(Key::generate(BTreeSet::new(), "an example")?)?;
//! let provider = key.to_encrypt()?.provider().ok_or("not a local key")?;
//!
//! let mut recipe = Recipe::default();
//! recipe.context.insert("purpose", "example")?;
//! let mut message = Vec::new();
//! Sealer::new(&[&provider], &recipe)?
//!     .encrypt(&mut &b"attack at dawn"[..], &mut message, &())?;
//!
//! let mut source = &message[..];
//! let expected = Expectation::default();
//! let reader = Reader { keyring: &keyring, records: &(), expected: &expected };
//! let opened = Opened::open(&mut source, &reader)?;
//! let mut plaintext = Vec::new();
//! opened.decrypt(&mut source, &mut plaintext, &())?;
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
