//! Key pairs and public keys in the DER that other tools write: PKCS#8 `PrivateKeyInfo` (RFC 5958) and
//! `SubjectPublicKeyInfo` (RFC 5280), which name their algorithm; and the older SEC 1 `ECPrivateKey` (RFC 5915) and
//! PKCS#1 `RSAPrivateKey` and `RSAPublicKey` (RFC 8017), which are for one.

use p256::elliptic_curve::ALGORITHM_OID as EC;
use p256::pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use p256::pkcs8::der::{Decode as _, Encode as _, SecretDocument, SliceReader, Tag, Tagged as _};
use p256::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use p256::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::EcPrivateKey as EcPrivateKeyInfo;

use super::ec::{Curve, EcPrivateKey, EcPublicKey};
use super::rsa::{self, RsaFault, RsaPrivateKey, RsaPublicKey};
use super::secret::SecretBytes;
use super::stack;

/// `rsaEncryption`. `id-RSASSA-PSS` is another algorithm: such keys are for signatures only.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What else is met in files of keys.
const OTHER_ALGORITHMS: [(&str, &str); 12] = [
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10046.2.1", "Diffie-Hellman"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.3.1", "Diffie-Hellman"),
    ("1.3.101.110", "X25519"),
    ("1.3.101.111", "X448"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.4.1", "ML-KEM-512"),
    ("2.16.840.1.101.3.4.4.2", "ML-KEM-768"),
    ("2.16.840.1.101.3.4.4.3", "ML-KEM-1024"),
];

const CURVES: [(&str, Curve); 3] = [
    ("1.2.840.10045.3.1.7", Curve::P256),
    ("1.3.132.0.34", Curve::P384),
    ("1.3.132.0.35", Curve::P521),
];

const OTHER_CURVES: [(&str, &str); 6] = [
    ("1.2.840.10045.3.1.1", "P-192"),
    ("1.3.132.0.33", "P-224"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
];

/// Why DER is no key that is used. It names algorithms and sizes, and shows nothing else of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DerFault {
    /// The bytes have not the structure of a key.
    #[error("it holds no key: its structure is damaged")]
    Malformed,
    /// A key of another algorithm.
    #[error("a key of the algorithm {0} is not used")]
    Algorithm(String),
    /// A key on another curve.
    #[error("a key on the curve {0} is not used")]
    Curve(String),
    /// A point that is not on its curve, or an integer that is none of its private keys.
    #[error("it holds no key of the curve {0}")]
    NotOfCurve(Curve),
    /// A private key with another one's public key.
    #[error("its private half and its public half do not belong together")]
    Halves,
    /// An RSA key that cannot be used.
    #[error(transparent)]
    Rsa(#[from] RsaFault),
}

/// A private key, which has its public half.
#[derive(Debug)]
pub enum PrivateKey {
    /// On an elliptic curve.
    Ec(EcPrivateKey),
    /// RSA.
    Rsa {
        /// As PKCS#8, with nothing beside the key.
        pkcs8: SecretBytes,
        /// What decrypts with it.
        key: RsaPrivateKey,
    },
}

/// A public key.
#[derive(Debug)]
pub enum PublicKey {
    /// On an elliptic curve.
    Ec(EcPublicKey),
    /// RSA.
    Rsa(RsaPublicKey),
}

/// Reads a PKCS#8 `PrivateKeyInfo`.
///
/// # Errors
/// [`DerFault`].
pub fn read_pkcs8(der: &[u8]) -> Result<PrivateKey, DerFault> {
    stack::wipe_after(|| {
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| DerFault::Malformed)?;
        let key = info.private_key.as_bytes();
        match info.algorithm.oid {
            EC => ec_private(key, Some(curve_of(&info.algorithm)?)),
            RSA => read_pkcs1(key),
            other => Err(DerFault::Algorithm(name_in(&OTHER_ALGORITHMS, other))),
        }
    })
}

/// Returns the key within a PKCS#8 `PrivateKeyInfo`, such as PKCS#1 has it.
#[must_use]
pub fn within_pkcs8(der: &[u8]) -> Option<&[u8]> {
    PrivateKeyInfoRef::from_der(der).ok().map(|info| info.private_key.as_bytes())
}

/// Reads a SEC 1 `ECPrivateKey`, which names its curve.
///
/// # Errors
/// [`DerFault`].
pub fn read_sec1(der: &[u8]) -> Result<PrivateKey, DerFault> {
    stack::wipe_after(|| ec_private(der, None))
}

/// Reads a PKCS#1 `RSAPrivateKey`.
///
/// # Errors
/// [`DerFault`].
pub fn read_pkcs1(der: &[u8]) -> Result<PrivateKey, DerFault> {
    stack::wipe_after(|| {
        // The version stands before the modulus.
        require_size(der, 1)?;
        let key = OctetStringRef::new(der).map_err(|_| DerFault::Malformed)?;
        let info = PrivateKeyInfoRef::new(rsa_algorithm(), key);
        let pkcs8 = SecretDocument::encode_msg(&info).map_err(|_| DerFault::Malformed)?;
        let pkcs8 = SecretBytes::copy_of(pkcs8.as_bytes());
        let key = RsaPrivateKey::read(&pkcs8)?;
        Ok(PrivateKey::Rsa { pkcs8, key })
    })
}

/// Reads a `SubjectPublicKeyInfo`. The point of an elliptic-curve key may be compressed or not.
///
/// # Errors
/// [`DerFault`].
pub fn read_spki(der: &[u8]) -> Result<PublicKey, DerFault> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| DerFault::Malformed)?;
    let key = info.subject_public_key.as_bytes().ok_or(DerFault::Malformed)?;
    match info.algorithm.oid {
        EC => {
            let curve = curve_of(&info.algorithm)?;
            let key = EcPublicKey::read_any_form(curve, key);
            key.map(PublicKey::Ec).ok_or(DerFault::NotOfCurve(curve))
        }
        RSA => read_pkcs1_public(key),
        other => Err(DerFault::Algorithm(name_in(&OTHER_ALGORITHMS, other))),
    }
}

/// Reads a PKCS#1 `RSAPublicKey`.
///
/// # Errors
/// [`DerFault`].
pub fn read_pkcs1_public(der: &[u8]) -> Result<PublicKey, DerFault> {
    require_size(der, 0)?;
    let key = BitStringRef::from_bytes(der).map_err(|_| DerFault::Malformed)?;
    let info = SubjectPublicKeyInfoRef { algorithm: rsa_algorithm(), subject_public_key: key };
    let spki = info.to_der().map_err(|_| DerFault::Malformed)?;
    Ok(PublicKey::Rsa(RsaPublicKey::read(&spki)?))
}

/// Writes a key on a curve as PKCS#8 `PrivateKeyInfo`, with its public half.
///
/// The library would compute the public half once more, which takes more of the stack than is wiped.
#[must_use]
pub fn write_pkcs8(key: &EcPrivateKey) -> Option<SecretBytes> {
    stack::wipe_after(|| {
        let oid = oid_of(key.public().curve())?;
        let key = EcPrivateKeyInfo {
            private_key: key.scalar().expose(),
            parameters: None,
            public_key: Some(key.public().uncompressed()),
        };
        let key = SecretDocument::encode_msg(&key).ok()?;
        let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&oid).into()) };
        let key = OctetStringRef::new(key.as_bytes()).ok()?;
        let pkcs8 = SecretDocument::encode_msg(&PrivateKeyInfoRef::new(algorithm, key)).ok()?;
        Some(SecretBytes::copy_of(pkcs8.as_bytes()))
    })
}

/// Writes a public key on a curve as `SubjectPublicKeyInfo`, with an uncompressed point, which every tool reads.
#[must_use]
pub fn write_spki(key: &EcPublicKey) -> Option<Vec<u8>> {
    let oid = oid_of(key.curve())?;
    let algorithm = AlgorithmIdentifierRef { oid: EC, parameters: Some((&oid).into()) };
    let subject_public_key = BitStringRef::from_bytes(key.uncompressed()).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}

fn oid_of(curve: Curve) -> Option<ObjectIdentifier> {
    let (oid, _) = CURVES.iter().find(|(_, known)| *known == curve)?;
    ObjectIdentifier::new(oid).ok()
}

fn rsa_algorithm() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }
}

fn curve_of(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Curve, DerFault> {
    match algorithm.parameters_oid() {
        Ok(oid) => curve_named(oid),
        // A curve can be written out in numbers, which could then be any.
        Err(_) => Err(DerFault::Curve("that it describes itself, without a name".to_owned())),
    }
}

fn curve_named(oid: ObjectIdentifier) -> Result<Curve, DerFault> {
    let known = CURVES.iter().find(|(known, _)| ObjectIdentifier::new(known) == Ok(oid));
    known.map(|(_, curve)| *curve).ok_or_else(|| DerFault::Curve(name_in(&OTHER_CURVES, oid)))
}

fn name_in(names: &[(&str, &str)], oid: ObjectIdentifier) -> String {
    let known = names.iter().find(|(known, _)| ObjectIdentifier::new(known) == Ok(oid));
    known.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

/// Reads an `ECPrivateKey`, which may leave out the curve that stands around it, but not contradict it.
fn ec_private(der: &[u8], curve: Option<Curve>) -> Result<PrivateKey, DerFault> {
    let info = EcPrivateKeyInfo::from_der(der).map_err(|_| DerFault::Malformed)?;
    let named = info.parameters.and_then(|parameters| parameters.named_curve());
    let named = named.map(curve_named).transpose()?;
    let curve = curve.or(named).ok_or(DerFault::Malformed)?;
    if named.is_some_and(|named| named != curve) {
        return Err(DerFault::Malformed);
    }
    // Some writers leave out leading zeros.
    let mut scalar = SecretBytes::zeroed(curve.scalar_len());
    let missing = scalar.len().checked_sub(info.private_key.len());
    let missing = missing.ok_or(DerFault::NotOfCurve(curve))?;
    scalar.expose_mut()[missing..].copy_from_slice(info.private_key);
    let key = EcPrivateKey::read(curve, scalar).ok_or(DerFault::NotOfCurve(curve))?;
    let public = info.public_key.map(|point| EcPublicKey::read_any_form(curve, point));
    if public.is_some_and(|public| public.as_ref() != Some(key.public())) {
        return Err(DerFault::Halves);
    }
    Ok(PrivateKey::Ec(key))
}

/// Refuses an RSA key of a size that is not used; its modulus comes after `before` other integers.
fn require_size(der: &[u8], before: usize) -> Result<(), DerFault> {
    let bits = || {
        let sequence = AnyRef::from_der(der).ok().filter(|it| it.tag() == Tag::Sequence)?;
        let mut reader = SliceReader::new(sequence.value()).ok()?;
        for _ in 0..before {
            UintRef::decode(&mut reader).ok()?;
        }
        let modulus = UintRef::decode(&mut reader).ok()?.as_bytes();
        let unused = modulus.first()?.leading_zeros();
        (8 * modulus.len()).checked_sub(usize::try_from(unused).ok()?)
    };
    match bits() {
        None => Err(DerFault::Malformed),
        Some(bits) if rsa::BITS.contains(&bits) => Ok(()),
        Some(bits) => Err(RsaFault::Size { bits }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ec(read: Result<PrivateKey, DerFault>, key: &EcPrivateKey) -> bool {
        matches!(read, Ok(PrivateKey::Ec(read)) if read.public() == key.public())
    }

    #[test]
    fn an_integer_without_its_leading_zeros_is_the_same_key() {
        let short = [7; 30];
        let mut scalar = SecretBytes::zeroed(32);
        scalar.expose_mut()[2..].copy_from_slice(&short);
        let key = EcPrivateKey::read(Curve::P256, scalar).unwrap();
        let curve = sec1::EcParameters::NamedCurve(ObjectIdentifier::new_unwrap(CURVES[0].0));
        let info = |parameters, public_key| {
            EcPrivateKeyInfo { private_key: &short, parameters, public_key }.to_der().unwrap()
        };
        assert!(is_ec(read_sec1(&info(Some(curve), None)), &key));
        assert!(is_ec(read_sec1(&info(Some(curve), Some(key.public().as_bytes()))), &key));
        // No curve is named, and another one's public key.
        assert_eq!(read_sec1(&info(None, None)).unwrap_err(), DerFault::Malformed);
        let other = EcPrivateKey::generate(Curve::P256).unwrap();
        let halves = info(Some(curve), Some(other.public().as_bytes()));
        assert_eq!(read_sec1(&halves).unwrap_err(), DerFault::Halves);
        let zero =
            EcPrivateKeyInfo { private_key: &[0; 32], parameters: Some(curve), public_key: None };
        let fault = DerFault::NotOfCurve(Curve::P256);
        assert_eq!(read_sec1(&zero.to_der().unwrap()).unwrap_err(), fault);
        let long =
            EcPrivateKeyInfo { private_key: &[1; 33], parameters: Some(curve), public_key: None };
        assert_eq!(read_sec1(&long.to_der().unwrap()).unwrap_err(), fault);
    }

    #[test]
    fn no_cut_and_no_longer_text_is_a_key() {
        for curve in Curve::ALL {
            let key = EcPrivateKey::generate(curve).unwrap();
            let (pkcs8, spki) = (write_pkcs8(&key).unwrap(), write_spki(key.public()).unwrap());
            assert!(is_ec(read_pkcs8(pkcs8.expose()), &key));
            assert!(matches!(read_spki(&spki), Ok(PublicKey::Ec(read)) if read == *key.public()));
            for len in 0..pkcs8.len() {
                assert!(read_pkcs8(&pkcs8.expose()[..len]).is_err());
            }
            for len in 0..spki.len() {
                assert!(read_spki(&spki[..len]).is_err());
            }
            assert!(read_pkcs8(&[pkcs8.expose(), &[0]].concat()).is_err());
            assert!(read_spki(&[&spki[..], &[0]].concat()).is_err());
        }
    }
}
