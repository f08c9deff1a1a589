//! What every other room may use: bytes that wipe themselves, random numbers, and AES-GCM.
//!
//! - [`secret`]: secrets as types; [`engine`]: the implementations of AES-GCM

pub mod engine;
pub mod secret;
