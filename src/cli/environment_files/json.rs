//! A JSON object of strings.

use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use zeroize::Zeroize as _;

use enwrap::crypto::secret::SecretText;

use super::{Fault, Variable};

/// Reads the variables, in the file's order.
pub(super) fn read(text: &[u8]) -> Result<Vec<Variable>, Fault> {
    let text = std::str::from_utf8(text).map_err(|_| Fault::NotText)?;
    let twice = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
    let read = reader.deserialize_map(Variables { twice: &twice });
    let variables = read.and_then(|variables| reader.end().map(|()| variables));
    if let Some(name) = twice.into_inner() {
        return Err(Fault::Twice { name });
    }
    variables.map_err(|error| fault(&error))
}

/// The kind and the place only: the library's own message shows what it found.
fn fault(error: &serde_json::Error) -> Fault {
    let problem = match error.classify() {
        Category::Data => "it is no JSON object of strings",
        Category::Eof => "the JSON ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    Fault::Syntax { problem, line: error.line(), column: error.column() }
}

/// Collects the members. One that is there twice has two values, and any program would choose one.
struct Variables<'a> {
    twice: &'a RefCell<Option<String>>,
}

impl<'de> Visitor<'de> for Variables<'_> {
    type Value = Vec<Variable>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut variables: Vec<Variable> = Vec::new();
        while let Some((name, mut text)) = members.next_entry::<String, String>()? {
            let mut value = SecretText::default();
            value.push(text.as_bytes());
            text.zeroize();
            if super::names::is_name(&name) && variables.iter().any(|it| it.name == name) {
                self.twice.replace(Some(name));
                return Err(A::Error::custom("twice"));
            }
            variables.push(Variable { name, value });
        }
        Ok(variables)
    }
}
