//! What `--version` tells, and with `--verbose` also the engine, what the processor has for it, and whether AWS KMS can be
//! asked.

use enwrap::crypto::engine;
use enwrap::keys::aws_kms::client;

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The instructions that the ciphers and hashes look for, as far as this processor has them.
fn processor() -> Vec<&'static str> {
    macro_rules! those_of {
        ($detected:ident: $($name:tt)*) => {
            [$(($name, std::arch::$detected!($name))),*]
        };
    }
    #[cfg(target_arch = "x86_64")]
    let all = those_of!(is_x86_feature_detected:
        "aes" "pclmulqdq" "avx2" "avx512f" "vaes" "vpclmulqdq" "sha");
    #[cfg(target_arch = "aarch64")]
    let all = those_of!(is_aarch64_feature_detected: "aes" "pmull" "sha2" "sha3");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let all: [(&str, bool); 0] = [];
    all.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect()
}

/// The version, and what one has to know of it to compare speeds.
pub(crate) fn verbose() -> String {
    let found = processor();
    let processor = if found.is_empty() { "nothing of use".to_owned() } else { found.join(" ") };
    let kms = if client::IS_BUILT { "yes" } else { "no, built without the feature aws-kms" };
    format!(
        "enwrap {VERSION}\nframes: AES-GCM by {}\ndata keys, headers, keyring: AES-GCM by aes-gcm\n\
         keys in AWS KMS: {kms}\nprocessor: {processor}\n",
        engine::BULK
    )
}
