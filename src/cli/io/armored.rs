//! Where a message goes to, with armour around it if it is to be text.

use std::io::Write;

use enwrap::message::armor::ArmorEncoder;
use enwrap::operations::encrypt::EncryptError;
use enwrap::pipeline::PipelineError;

/// Has `write` write a message to `output`, or, if `is_armored`, to the armour around it.
pub(crate) fn write_message<T, E: From<EncryptError>>(
    output: &mut impl Write,
    is_armored: bool,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    if !is_armored {
        return write(output);
    }
    let mut armor = ArmorEncoder::new(output);
    let written = write(&mut armor)?;
    armor.finish().map_err(|error| EncryptError::from(PipelineError::Write(error)))?;
    Ok(written)
}
