//! dotenv: lines of `NAME=VALUE`, as the crate `dotenv-ng` reads them.

use dotenv::{EnvLoader, EnvSequence, Error, ParseErrorKind};
use zeroize::Zeroize as _;

use enwrap::crypto::secret::SecretText;

use super::{Fault, Variable};

/// Reads the variables, sorted by name. Of two that are alike, the later one counts: so it is with every reader of
/// such files, and the crate does not tell.
///
/// The crate's own copies of the text are not wiped.
pub(super) fn read(text: &[u8]) -> Result<Vec<Variable>, Fault> {
    // Without it, it is the name of the first variable that would have three bytes too many.
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let loaded = EnvLoader::with_reader(text).sequence(EnvSequence::InputOnly).load();
    let mut variables: Vec<Variable> = loaded
        .map_err(|error| fault(&error))?
        .into_iter()
        .map(|(name, mut text)| {
            let mut value = SecretText::default();
            value.push(text.as_bytes());
            text.zeroize();
            Variable { name, value }
        })
        .collect();
    variables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(variables)
}

/// The kind and the place only: the crate's own message shows the line.
fn fault(error: &Error) -> Fault {
    let Error::Parse(error, _) = error else { return Fault::NotText };
    let problem = match error.kind() {
        ParseErrorKind::MissingKey => "there is no name",
        ParseErrorKind::MissingEquals => "there is no '=' after the name",
        ParseErrorKind::InvalidKeyCharacter(_) => "a control character is in the name",
        ParseErrorKind::InvalidValueCharacter(_) => "a NUL is in the value",
        ParseErrorKind::TrailingCharacters => "something follows the closing quote",
        ParseErrorKind::UnterminatedQuote(_) => "a quote is not closed",
        _ => "it is not NAME=VALUE",
    };
    Fault::Syntax { problem, line: error.line(), column: error.column() }
}
