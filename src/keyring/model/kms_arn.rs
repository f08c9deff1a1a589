//! What keys of AWS KMS are called: Amazon Resource Names.
//!
//! ```text
//! arn:PARTITION:kms:REGION:ACCOUNT:key/ID
//! arn:PARTITION:kms:REGION:ACCOUNT:alias/NAME
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::name::serde_as_text;

/// The partitions of AWS: accounts of one know nothing of another.
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];

/// The longest ARN that is taken. AWS has aliases of up to 256 characters behind `alias/`.
const MOST_BYTES: usize = 512;

/// The ids of multi-Region keys begin so: keys of one such id in several regions have the same material.
const MULTI_REGION: &str = "mrk-";

/// The ARN of a key of AWS KMS, or of an alias of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KmsArn(String);

/// Text that is no ARN of a key or an alias in AWS KMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no ARN of a key: arn:PARTITION:kms:REGION:ACCOUNT:key/ID, or alias/NAME")]
pub struct NotAKmsArn;

impl KmsArn {
    fn field(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region, such as `eu-central-1`.
    #[must_use]
    pub fn region(&self) -> &str {
        self.field(3)
    }

    /// The account, twelve digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.field(4)
    }

    /// `key/ID` or `alias/NAME`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(5)
    }

    /// The id of the key; `None` of an alias.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.resource().strip_prefix("key/")
    }

    /// Whether it names a multi-Region key.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.key_id().is_some_and(|id| id.starts_with(MULTI_REGION))
    }

    /// Whether both name one key: of a multi-Region key, also in two regions
    /// (`framework/aws-kms/aws-kms-mrk-match-for-decrypt.md`).
    #[must_use]
    pub fn is_same_key(&self, other: &Self) -> bool {
        let all_but_the_region = |arn: &Self| [1, 4, 5].map(|index| arn.field(index).to_owned());
        self == other
            || (self.is_multi_region() && all_but_the_region(self) == all_but_the_region(other))
    }
}

impl FromStr for KmsArn {
    type Err = NotAKmsArn;

    fn from_str(text: &str) -> Result<Self, NotAKmsArn> {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = fields[..] else {
            return Err(NotAKmsArn);
        };
        let is_name = |text: &str, more: &[u8]| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        let is_resource = match resource.split_once('/') {
            Some(("key", id)) => is_name(id, b"-"),
            Some(("alias", name)) => is_name(name, b"-_/"),
            _ => false,
        };
        let is_arn = text.len() <= MOST_BYTES
            && arn == "arn"
            && service == "kms"
            && PARTITIONS.contains(&partition)
            && region.starts_with(|first: char| first.is_ascii_lowercase())
            && region
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && is_resource;
        if is_arn { Ok(Self(text.to_owned())) } else { Err(NotAKmsArn) }
    }
}

impl fmt::Display for KmsArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(KmsArn);

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn an_arn_has_its_parts() {
        let key: KmsArn = KEY.parse().unwrap();
        assert_eq!((key.region(), key.account()), ("eu-central-1", "111122223333"));
        assert_eq!(key.key_id(), Some("1234abcd-12ab-34cd-56ef-1234567890ab"));
        assert!(!key.is_multi_region());
        let alias: KmsArn =
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b".parse().unwrap();
        assert_eq!((alias.key_id(), alias.resource()), (None, "alias/a/b"));
        assert_eq!(alias.to_string(), "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/a/b");
    }

    #[test]
    fn other_text_is_no_arn() {
        let long = format!("{KEY}{}", "a".repeat(512));
        for bad in [
            "",
            "arn",
            "arn:aws:s3:eu-central-1:111122223333:key/a",
            "arn:aws:kms::111122223333:key/a",
            "arn:aws:kms:eu-central-1:1111:key/a",
            "arn:aws:kms:eu-central-1:111122223333:key/",
            "arn:aws:kms:eu-central-1:111122223333:key/a b",
            "arn:aws:kms:eu-central-1:111122223333:key/a\n",
            "arn:aws:kms:eu-central-1:111122223333:grant/a",
            "arn:gcp:kms:eu-central-1:111122223333:key/a",
            "arn:aws-evil:kms:eu-central-1:111122223333:key/a",
            "arn:aws:kms:-:111122223333:key/a",
            "arn:aws:kms:EU:111122223333:key/a",
            "ARN:aws:kms:eu-central-1:111122223333:key/a",
            &long,
        ] {
            assert_eq!(bad.parse::<KmsArn>(), Err(NotAKmsArn), "{bad}");
        }
    }

    #[test]
    fn a_multi_region_key_is_the_same_in_every_region_and_no_other_is() {
        let arn = |region: &str, account: &str, id: &str| -> KmsArn {
            format!("arn:aws:kms:{region}:{account}:key/{id}").parse().unwrap()
        };
        let (one, two) = ("111122223333", "444455556666");
        assert!(arn("us-east-1", one, "mrk-a").is_same_key(&arn("eu-west-1", one, "mrk-a")));
        assert!(!arn("us-east-1", one, "mrk-a").is_same_key(&arn("eu-west-1", two, "mrk-a")));
        assert!(!arn("us-east-1", one, "mrk-a").is_same_key(&arn("us-east-1", one, "mrk-b")));
        assert!(!arn("us-east-1", one, "a").is_same_key(&arn("eu-west-1", one, "a")));
        let china: KmsArn = format!("arn:aws-cn:kms:cn-north-1:{one}:key/mrk-a").parse().unwrap();
        assert!(!arn("us-east-1", one, "mrk-a").is_same_key(&china));
    }
}
