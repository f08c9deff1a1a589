//! What is computed in elliptic-curve Diffie-Hellman, behind one interface, in constant time: the public key of a private
//! key, and the secret of two keys.
//!
//! There are two implementations, and the same tests run on both. AWS-LC, behind the feature `aws-lc`, is some five times
//! as fast on P-256, which decides about the time that a tree of small files takes.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(any(not(feature = "aws-lc"), test))]
mod rustcrypto;

#[cfg(feature = "aws-lc")]
pub(super) use aws_lc::Private;
#[cfg(not(feature = "aws-lc"))]
pub(super) use rustcrypto::Private;

#[cfg(all(test, feature = "aws-lc"))]
mod tests {
    use super::{aws_lc, rustcrypto};
    use crate::crypto::ec::{Curve, EcPrivateKey};

    #[test]
    fn the_implementations_agree() {
        for curve in Curve::ALL {
            for _ in 0..20 {
                let [a, b] = [(); 2].map(|()| EcPrivateKey::generate(curve).unwrap());
                let scalar = a.into_scalar();
                let first = aws_lc::Private::read(curve, scalar.expose()).unwrap();
                let second = rustcrypto::Private::read(curve, scalar.expose()).unwrap();
                assert_eq!(first.public_point(), second.public_point());
                let other = b.public().uncompressed();
                let shared = first.shared_with(other).unwrap();
                assert_eq!(second.shared_with(other), Some(shared));
            }
            for bad in [vec![0; curve.scalar_len()], vec![0xFF; curve.scalar_len()], vec![1; 5]] {
                assert!(aws_lc::Private::read(curve, &bad).is_none());
                assert!(rustcrypto::Private::read(curve, &bad).is_none());
            }
        }
    }
}
