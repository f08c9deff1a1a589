//! Law: a file of variables gives valid names and values without NUL, or a fault that shows nothing of it but such a
//! name. The format is told by the content. A JSON file says what serde_json reads in it, and no value is refused
//! that serde_json takes for an object of strings. What a dotenv file says is read back from single quotes.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "the program uses more of it")]
#[path = "../../src/cli/environment_files/mod.rs"]
mod environment_files;

use environment_files::names::is_name;
use environment_files::{Fault, Format, read};

type Variables = Vec<(String, Vec<u8>)>;

fuzz_target!(|data: &[u8]| {
    let dotenv = variables(data, Some(Format::Dotenv));
    let json = variables(data, Some(Format::Json));
    let detected = variables(data, None);
    assert!(detected == dotenv || detected == json);

    compare_with_serde(data, &json);
    if let Ok(variables) = dotenv {
        assert!(variables.is_sorted_by(|one, other| one.0 < other.0), "each name once");
        quote_and_read_back(variables);
    }
});

fn variables(data: &[u8], format: Option<Format>) -> Result<Variables, Fault> {
    let read = read(data, format);
    let variables: Variables = read
        .inspect_err(|fault| check_fault(fault, data))?
        .into_iter()
        .map(|it| (it.name, it.value.expose().to_vec()))
        .collect();
    for (name, value) in &variables {
        assert!(is_name(name) && !value.contains(&0));
    }
    Ok(variables)
}

/// All that a fault says of the file is where it is, and a name.
fn check_fault(fault: &Fault, data: &[u8]) {
    let told = fault.to_string();
    match fault {
        Fault::Syntax { problem, line, column } => {
            assert_eq!(told, format!("line {line}, column {column}: {problem}"));
            let lines = data.split(|byte| matches!(byte, b'\n' | b'\r')).count();
            assert!(*line <= lines + 1 && *column <= data.len() + 1, "{told}");
        }
        Fault::NotText | Fault::Name => assert!(told.is_ascii()),
        Fault::Nul { name } | Fault::Twice { name } => assert!(is_name(name), "{told}"),
    }
}

fn compare_with_serde(data: &[u8], ours: &Result<Variables, Fault>) {
    let text = std::str::from_utf8(data).ok().map(|text| text.trim_start_matches('\u{feff}'));
    let theirs: Option<BTreeMap<String, String>> =
        text.and_then(|text| serde_json::from_str(text).ok());
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            for (name, value) in ours {
                assert_eq!(theirs[name].as_bytes(), value);
            }
        }
        (Ok(_), None) => panic!("it is no object of strings"),
        (Err(fault), Some(theirs)) => match fault {
            Fault::Twice { name } => assert!(theirs.contains_key(name)),
            Fault::Nul { name } => assert!(theirs[name].contains('\0')),
            Fault::Name => assert!(!theirs.keys().all(|name| is_name(name))),
            Fault::Syntax { .. } | Fault::NotText => panic!("refused: {fault}"),
        },
        (Err(_), None) => {}
    }
}

fn quote_and_read_back(mut variables: Variables) {
    // A backslash escapes the quote, there too, and a carriage return ends a line, which becomes a line feed.
    variables.retain(|(_, value)| !value.iter().any(|byte| matches!(byte, b'\'' | b'\\' | b'\r')));
    let mut text = Vec::new();
    for (name, value) in &variables {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"='");
        text.extend_from_slice(value);
        text.extend_from_slice(b"'\n");
    }
    assert_eq!(self::variables(&text, None).as_ref(), Ok(&variables));
}
