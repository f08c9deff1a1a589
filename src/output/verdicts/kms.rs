//! Verdicts on what AWS KMS did not do. Each hint is what helps against that cause, and no other.

use enwrap::keys::aws_kms::api::{KmsCause, KmsError, PREFIX};

use super::Verdict;
use crate::output::exit::Exit;
use crate::output::sanitize;

pub(super) fn verdict(error: &KmsError) -> Verdict {
    let KmsError { action, key, context, cause } = error;
    let cause = match cause {
        KmsCause::NotAskedAgain(cause) => cause,
        cause => cause,
    };
    match cause {
        KmsCause::NoCredentials => Exit::Kms.hint(
            "with SSO: aws sso login; else set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for credentials \
             that a command gives: eval \"$(aws configure export-credentials --format env)\"",
        ),
        KmsCause::ExpiredCredentials => {
            Exit::Kms.hint("get new ones, with SSO: aws sso login; and run this again")
        }
        KmsCause::InvalidCredentials => {
            Exit::Kms.hint("see whose they are: aws sts get-caller-identity; and the clock: date -u")
        }
        KmsCause::NoRegion => {
            Exit::Kms.hint("set AWS_REGION, or name the key by its ARN, which has its region")
        }
        KmsCause::AccessDenied => {
            let pairs = match &context[..] {
                [] => "; it has no encryption context, which a policy can ask for".to_owned(),
                keys => format!(
                    "; where it asks for an encryption context, the message has {}",
                    sanitize::text(&keys.join(", "))
                ),
            };
            Exit::Kms.hint(format!(
                "the key's policy, or a grant, has to allow kms:{action} to these credentials{pairs}"
            ))
        }
        KmsCause::NotFound => Exit::NoKey.hint(format!(
            "is it deleted, or of another region or account? see: aws kms describe-key --key-id {}",
            id_of(key)
        )),
        KmsCause::Disabled => {
            Exit::KeyDisabled.hint(format!("enable it: aws kms enable-key --key-id {}", id_of(key)))
        }
        KmsCause::PendingDeletion => Exit::KeyDisabled.hint(format!(
            "keep it: aws kms cancel-key-deletion --key-id {0}; and aws kms enable-key --key-id {0}",
            id_of(key)
        )),
        KmsCause::InvalidState => Exit::Kms
            .hint(format!("see its KeyState: aws kms describe-key --key-id {}", id_of(key))),
        KmsCause::WrongUsage => Exit::Kms.hint(
            "it takes a symmetric key with the usage ENCRYPT_DECRYPT; or a public half, imported with its ARN, of \
             one with the usage KEY_AGREEMENT",
        ),
        // What a message holds is said by who tried to open it; here, a request was refused.
        KmsCause::Refused | KmsCause::OtherKey => Exit::Authentication
            .hint("the context (-c K=V) or the key is not the one that it was made with"),
        KmsCause::Throttled => Exit::Kms.hint(
            "ask less at once with --kms-concurrency, try again later, or raise the quota of the account",
        ),
        KmsCause::Internal => Exit::Kms.hint("try again later"),
        KmsCause::Unreachable(_) => Exit::Kms.hint(
            "try again when it can be reached; the region is in the key's ARN, else in AWS_REGION; another endpoint \
             is in AWS_ENDPOINT_URL_KMS",
        ),
        KmsCause::Untrusted(_) => Exit::Kms.hint(
            "is it AWS, and is the clock right? the certificates of authorities are those of this system (on Debian, the \
             package ca-certificates), or, where it has none, those in the file that SSL_CERT_FILE names",
        ),
        KmsCause::TimedOut { .. } => {
            Exit::Kms.hint("try again when it answers faster, or wait longer with --kms-timeout")
        }
        KmsCause::BadAnswer(_) => Exit::Kms.hint(
            "something between here and AWS answers in its place: see AWS_ENDPOINT_URL_KMS and the proxies",
        ),
        KmsCause::Invalid(_) | KmsCause::NotAsked | KmsCause::NotAskedAgain(_) => Exit::Kms.into(),
        KmsCause::Setup(_) => {
            Exit::Kms.hint("see AWS_ENDPOINT_URL_KMS, AWS_ENDPOINT_URL and the profile: aws configure list")
        }
        KmsCause::NotBuilt => Exit::NotAMessage
            .hint("the packages have it; or build it: cargo install enwrap --features aws-kms"),
    }
}

/// A key as the AWS CLI takes it.
fn id_of(key: &str) -> String {
    match key.strip_prefix(PREFIX).unwrap_or(key) {
        "" => "KEY".to_owned(),
        id => sanitize::text(id),
    }
}
