//! Files of environment variables, such as `.env`: what a decrypted one says, and which names it may set.
//!
//! No error here has a value in it, nor a name that may be a part of one: of a file that is broken, any piece may be.

mod dotenv;
mod json;
pub(crate) mod names;

use enwrap::crypto::secret::SecretText;

/// How variables are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub(crate) enum Format {
    /// Lines of NAME=VALUE
    Dotenv,
    /// A JSON object of strings
    Json,
}

/// A variable that a file sets.
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) value: SecretText,
}

/// Why a file cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("line {line}, column {column}: {problem}")]
    Syntax { problem: &'static str, line: usize, column: usize },
    #[error("it is not text in UTF-8")]
    NotText,
    #[error(
        "it has a name that is no name of a variable: only letters, digits and '_', no digit first"
    )]
    Name,
    #[error("the value of {name} has a NUL byte in it, which no variable can hold")]
    Nul { name: String },
    #[error("it sets {name} twice")]
    Twice { name: String },
}

/// Reads the variables of a file. Without a format, a file whose first character is `{` is JSON.
pub(crate) fn read(text: &[u8], format: Option<Format>) -> Result<Vec<Variable>, Fault> {
    let variables = match format.unwrap_or_else(|| detected(text)) {
        Format::Dotenv => dotenv::read(text)?,
        Format::Json => json::read(text)?,
    };
    for Variable { name, value } in &variables {
        if !names::is_name(name) {
            return Err(Fault::Name);
        }
        if value.expose().contains(&0) {
            return Err(Fault::Nul { name: name.clone() });
        }
    }
    Ok(variables)
}

/// The format, by the content. No line of a dotenv file begins with `{`.
fn detected(text: &[u8]) -> Format {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Format::Json,
        _ => Format::Dotenv,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &[u8]) -> Vec<(String, Vec<u8>)> {
        let read = read(text, None).unwrap();
        read.iter().map(|it| (it.name.clone(), it.value.expose().to_vec())).collect()
    }

    fn fault(text: &[u8]) -> Fault {
        read(text, None).err().unwrap()
    }

    #[test]
    fn a_dotenv_file_is_taken_literally() {
        let text = b"# comment\n\nexport A=a b\nB='$A #'\nC=\"1\n2\"\nD=$A${B}\nE=\n";
        let all =
            [("A", &b"a b"[..]), ("B", b"$A #"), ("C", b"1\n2"), ("D", b"$A${B}"), ("E", b"")];
        assert_eq!(variables(text), all.map(|(name, value)| (name.to_owned(), value.to_vec())));
    }

    #[test]
    fn json_is_an_object_of_strings() {
        let all = [("B", "x\ny"), ("A", "\u{e4}")];
        let all = all.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
        assert_eq!(variables(b" {\"B\": \"x\\ny\", \"A\": \"\\u00e4\"}"), all);
        assert_eq!(variables(b"{}"), []);
        assert_eq!(fault(b"{\"A\": \"1\", \"A\": \"2\"}"), Fault::Twice { name: "A".to_owned() });
        assert_eq!(fault(b"{\"A\": \"\\u0000\"}"), Fault::Nul { name: "A".to_owned() });
        assert!(read(b"[]", Some(Format::Json)).is_err());
    }

    #[test]
    fn a_fault_shows_nothing_of_the_file() {
        for text in [
            &b"A=1\nhunter2"[..],
            b"A='hunter2",
            b"A='x' hunter2",
            b"=hunter2",
            b"hunter2 2=3",
            b"A=hunter2\0",
            b"hunter2-x=1",
            b"A=hunter2\xFF",
            b"{\"A\": 2222}",
            b"{\"A\": {\"hunter2\": 1}}",
            b"{\"A\": \"hunter2",
            b"{\"A\": \"hunter2\"} hunter2",
            b"{\"A\": \"hunter2\xFF\"}",
            b"{hunter2}",
            b"{\"hunter2 \": \"1\"}",
        ] {
            let told = fault(text).to_string();
            assert!(!told.contains("hunter2") && !told.contains("2222"), "{told}");
        }
        let told = fault(b"A=1\nB='x' y").to_string();
        assert!(told.starts_with("line 2, column 7:"), "{told}");
        let told = fault(b"{\"A\":\n 5}").to_string();
        assert!(told.starts_with("line 2, column 2:"), "{told}");
    }
}
