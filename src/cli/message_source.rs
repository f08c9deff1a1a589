//! An encrypted input: binary or armoured, and perhaps read twice.

use std::io::{self, BufReader, Read};
use std::path::Path;

use enwrap::message::MessageError;
use enwrap::message::armor::{ArmorError, Unarmored};

use super::source::Source;

/// An open encrypted input.
pub(crate) struct MessageSource(Unarmored<BufReader<Source>>);

impl MessageSource {
    pub(crate) fn open(input: &Path) -> anyhow::Result<Self> {
        Self::detect(Source::open(input)?)
    }

    fn detect(source: Source) -> anyhow::Result<Self> {
        Unarmored::detect(BufReader::new(source)).map(Self).map_err(|error| {
            let armor = error.get_ref().and_then(|inner| inner.downcast_ref::<ArmorError>());
            match armor {
                Some(armor) => MessageError::Armor(*armor).into(),
                None => MessageError::Read(error).into(),
            }
        })
    }

    /// The file or stream itself.
    pub(crate) fn source(&self) -> &Source {
        self.0.get_ref().get_ref()
    }

    /// The file, where its bytes are the message's own and can be read at any place.
    pub(crate) fn positional(&self) -> Option<&Source> {
        Some(self.source()).filter(|source| source.is_file() && !self.is_armored())
    }

    pub(crate) fn is_armored(&self) -> bool {
        self.0.is_armored()
    }

    /// Begins again at the first byte; only of a file.
    pub(crate) fn rewound(self) -> anyhow::Result<Self> {
        let mut source = self.0.into_inner().into_inner();
        source.rewind()?;
        Self::detect(source)
    }
}

impl Read for MessageSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
