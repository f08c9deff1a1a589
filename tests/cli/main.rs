//! End-to-end tests: the binary, as a shell runs it.
//!
//! What can be caught at a lower level is tested there, beside the code. These tests are hermetic:
//! each has its own folder and home, and nothing of the caller's environment.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod backups;
mod changing_keys;
mod children;
mod ci;
mod datakey;
mod docs;
mod edit;
mod examples;
mod exec;
mod failures;
mod files;
mod folders;
mod foreign_keys;
mod git;
mod helping;
mod keyring;
mod keys;
mod kinds;
mod kms_choice;
mod kms_keys;
mod lifecycle;
mod messages;
mod outputs;
mod parts;
mod passphrases;
mod producers;
mod progress;
mod recipients;
#[expect(clippy::disallowed_methods, reason = "what is tested here is a process")]
mod shell;
mod shipped;
mod signals;
mod streams;
mod survival;
mod sweeps;
mod terminal;
mod troubleshooting;
mod unchanged;
mod vectors;
mod wording;
