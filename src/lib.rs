//! Envelope encryption for files and streams, in the format of the AWS Encryption SDK, without AWS.
//!
//! Every message is encrypted under a data key of its own. The data key travels with the message, wrapped under one or
//! more root keys, and these stay in a keyring: a local file. The messages are those of the AWS Encryption SDK, so its
//! official versions open them, and this crate opens theirs.
//!
//! The crate never prints, prompts or exits. The command line tool `enwrap` is built on it, behind the feature `cli`,
//! which is on by default: **depend on the crate with `default-features = false`**.
//!
//! # A file
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(folder.path())?;
//! # enwrap::KeyringOptions::new().create("keyring.json")?;
//! # std::io::copy(&mut &b"attack at dawn"[..], &mut std::fs::File::create_new("report")?)?;
//! use std::fs::File;
//!
//! use enwrap::{DecryptOptions, EncryptOptions, Keyring};
//!
//! let keyring = Keyring::open("keyring.json")?;
//!
//! let options = EncryptOptions::new(&keyring).context("purpose", "report");
//! enwrap::encrypt(File::open("report")?, File::create_new("report.enwrap")?, &options)?;
//!
//! let options = DecryptOptions::new(&keyring).context("purpose", "report");
//! enwrap::decrypt(File::open("report.enwrap")?, File::create_new("report.back")?, &options)?;
//! # assert_eq!(std::fs::read("report.back")?, b"attack at dawn");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The keyring file is one that `enwrap keygen` made, or [`KeyringOptions::create`]. **Whoever loses it loses everything
//! that is encrypted under its keys.** The pair `purpose=report` is the message's *encryption context*: it is stored in
//! the message, authenticated, and not secret; [`decrypt`] refuses a message with another value.
//!
//! [`decrypt`] writes plaintext frame by frame, each after its tag was verified. After an error, the bytes written are
//! authentic and incomplete: discard them, or use [`verify_then_decrypt`], which writes nothing of a message that is
//! damaged anywhere.
//!
//! # Streams
//!
//! [`EncryptWriter`] encrypts what is written to it, [`DecryptReader`] decrypts what is read from it. Both need memory
//! for one frame, 64 KiB by default, however long the stream is.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let keyring = enwrap::KeyringOptions::new().create(folder.path().join("keyring.json"))?;
//! use std::io::{Read as _, Write as _};
//!
//! use enwrap::{DecryptOptions, DecryptReader, EncryptOptions, EncryptWriter};
//!
//! let mut writer = EncryptWriter::new(Vec::new(), &EncryptOptions::new(&keyring))?;
//! writer.write_all(b"attack ")?;
//! writer.write_all(b"at dawn")?;
//! // Writes the end: without it, the message is truncated to every reader.
//! let message = writer.finish()?;
//!
//! let mut reader = DecryptReader::new(&message[..], &DecryptOptions::new(&keyring))?;
//! let mut text = String::new();
//! // Only a read that returns 0 proves that the text is complete.
//! reader.read_to_string(&mut text)?;
//! assert_eq!(text, "attack at dawn");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A range
//!
//! [`DecryptAt`] is [`Read`](std::io::Read) and [`Seek`](std::io::Seek) over a file, or another source that implements
//! [`ReadAt`]. It reads and decrypts only the frames that hold the requested bytes, so it serves wherever a seekable file
//! does: for archives, indexes and range requests.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let keyring = enwrap::KeyringOptions::new().create(folder.path().join("keyring.json"))?;
//! # let mut message = Vec::new();
//! # enwrap::encrypt(&b"attack at dawn"[..], &mut message, &enwrap::EncryptOptions::new(&keyring))?;
//! # let (file, size) = (&message[..], message.len() as u64);
//! use std::io::{Read as _, Seek as _, SeekFrom};
//!
//! use enwrap::{DecryptAt, DecryptOptions};
//!
//! let mut plaintext = DecryptAt::new(file, size, &DecryptOptions::new(&keyring))?;
//! plaintext.seek(SeekFrom::End(-4))?;
//! let mut text = String::new();
//! plaintext.read_to_string(&mut text)?;
//! assert_eq!(text, "dawn");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Data keys
//!
//! For a cipher or a format of your own, [`generate_data_key`] makes a key and wraps it, as AWS KMS does. The wrapped key,
//! or blob, is stored with the data, and [`decrypt_data_key`] unwraps it.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let keyring = enwrap::KeyringOptions::new().create(folder.path().join("keyring.json"))?;
//! use enwrap::{DecryptOptions, EncryptOptions};
//!
//! let generated = enwrap::generate_data_key(32, &EncryptOptions::new(&keyring))?;
//! let again = enwrap::decrypt_data_key(&generated.blob, &DecryptOptions::new(&keyring))?;
//! assert_eq!(generated.data_key, again);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # A sealed keyring
//!
//! A keyring can be sealed with a passphrase. [`KeyringOptions`] opens it:
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("keyring.json");
//! # enwrap::KeyringOptions::new().passphrase("correct horse").create(&path)?;
//! let keyring = enwrap::KeyringOptions::new().passphrase("correct horse").open(path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//!
//! There is one [`Error`] type, with an [`ErrorKind`] for programs to act on. Readers and writers return it inside an
//! [`io::Error`](std::io::Error); `Error::from` takes it out.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let keyring = enwrap::KeyringOptions::new().create(folder.path().join("keyring.json"))?;
//! use enwrap::{DecryptOptions, ErrorKind};
//!
//! let read = enwrap::decrypt(&b"no message"[..], std::io::sink(), &DecryptOptions::new(&keyring));
//! match read.map_err(|error| error.kind()) {
//!     Ok(bytes) => println!("{bytes} bytes"),
//!     Err(ErrorKind::NoKey) => println!("another keyring?"),
//!     Err(ErrorKind::Truncated) => println!("fetch it again"),
//!     Err(kind) => println!("{kind:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What holds everywhere
//!
//! - **No panics.** No function panics on any input or option; where one does, that is a bug.
//! - **Units.** Lengths and positions are bytes, of the plaintext unless the text says otherwise. Times are the system's.
//! - **Secrets** ([`DataKey`], key material, passphrases) are wiped when they are dropped, and their `Debug` shows none of
//!   them. Plaintext in the caller's buffers is the caller's.
//! - **Threads.** Every type here is [`Send`] if the reader or writer in it is; [`Keyring`] and the options are also
//!   [`Sync`]. Threads are started only where
//!   [`EncryptOptions::threads`] or [`DecryptOptions::threads`] asks for them, and have ended when the call returns.
//! - **The format** is in `docs/format.md` of the repository, to which the items here refer by section. What stays compatible
//!   between versions is in `docs/library.md`: only what this documentation shows is public; modules that are hidden in it may
//!   change at any time.

#![forbid(unsafe_code)]

#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod crypto;
#[doc(hidden)]
pub mod fs;
#[doc(hidden)]
pub mod keyring;
#[doc(hidden)]
pub mod keys;
mod library;
#[doc(hidden)]
pub mod message;
#[doc(hidden)]
pub mod operations;
#[doc(hidden)]
pub mod pipeline;

#[doc(inline)]
pub use crypto::secret::DataKey;
#[doc(inline)]
pub use library::{
    DecryptAt, DecryptOptions, DecryptReader, EncryptOptions, EncryptWriter, Error, ErrorKind,
    GeneratedDataKey, Keyring, KeyringOptions, decrypt, decrypt_data_key, encrypt,
    generate_data_key, rewrap_data_key, verify_then_decrypt,
};
#[doc(inline)]
pub use pipeline::placed_frames::ReadAt;

/// The programs in pages for people, compiled and run as examples are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../docs/library.md")]
struct Pages;
