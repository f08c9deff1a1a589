//! The rooms of src/ and what each may import: only what stands before it in [`ROOMS`].
//!
//! The imports are read from the text of the files: every path that begins with `crate`, `enwrap`, `super` or
//! `self`, outside comments and tests. Since the rooms are in one order, there can be no cycle between them.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the bottom up; a room within a room has a name with `::`. Files that are no room of their own,
/// such as `lib.rs` and `cli/mod.rs`, belong to what their folder is, and come after all that is in it.
const ROOMS: [&str; 35] = [
    // The library.
    "clock",
    "crypto",
    "fs",
    "message",
    "pipeline",
    "keyring::model",
    "keyring::format",
    "keyring::store",
    "keyring",
    "keys",
    "operations",
    "library",
    // The binary.
    "output",
    "cli::examples",
    "cli::help",
    "cli::environment",
    "cli::environment_files",
    "cli::masking",
    "cli::signals",
    "cli::child",
    "cli::secrets",
    "cli::complete",
    "cli::key_services",
    "cli::key_choice",
    "cli::args",
    "cli::outputs",
    "cli::app",
    "cli::process",
    "cli::io",
    "cli::opening",
    "cli::replacement",
    "cli::trees",
    "cli::commands",
    "cli",
    // `lib.rs` and `main.rs`.
    "",
];

/// Imports that go down and are wrong all the same: a keyring knows nothing of messages.
const FORBIDDEN: [(&str, &str); 2] = [("keyring", "message"), ("keyring", "pipeline")];

#[test]
fn imports_go_downward_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in rust_files(&source) {
        let name = file.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
        let module = module_of(&name);
        let from = room_of(&module).unwrap_or_else(|| panic_for(&name));
        for path in imports(&fs::read_to_string(&file).unwrap(), &module) {
            let Some(to) = room_of(&path) else { continue };
            if !may_import(from, to) {
                wrong.push(format!("src/{name} imports {}", path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "these imports go upward:\n{}", wrong.join("\n"));
}

fn panic_for(name: &str) -> usize {
    unreachable!("src/{name} is in no room: add one to ROOMS, at its place")
}

/// Whether a file of one room may import from another; both are indices of [`ROOMS`].
fn may_import(from: usize, to: usize) -> bool {
    let (from_name, to_name) = (ROOMS[from], ROOMS[to]);
    // Through the `mod.rs` of the room that both are in.
    let is_own = from_name.strip_prefix(to_name).is_some_and(|rest| rest.starts_with("::"));
    let is_in = |room: &str, outer: &str| {
        room == outer || room.strip_prefix(outer).is_some_and(|rest| rest.starts_with("::"))
    };
    let is_forbidden =
        FORBIDDEN.iter().any(|(from, to)| is_in(from_name, from) && is_in(to_name, to));
    (to <= from || is_own) && !is_forbidden
}

/// The room that a module, or something in one, is in: the longest name that its path begins with.
fn room_of(path: &[String]) -> Option<usize> {
    if path.is_empty() {
        return Some(ROOMS.len() - 1);
    }
    let begins = |room: &str| {
        room.split("::").zip(path).filter(|(room, part)| room == part).count()
            == room.split("::").count()
    };
    (0..ROOMS.len()).filter(|index| begins(ROOMS[*index])).max_by_key(|index| ROOMS[*index].len())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("tests") || path.ends_with("tests.rs") {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The module that a file is, by its path below src/.
fn module_of(name: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        name.strip_suffix(".rs").unwrap().split('/').map(str::to_owned).collect();
    if ["mod", "lib", "main"].contains(&parts.last().unwrap().as_str()) {
        parts.pop();
    }
    parts
}

/// The absolute paths that a file names, without the crate.
fn imports(text: &str, module: &[String]) -> BTreeSet<Vec<String>> {
    let tokens = tokens(&without_tests(text));
    let mut found = BTreeSet::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_start = index == 0 || tokens[index - 1] != "::";
        if is_start && ["crate", "enwrap", "super", "self"].contains(&token.as_str()) {
            expand(&tokens[index..], Vec::new(), &mut |path| found.extend(absolute(path, module)));
        }
    }
    found
}

/// The text up to its test module. One stands at the end of a file.
fn without_tests(text: &str) -> String {
    let end = text.find("\n#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].to_owned()
}

/// Names, `::`, and other characters; no comments and no strings.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            string_len(rest)
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let is_in_name = |it: char| it.is_alphanumeric() || it == '_';
            let len = rest.find(|it| !is_in_name(it)).unwrap_or(rest.len());
            tokens.push(rest[..len].to_owned());
            len
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest[1..].find('\'').unwrap() + 2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    tokens
}

fn string_len(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text[1..].find(|it| {
        let is_end = it == '"' && !is_escaped;
        is_escaped = it == '\\' && !is_escaped;
        is_end
    });
    end.map_or(text.len(), |end| end + 2)
}

/// Calls `found` for each path of an import tree: `a::{b, c::{d, e}}` has three. Returns how many tokens it has.
fn expand(tokens: &[String], before: Vec<String>, found: &mut dyn FnMut(&[String])) -> usize {
    let (mut path, mut at) = (before, 0);
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at += expand(&tokens[at..], path.clone(), found);
                    if tokens.get(at).is_some_and(|token| token == "as") {
                        at += 2;
                    }
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            Some(name) => {
                path.push(name.to_owned());
                at += 1;
            }
            None => {}
        }
        if tokens.get(at).is_none_or(|token| token != "::") {
            found(&path);
            return at;
        }
        at += 1;
    }
}

/// A path from the root of its crate; `None` for one that leads nowhere.
fn absolute(path: &[String], module: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut absolute = match first.as_str() {
        "crate" | "enwrap" => Vec::new(),
        "self" => module.to_vec(),
        _ => module.split_last().map(|(_, above)| above.to_vec())?,
    };
    for part in rest {
        match part.as_str() {
            "super" => drop(absolute.pop()?),
            "self" => {}
            _ => absolute.push(part.clone()),
        }
    }
    (!rest.is_empty()).then_some(absolute)
}

#[test]
fn imports_are_found_in_every_form() {
    let text = r#"
        //! [`crate::comment`]
        use crate::a::{self, b as c, d::{e, f}};
        use super::super::g;
        use enwrap::h::I as _;
        fn go() { let text = "crate::text \" crate::more"; self::j::go(crate::k()); }
        impl X { fn new(self) -> Self { self.y } }
#[cfg(test)]
mod tests {
    use crate::test;
}
"#;
    let module = ["cli", "io", "source"].map(str::to_owned);
    let found: Vec<String> =
        imports(text, &module).into_iter().map(|path| path.join("::")).collect();
    let all = ["a", "a::b", "a::d::e", "a::d::f", "cli::g", "cli::io::source::j::go", "h::I", "k"];
    assert_eq!(found, all);
    let room = |name: &str| ROOMS.iter().position(|room| *room == name).expect(name);
    assert!(may_import(room("keys"), room("keyring")) && !may_import(room("fs"), room("keys")));
    assert!(may_import(room("keyring::store"), room("keyring")));
    assert!(!may_import(room("keyring::store"), room("message")));
}
