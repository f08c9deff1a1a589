//! What each verb does, without a terminal.

#[cfg(test)]
mod asymmetric_answers;
pub mod datakey;
pub mod decrypt;
pub mod encrypt;
pub mod keyring_check;
#[cfg(test)]
mod known_answers;
pub mod reencrypt;
pub mod rewrap;
pub mod usage;
pub mod verify_first;
