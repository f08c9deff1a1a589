//! Whether a keyring is what it should be, beyond what every command looks at when it reads it.

use std::fmt;
use std::path::PathBuf;

use super::generations::RemnantKind;
use super::{Decoded, Store};
use crate::clock::now;
use crate::keyring::model::key::KeyVersion;
use crate::keyring::model::name::KeyId;
use crate::keyring::store::error::KeyringError;
use crate::keys::provider::Provider as _;
use crate::message::context::EncryptionContext;

/// What a look at a keyring found.
#[derive(Debug)]
pub struct Checked {
    /// Keys.
    pub keys: usize,
    /// Versions of all keys, each of which wrapped and unwrapped a data key, or is a finding.
    pub versions: usize,
    /// Earlier generations beside it.
    pub generations: usize,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
}

/// Something about a keyring that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub enum Finding {
    /// What it wraps does not unwrap.
    DoesNotUnwrap {
        /// The key.
        key: KeyId,
        /// Its version.
        version: u32,
    },
    /// Two versions are one secret under two names.
    SameMaterial {
        /// One.
        first: (KeyId, u32),
        /// The other.
        second: (KeyId, u32),
    },
    /// A process died while it saved.
    Abandoned(PathBuf),
    /// An earlier generation that could not be put back; the reason names it.
    Unreadable(String),
    /// An earlier generation in the clear, beside a sealed keyring.
    Unsealed(PathBuf),
    /// An earlier generation with key versions whose destruction was interrupted.
    HoldsDestroyed(PathBuf),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoesNotUnwrap { key, version } => {
                write!(f, "key {key} version {version} does not unwrap what it wraps")
            }
            Self::SameMaterial { first: (a, m), second: (b, n) } => {
                write!(f, "key {a} version {m} and key {b} version {n} are the same secret")
            }
            Self::Abandoned(path) => {
                write!(f, "'{}' was left by a process that died", path.display())
            }
            Self::Unreadable(reason) => f.write_str(reason),
            Self::Unsealed(path) => write!(f, "'{}' holds keys in the clear", path.display()),
            Self::HoldsDestroyed(path) => {
                write!(f, "'{}' holds key versions that were to be destroyed", path.display())
            }
        }
    }
}

impl Store {
    /// Reads the keyring with all that is checked on the way, has every version wrap and unwrap a data
    /// key, and looks at what stands beside it.
    ///
    /// # Errors
    /// [`KeyringError`], where it cannot even be read.
    pub fn check(&self) -> Result<Checked, KeyringError> {
        let Decoded { keyring, is_sealed, .. } = self.load_decoded()?;
        let mut findings = Vec::new();
        let versions: Vec<_> = keyring.versions().collect();
        for (at, (key, version)) in versions.iter().enumerate() {
            if !unwraps_what_it_wraps(version) {
                findings.push(Finding::DoesNotUnwrap { key: key.id(), version: version.number });
            }
            let is_same = |(_, other): &&(_, &KeyVersion)| {
                version.material.is_some() && other.material == version.material
            };
            if let Some((other, same)) = versions[..at].iter().find(is_same) {
                let (first, second) = ((other.id(), same.number), (key.id(), version.number));
                findings.push(Finding::SameMaterial { first, second });
            }
        }
        let mut generations = 0;
        for remnant in self.remnants()? {
            match remnant.kind {
                RemnantKind::Other => {}
                RemnantKind::Abandoned => findings.push(Finding::Abandoned(remnant.path)),
                RemnantKind::Generation(_) => {
                    generations += 1;
                    if is_sealed && !remnant.is_sealed() {
                        findings.push(Finding::Unsealed(remnant.path));
                        continue;
                    }
                    match self.load_remnant(&remnant) {
                        Err(error) => {
                            findings.push(Finding::Unreadable(error.to_string()));
                        }
                        Ok(mut old) => {
                            let due = old.destroy_due(&[], now());
                            let is_gone = due.iter().any(|it| {
                                let material = &it.version.material;
                                versions.iter().all(|(_, held)| held.material != *material)
                            });
                            if is_gone {
                                findings.push(Finding::HoldsDestroyed(remnant.path));
                            }
                        }
                    }
                }
            }
        }
        let (keys, versions) = (keyring.keys().len(), versions.len());
        Ok(Checked { keys, versions, generations, findings })
    }
}

fn unwraps_what_it_wraps(version: &KeyVersion) -> bool {
    // What AWS KMS keeps is AWS KMS's to check.
    let Some(provider) = version.provider() else { return version.material.is_none() };
    let mut context = EncryptionContext::default();
    context.insert("purpose", "check").is_ok()
        && provider.generate(32, &context).is_ok_and(|(data_key, wrapped)| {
            provider.unwrap(&wrapped, &context).is_ok_and(|unwrapped| unwrapped == data_key)
        })
}
