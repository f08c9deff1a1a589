//! The errors of the AWS SDK as causes that a person can do something about.

use std::error::Error;
use std::iter::successors;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use http_body_util::LengthLimitError;

use super::watch::Progress;
use crate::keys::aws_kms::api::KmsCause;

/// The most characters of a foreign text that are shown.
const MOST_SHOWN: usize = 300;

/// Why a call failed that the SDK gave up.
pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, progress: &Progress) -> KmsCause
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => of_service(answer.err(), answer.raw().status().as_u16()),
        SdkError::ConstructionFailure(_) => KmsCause::Invalid(shown(&deepest(error))),
        SdkError::DispatchFailure(_) if chain(error).any(|it| it.is::<CredentialsError>()) => {
            without_credentials(error)
        }
        // Such as an endpoint that is no URL.
        SdkError::DispatchFailure(_) if !progress.was_sent() => {
            KmsCause::Setup(shown(&deepest(error)))
        }
        _ => broken(error),
    }
}

/// Why the service did not do it, by the code of its error; by the status where an answer has none.
///
/// The codes are compared as text, because all operations have the same, and some are in no model: those of the layers
/// before AWS KMS, which look at credentials and rates.
pub(super) fn of_service(error: &impl ProvideErrorMetadata, status: u16) -> KmsCause {
    let Some(code) = error.code() else {
        return match status {
            200..=299 => KmsCause::BadAnswer("it is not what AWS KMS answers"),
            429 => KmsCause::Throttled,
            500..=599 => KmsCause::Internal,
            _ => KmsCause::BadAnswer("it is an error, and not one of AWS KMS"),
        };
    };
    let message = error.message().unwrap_or_default();
    match code {
        "NotFoundException" => KmsCause::NotFound,
        "DisabledException" => KmsCause::Disabled,
        "KMSInvalidStateException" => in_state(message),
        "InvalidCiphertextException" => KmsCause::Refused,
        "IncorrectKeyException" => KmsCause::OtherKey,
        "InvalidKeyUsageException" | "UnsupportedOperationException" => KmsCause::WrongUsage,
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "OptInRequired" => {
            KmsCause::AccessDenied
        }
        "ExpiredTokenException" | "ExpiredToken" | "TokenRefreshRequired" => {
            KmsCause::ExpiredCredentials
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "RequestExpired" => KmsCause::InvalidCredentials,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "LimitExceededException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "SlowDown" => KmsCause::Throttled,
        "KMSInternalException"
        | "KeyUnavailableException"
        | "DependencyTimeoutException"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "RequestTimeout" => KmsCause::Internal,
        _ if status == 429 => KmsCause::Throttled,
        _ if status >= 500 => KmsCause::Internal,
        _ => KmsCause::Invalid(shown(&format!("{code}: {message}"))),
    }
}

/// `arn:.. is pending deletion.`, `is pending import.`, `is unavailable.`; there is no field that says it.
fn in_state(message: &str) -> KmsCause {
    let is_ending =
        ["pending deletion", "pending replica deletion"].iter().any(|it| message.contains(it));
    if is_ending { KmsCause::PendingDeletion } else { KmsCause::InvalidState }
}

/// Why there is no whole answer.
pub(super) fn broken(error: &(dyn Error + 'static)) -> KmsCause {
    if chain(error).any(|it| it.is::<LengthLimitError>()) {
        return KmsCause::BadAnswer("it is longer than any of AWS KMS");
    }
    let deepest = shown(&deepest(error));
    // The SDK does not name rustls's type, and has no condition for it.
    if deepest.starts_with("invalid peer certificate") {
        return KmsCause::Untrusted(deepest);
    }
    KmsCause::Unreachable(deepest)
}

/// The SDK has no type for it: a provider says in words that what it was given has expired.
fn without_credentials(error: &(dyn Error + 'static)) -> KmsCause {
    if chain(error).any(|it| it.to_string().to_ascii_lowercase().contains("expired")) {
        KmsCause::ExpiredCredentials
    } else {
        KmsCause::NoCredentials
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |error| Error::source(*error))
}

/// What the last of an error's causes says. The ones above it only say that there was an error.
fn deepest(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// A foreign text, so that it can be shown.
fn shown(text: &str) -> String {
    let harmless = |it: char| if it.is_control() { char::REPLACEMENT_CHARACTER } else { it };
    text.chars().map(harmless).take(MOST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::error::ErrorMetadata;

    use super::*;

    #[test]
    fn each_error_of_the_service_is_one_cause() {
        let invalid = |text: &str| KmsCause::Invalid(text.to_owned());
        for (status, code, message, cause) in [
            (400, "NotFoundException", "Alias .. is not found.", KmsCause::NotFound),
            (400, "DisabledException", "arn is disabled.", KmsCause::Disabled),
            (400, "KMSInvalidStateException", "a is pending deletion.", KmsCause::PendingDeletion),
            (400, "KMSInvalidStateException", "a is pending import.", KmsCause::InvalidState),
            (
                400,
                "KMSInvalidStateException",
                "a is pending replica deletion.",
                KmsCause::PendingDeletion,
            ),
            (400, "InvalidCiphertextException", "", KmsCause::Refused),
            (400, "IncorrectKeyException", "", KmsCause::OtherKey),
            (400, "ThrottlingException", "", KmsCause::Throttled),
            (400, "LimitExceededException", "", KmsCause::Throttled),
            (400, "InvalidKeyUsageException", "", KmsCause::WrongUsage),
            (400, "AccessDeniedException", "User .. is not authorized", KmsCause::AccessDenied),
            (400, "ExpiredTokenException", "The security token ..", KmsCause::ExpiredCredentials),
            (400, "UnrecognizedClientException", "", KmsCause::InvalidCredentials),
            (400, "InvalidSignatureException", "", KmsCause::InvalidCredentials),
            (400, "IncompleteSignature", "", KmsCause::InvalidCredentials),
            (
                400,
                "ValidationException",
                "one\nerror",
                invalid("ValidationException: one\u{FFFD}error"),
            ),
            (400, "InvalidGrantTokenException", "", invalid("InvalidGrantTokenException: ")),
            (418, "Teapot", "", invalid("Teapot: ")),
            (500, "KMSInternalException", "", KmsCause::Internal),
            (500, "KeyUnavailableException", "", KmsCause::Internal),
            (503, "DependencyTimeoutException", "", KmsCause::Internal),
            (503, "Unheard", "", KmsCause::Internal),
            (429, "Unheard", "", KmsCause::Throttled),
            (400, "InternalFailure", "", KmsCause::Internal),
            (400, "RequestTimeout", "", KmsCause::Internal),
        ] {
            let error = ErrorMetadata::builder().code(code).message(message).build();
            assert_eq!(of_service(&error, status), cause, "{code}");
        }
        let without_code = ErrorMetadata::builder().build();
        assert_eq!(of_service(&without_code, 503), KmsCause::Internal);
        assert_eq!(of_service(&without_code, 429), KmsCause::Throttled);
        for status in [200, 302, 403] {
            assert!(matches!(of_service(&without_code, status), KmsCause::BadAnswer(_)));
        }
    }

    #[test]
    fn a_certificate_that_nobody_here_trusts_is_told_from_a_network_that_is_down() {
        let untrusted = std::io::Error::other("invalid peer certificate: UnknownIssuer");
        assert!(matches!(broken(&untrusted), KmsCause::Untrusted(_)));
        let down = std::io::Error::other("Connection refused");
        assert!(matches!(broken(&down), KmsCause::Unreachable(_)));
    }
}
