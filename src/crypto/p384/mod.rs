//! ECDSA on P-384 (FIPS 186-5), behind one interface, for the signatures of messages.
//!
//! There are two implementations, and the tests have each verify what the other signed. `aws_lc`, behind the feature
//! `aws-lc`, signs four times as fast and verifies three times as fast as `rustcrypto`, which counts where files are
//! small. (SHA-384 is no faster in AWS-LC than in the crate sha2, so that hashes.)

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(test, not(feature = "aws-lc")))]
#[cfg_attr(feature = "aws-lc", allow(unreachable_pub, reason = "only the tests use it then"))]
mod rustcrypto;

#[cfg(feature = "aws-lc")]
pub use aws_lc::{SigningKey, VerifyingKey};
#[cfg(not(feature = "aws-lc"))]
pub use rustcrypto::{SigningKey, VerifyingKey};

/// A digest by SHA-384, which is what is signed.
pub type Digest = [u8; 48];

/// A compressed point: the parity of its ordinate, and its abscissa (SEC 1, 2.3.3).
pub type Point = [u8; 49];

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! signatures_hold {
        ($name:ident, $signer:ident, $verifier:ident) => {
            #[test]
            fn $name() {
                for _ in 0..4 {
                    let [key, other] = [(); 2].map(|()| $signer::SigningKey::generate().unwrap());
                    let (point, signature) = (key.public_key(), key.sign(&[7; 48]).unwrap());
                    let holds = |point: &Point, digest: &Digest, signature: &[u8]| {
                        let key = $verifier::VerifyingKey::from_point(point).unwrap();
                        key.verifies(digest, signature)
                    };
                    assert!(holds(&point, &[7; 48], &signature));
                    assert!(!holds(&point, &[8; 48], &signature));
                    assert!(!holds(&other.public_key(), &[7; 48], &signature));
                    let (shorter, longer) =
                        (&signature[..signature.len() - 1], [&signature[..], &[0]].concat());
                    assert!(!holds(&point, &[7; 48], shorter));
                    assert!(!holds(&point, &[7; 48], &longer));
                }
                // No point of the curve has this abscissa.
                assert!($verifier::VerifyingKey::from_point(&[2; 49]).is_none());
            }
        };
    }

    signatures_hold!(of_rustcrypto_for_itself, rustcrypto, rustcrypto);
    #[cfg(feature = "aws-lc")]
    signatures_hold!(of_rustcrypto_for_aws_lc, rustcrypto, aws_lc);
    #[cfg(feature = "aws-lc")]
    signatures_hold!(of_aws_lc_for_rustcrypto, aws_lc, rustcrypto);
    #[cfg(feature = "aws-lc")]
    signatures_hold!(of_aws_lc_for_itself, aws_lc, aws_lc);
}
