//! Keys for elliptic-curve Diffie-Hellman (SEC 1, section 3.3.1) on the curves P-256, P-384 and P-521.
//!
//! A public key is a compressed point (SEC 1, section 2.3.3). The point at infinity, points beside the curve, and the
//! uncompressed and hybrid forms are refused where a public key is read; a private key of zero, or not below the order of
//! the curve, where that is read.

use std::fmt;
use std::io;

use rand::rngs::SysRng;
use zeroize::Zeroize as _;

use super::agreement::Private;
use super::secret::SecretBytes;
use super::stack;

/// A curve of the raw ECDH keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256 (secp256r1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// NIST P-521 (secp521r1).
    P521,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// Returns what enwrap and the key derivation of the raw ECDH keyring call the curve.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::P521 => "p521",
        }
    }

    /// Returns the length of a private key, and of a shared secret, in bytes.
    #[must_use]
    pub fn scalar_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Returns the length of a public key in bytes.
    #[must_use]
    pub fn point_len(self) -> usize {
        1 + self.scalar_len()
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Evaluates an expression with the crate of a curve under one name.
macro_rules! on_curve {
    ($curve:expr, $krate:ident => $body:expr) => {
        match $curve {
            $crate::crypto::ec::Curve::P256 => {
                use p256 as $krate;
                $body
            }
            $crate::crypto::ec::Curve::P384 => {
                use p384 as $krate;
                $body
            }
            $crate::crypto::ec::Curve::P521 => {
                use p521 as $krate;
                $body
            }
        }
    };
}
#[cfg(any(not(feature = "aws-lc"), test))]
pub(super) use on_curve;

/// A public key: a point of its curve that is not the point at infinity.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPublicKey {
    curve: Curve,
    uncompressed: Box<[u8]>,
    compressed: Box<[u8]>,
}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPublicKey({} {})", self.curve, hex::encode(&self.compressed))
    }
}

impl EcPublicKey {
    /// Reads a compressed point; `None` if `bytes` are no such point of `curve`.
    #[must_use]
    pub fn read(curve: Curve, bytes: &[u8]) -> Option<Self> {
        let is_compressed = matches!(bytes, [2 | 3, ..]) && bytes.len() == curve.point_len();
        is_compressed.then(|| Self::read_any_form(curve, bytes)).flatten()
    }

    /// Takes the uncompressed form of a point that is proved to be one of `curve`.
    fn of_point(curve: Curve, uncompressed: Box<[u8]>) -> Self {
        let (x, y) = uncompressed[1..].split_at(curve.scalar_len());
        let is_odd = y.last().map_or(0, |byte| byte & 1);
        let compressed = [&[2 + is_odd], x].concat().into();
        Self { curve, uncompressed, compressed }
    }

    /// Reads a point as other tools write it, compressed or not; `None` if `bytes` are no point of `curve`.
    ///
    /// Only files of keys have uncompressed points. In a message they would be a second spelling of a key.
    #[must_use]
    pub fn read_any_form(curve: Curve, bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes, [2..=4, ..]) {
            return None;
        }
        let point = on_curve!(curve, lib => {
            use lib::elliptic_curve::sec1::ToSec1Point as _;

            lib::PublicKey::from_sec1_bytes(bytes).ok()?.to_sec1_point(false).to_bytes()
        });
        Some(Self::of_point(curve, point))
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The compressed point, by which a message names the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.compressed
    }

    /// The uncompressed point.
    #[must_use]
    pub fn uncompressed(&self) -> &[u8] {
        &self.uncompressed
    }
}

/// A private key. It is wiped when it is dropped.
#[derive(Debug)]
pub struct EcPrivateKey {
    public: EcPublicKey,
    private: Private,
    scalar: SecretBytes,
}

impl EcPrivateKey {
    /// Draws a new private key.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate(curve: Curve) -> io::Result<Self> {
        let scalar = stack::wipe_after(|| {
            on_curve!(curve, lib => {
                use lib::elliptic_curve::Generate as _;

                let secret = lib::SecretKey::try_generate_from_rng(&mut SysRng)
                    .map_err(io::Error::other)?;
                let mut bytes = secret.to_bytes();
                let scalar = SecretBytes::copy_of(&bytes);
                bytes.zeroize();
                Ok::<_, io::Error>(scalar)
            })
        })?;
        Self::read(curve, scalar).ok_or_else(|| io::ErrorKind::Other.into())
    }

    /// Reads a private key, an integer as long as the field; `None` if `curve` has no such private key.
    #[must_use]
    pub fn read(curve: Curve, scalar: SecretBytes) -> Option<Self> {
        stack::wipe_after(|| {
            let private = Private::read(curve, scalar.expose())?;
            let public = EcPublicKey::of_point(curve, private.public_point()?);
            Some(Self { public, private, scalar })
        })
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> &EcPublicKey {
        &self.public
    }

    /// The integer, as long as the field.
    #[must_use]
    pub fn scalar(&self) -> &SecretBytes {
        &self.scalar
    }

    /// The integer, as long as the field.
    #[must_use]
    pub fn into_scalar(self) -> SecretBytes {
        self.scalar
    }

    /// Returns the secret that this key shares with `other`: the x coordinate of the shared point. `None` if the keys are
    /// of different curves.
    #[must_use]
    pub fn agree(&self, other: &EcPublicKey) -> Option<SecretBytes> {
        if other.curve != self.public.curve {
            return None;
        }
        stack::wipe_after(|| self.private.shared_with(&other.uncompressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(scalar: &SecretBytes) -> SecretBytes {
        SecretBytes::copy_of(scalar.expose())
    }

    #[test]
    fn two_keys_of_a_curve_share_a_secret_and_keys_of_two_curves_do_not() {
        for curve in Curve::ALL {
            let [a, b] = [(); 2].map(|()| EcPrivateKey::generate(curve).unwrap());
            let shared = a.agree(b.public()).unwrap();
            assert_eq!(shared.len(), curve.scalar_len());
            assert_eq!(b.agree(a.public()), Some(shared));
            let again = EcPrivateKey::read(curve, copy(&a.scalar)).unwrap();
            assert_eq!(again.public(), a.public());
            for other in Curve::ALL.into_iter().filter(|other| *other != curve) {
                assert!(EcPrivateKey::generate(other).unwrap().agree(a.public()).is_none());
                assert!(EcPrivateKey::read(other, copy(&a.scalar)).is_none());
                assert!(EcPublicKey::read(other, a.public().as_bytes()).is_none());
            }
        }
    }

    /// NIST CAVP, ECC CDH primitive (SP 800-56A), the first vector of each curve.
    #[test]
    fn the_known_answers_of_nist_are_met() {
        let vectors = [
            (
                Curve::P256,
                "03700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287",
                "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
                "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
            ),
            (
                Curve::P384,
                "02a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066",
                "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
                "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1",
            ),
            (
                Curve::P521,
                "0200685a48e86c79f0f0875f7bc18d25eb5fc8c0b07e5da4f4370f3a9490340854334b1e1b87fa395464c60626124a4e70d0f785601d37c09870ebf176666877a2046d",
                "017eecc07ab4b329068fba65e56a1f8890aa935e57134ae0ffcce802735151f4eac6564f6ee9974c5e6887a1fefee5743ae2241bfeb95d5ce31ddcb6f9edb4d6fc47",
                "005fc70477c3e63bc3954bd0df3ea0d1f41ee21746ed95fc5e1fdf90930d5e136672d72cc770742d1711c3c3a4c334a0ad9759436a4d3c5bf6e74b9578fac148c831",
            ),
        ];
        for (curve, point, scalar, shared) in vectors {
            let point = EcPublicKey::read(curve, &hex::decode(point).unwrap()).unwrap();
            let scalar = SecretBytes::copy_of(&hex::decode(scalar).unwrap());
            let key = EcPrivateKey::read(curve, scalar).unwrap();
            assert_eq!(hex::encode(key.agree(&point).unwrap().expose()), shared, "{curve}");
        }
    }

    #[test]
    fn only_compressed_points_of_the_curve_are_public_keys() {
        for curve in Curve::ALL {
            let key = EcPrivateKey::generate(curve).unwrap();
            let point = key.public().as_bytes().to_vec();
            // y^2 = x^3 - 3x + b has no solution for about half of all x, and none for an x that is not below the prime.
            let beside = (0..=255).map(|byte| {
                let mut other = point.clone();
                other[curve.point_len() - 1] = byte;
                other
            });
            assert!(beside.clone().any(|other| EcPublicKey::read(curve, &other).is_none()));
            assert!(beside.into_iter().any(|other| EcPublicKey::read(curve, &other).is_some()));
            let mut beyond = vec![0xFF; curve.point_len()];
            beyond[0] = 2;
            let uncompressed = [&[4][..], &vec![0; 2 * curve.scalar_len()]].concat();
            let hybrid = [&[6][..], &point[1..]].concat();
            for bad in [&[][..], &[0], &point[1..], &beyond, &uncompressed, &hybrid] {
                assert_eq!(EcPublicKey::read(curve, bad), None);
            }
        }
    }

    #[test]
    fn zero_and_what_is_not_below_the_order_are_no_private_keys() {
        for curve in Curve::ALL {
            for byte in [0, 0xFF] {
                let scalar = SecretBytes::copy_of(&vec![byte; curve.scalar_len()]);
                assert!(EcPrivateKey::read(curve, scalar).is_none());
            }
        }
    }
}
