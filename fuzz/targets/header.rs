//! Law: a header that parses serialises to the same bytes, and not a byte behind it was read. It parses the same
//! however few bytes a read returns.

#![no_main]

use std::io::{self, Read};

use enwrap::message::Limits;
use enwrap::message::header::ParsedHeader;
use enwrap_fuzz::sealer::header_body;
use libfuzzer_sys::fuzz_target;

/// Returns one byte a read.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(1);
        self.0.read(&mut buffer[..len])
    }
}

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let header = ParsedHeader::read(&mut rest, &Limits::default());
    let again = ParsedHeader::read(Slow(data), &Limits::default());
    match (&header, &again) {
        (Ok(header), Ok(again)) => assert_eq!(header.fields, again.fields),
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("one byte a read gives another result"),
    }
    let Ok(header) = header else { return };
    let len = data.len() - rest.len();
    assert_eq!(header.raw(), &data[..len]);
    let mut written = header_body(&header.fields);
    assert_eq!(written, header.body());
    match header.fields.serialise() {
        Ok(bytes) => assert_eq!(bytes, written),
        Err(_) => assert!(!header.fields.suite.commits(), "only version 1 is not written"),
    }
    if !header.fields.suite.commits() {
        written.extend(header.iv);
    }
    written.extend(header.tag);
    assert_eq!(written, header.raw());
});
