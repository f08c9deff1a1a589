//! An encrypted input, binary or armoured.

use std::io::{self, BufRead as _, BufReader, Read};

use enwrap::fs::file_at::FileAt;
use enwrap::message::armor::Unarmored;
use enwrap::message::foreign::ForeignFormat;
use enwrap::message::header::{ContentType, Header, ParsedHeader};
use enwrap::message::structure::Skip;
use enwrap::message::{Limits, MessageError};

use super::source::Source;
use crate::output::error::Error;

/// An open encrypted input.
pub(crate) struct MessageSource(Unarmored<BufReader<Source>>);

impl MessageSource {
    pub(crate) fn open(input: impl Into<FileAt>) -> Result<Self, Error> {
        Ok(Self::detect(Source::open(input)?)?)
    }

    /// Opens a file of a tree, and reads its header if it is a message; `None` if it is none. A file that begins like a
    /// message and is damaged is an error. The source is at the beginning of the message again.
    pub(crate) fn find(
        path: &FileAt,
        is_named: bool,
        limits: &Limits,
    ) -> Result<Option<(Self, ParsedHeader)>, Error> {
        let source = Source::open(path)?;
        // A file that was named itself is meant to be a message.
        let must_be = is_named || source.looks_encrypted();
        let is_other = |error: &MessageError| {
            use MessageError::{Armor, Empty, Foreign, NotAMessage, UnknownSuite};
            matches!(
                error,
                Armor(_) | Empty | Foreign(_) | NotAMessage { .. } | UnknownSuite { .. }
            )
        };
        let mut message = match Self::detect(source) {
            Err(error) if !must_be && is_other(&error) => return Ok(None),
            other => other?,
        };
        match ParsedHeader::read(&mut message, limits) {
            Err(error) if !must_be && is_other(&error) => Ok(None),
            Err(error) => Err(error.into()),
            // What is not a file cannot be read again. A caller that needs only the header can use it all the same.
            Ok(header) if !message.source().is_file() => Ok(Some((message, header))),
            Ok(header) => Ok(Some((message.rewound()?, header))),
        }
    }

    fn detect(source: Source) -> Result<Self, MessageError> {
        let mut source = BufReader::new(source);
        // An error of the source comes again when it is read.
        if let Some(format) = source.fill_buf().ok().and_then(ForeignFormat::of) {
            return Err(MessageError::Foreign(format));
        }
        Unarmored::detect(source).map(Self).map_err(MessageError::of_source)
    }

    /// The file or stream itself.
    pub(crate) fn source(&self) -> &Source {
        self.0.get_ref().get_ref()
    }

    /// The file, if its bytes are those of the message, without armour, and can be read at any place. Standard input is
    /// not: it is read in order, so that whoever reads from it after us finds what follows.
    pub(crate) fn positional(&self) -> Option<&Source> {
        let is_fit =
            |source: &&Source| source.path.is_some() && source.is_file() && !self.is_armored();
        Some(self.source()).filter(is_fit)
    }

    /// Whether the whole frames of the message can be saved if it is damaged.
    pub(crate) fn is_salvageable(&self, header: &Header) -> bool {
        let is_in_frames = matches!(header.content, ContentType::Framed(_));
        is_in_frames && header.public_key.is_none() && self.positional().is_some()
    }

    pub(crate) fn is_armored(&self) -> bool {
        self.0.is_armored()
    }

    /// Whether nothing but the message was in the text that was read so far.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.is_alone()
    }

    /// The same message from its first byte on. Only a file has that.
    pub(crate) fn rewound(self) -> Result<Self, Error> {
        let mut source = self.0.into_inner().into_inner();
        source.rewind()?;
        Ok(Self::detect(source)?)
    }
}

impl Skip for MessageSource {
    fn skip(&mut self, len: u64) -> io::Result<()> {
        match &mut self.0 {
            Unarmored::Binary(reader) if reader.get_ref().is_file() => {
                let held = reader.buffer().len().min(usize::try_from(len).unwrap_or(usize::MAX));
                reader.consume(held);
                reader.get_mut().skip_ahead(len - held as u64)
            }
            other => io::copy(&mut other.take(len), &mut io::sink()).map(|_| ()),
        }
    }
}

impl Read for MessageSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}
