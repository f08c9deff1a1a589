//! Records at the end of a command that worked on several things.

use std::collections::BTreeMap;

use enwrap::keys::aws_kms::client::calls::KmsCalls;
use serde::Serialize;

use super::error::Failure;

/// A run over files. `C` are the counts of the verb.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<C> {
    /// Files that were worked on: all but those that were passed over.
    pub(crate) files: usize,
    pub(crate) failed: usize,
    /// Files that were not begun, of a run that a full disk has stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) not_tried: Option<usize>,
    /// Files that were written to while they were read; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sources_changed: Option<usize>,
    /// Links that were made again; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) links: Option<usize>,
    #[serde(flatten)]
    pub(crate) kms: KmsCounts,
    #[serde(flatten)]
    pub(crate) counts: C,
    /// Of a run over folders; at most 1,000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) failures: Vec<Failure>,
}

/// How much AWS KMS was asked. Each is left out where it is zero.
#[derive(Debug, Serialize)]
pub(crate) struct KmsCounts {
    /// Calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_calls: Option<u64>,
    /// Answers that there were too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_throttled: Option<u64>,
    /// Of a dry run: the calls that it would make at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_calls_expected: Option<u64>,
}

impl From<&KmsCalls> for KmsCounts {
    fn from(calls: &KmsCalls) -> Self {
        let if_any = |count: u64| Some(count).filter(|count| *count > 0);
        Self {
            kms_calls: if_any(calls.made()),
            kms_throttled: if_any(calls.throttled()),
            kms_calls_expected: if_any(calls.expected()),
        }
    }
}

/// Of `encrypt`, `decrypt` and `verify` without `-r`, and `inspect`.
#[derive(Debug, Serialize)]
pub(crate) struct NoCounts {}

/// Of a run over folders: the counts of the verb, and how many files were passed over, by reason.
#[derive(Debug, Serialize)]
pub(crate) struct OfTree<C> {
    #[serde(flatten)]
    pub(crate) counts: C,
    pub(crate) skipped: BTreeMap<&'static str, usize>,
}

/// Of `encrypt -r`, `decrypt -r` and `verify -r`: how many files the verb is done with.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    Encrypted(usize),
    /// Of a dry run.
    #[serde(rename = "encrypted")]
    WouldBeEncrypted(usize),
    Decrypted(usize),
    Verified(usize),
}

impl Done {
    /// After a number.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Encrypted(_) => "encrypted",
            Self::WouldBeEncrypted(_) => "would be encrypted",
            Self::Decrypted(_) => "decrypted",
            Self::Verified(_) => "verified",
        }
    }
}

/// Of `rewrap`.
#[derive(Debug, Serialize)]
pub(crate) struct RewrapCounts {
    pub(crate) rewrapped: usize,
    pub(crate) already_so: usize,
}

/// Of `reencrypt`.
#[derive(Debug, Serialize)]
pub(crate) struct ReencryptCounts {
    pub(crate) reencrypted: usize,
}

/// Of `key usage`.
#[derive(Debug, Serialize)]
pub(crate) struct UsageCounts {
    pub(crate) messages: usize,
    pub(crate) need_old_version: usize,
    pub(crate) by_envelope_only: usize,
    pub(crate) closed: usize,
}

/// Of `key purge --check`.
#[derive(Debug, Serialize)]
pub(crate) struct PurgeCheckCounts {
    pub(crate) messages: usize,
    /// Wrapped data keys.
    pub(crate) blobs: usize,
    /// Files that are no messages that can be read, and speak of enwrap.
    pub(crate) suspects: usize,
    pub(crate) needed: usize,
    pub(crate) by_envelope_only: usize,
}

/// Of `git check`.
#[derive(Debug, Serialize)]
pub(crate) struct GitCheckCounts {
    pub(crate) files: usize,
    pub(crate) findings: usize,
}

/// Of `keyring check`.
#[derive(Debug, Serialize)]
pub(crate) struct KeyringCounts {
    pub(crate) keys: usize,
    pub(crate) versions: usize,
    pub(crate) generations: usize,
    pub(crate) findings: usize,
}
