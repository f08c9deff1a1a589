//! A number and what is counted, as people say it.

/// `1 key`, `2 keys`; for nouns whose plural is so made.
pub(crate) fn counted(number: impl std::fmt::Display + PartialEq + From<u8>, noun: &str) -> String {
    let plural = if number == 1.into() { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!([0_u32, 1, 2].map(|n| counted(n, "key")), ["0 keys", "1 key", "2 keys"]);
    }
}
