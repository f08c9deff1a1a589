//! The commands in the documentation, run as they stand there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{Shell, sample};

/// The shell blocks of a page, in order.
pub(crate) fn blocks(page: impl AsRef<Path>) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, after) = after.split_once("```").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

#[test]
fn a_data_key_drives_openssl_and_comes_back() {
    let shell = Shell::new();
    if shell.command("openssl", &["version"]).output().is_err() {
        return;
    }
    shell.write("plain", sample(100_000));
    let blocks = blocks("docs/datakeys.md");
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        // No key on a command line, where every user of the machine can read it.
        assert!(block.contains("-pass stdin") && !block.contains(" -K "), "{block}");
        shell.sh(&block).success();
    }
    assert_eq!(shell.read("plain.back"), sample(100_000));
    assert_ne!(shell.read("plain.enc")[16..], sample(100_000)[..]);
}

#[test]
fn the_life_of_a_root_key_goes_as_told() {
    let shell = Shell::bare();
    let typed = blocks("docs/keys.md").concat().replace("/mnt/usb", "usb");
    shell.sh(&format!("set -e\n{typed}")).success();
    let plaintext = shell.read("documents");
    assert_eq!(shell.read("restored"), plaintext);
    assert_eq!(shell.read("letter"), plaintext);
    for message in ["documents.enwrap", "files/documents.enwrap"] {
        let line = format!("XDG_CONFIG_HOME=$PWD/config enwrap decrypt {message} -o -");
        assert_eq!(shell.sh(&line).success().stdout, plaintext);
    }
}

#[test]
fn the_readme_works_as_typed() {
    let shell = Shell::bare();
    // What cargo does with them is tested by whoever runs this test.
    let is_cargo = |block: &String| block.starts_with("cargo ");
    let (cargo, typed): (Vec<_>, Vec<_>) = blocks("README.md").into_iter().partition(is_cargo);
    assert_eq!(cargo, ["cargo install --locked --path .\n", "cargo test\n"]);
    // In one go, as a newcomer has one home and one folder: nothing is there but what the lines make.
    let run = shell.sh(&format!("set -e\n{}", typed.concat())).success();
    let masked = run.text();
    assert!(masked.ends_with("***") && !masked.contains("s3cr3t"), "{masked}");
    let share = shell.home().join(".local/share");
    assert!(share.join("man/man1/enwrap-encrypt.1").exists());
    assert!(share.join("bash-completion/completions/enwrap").exists());
    shell.ok(&["verify", "--only-key", "offsite", "photos.tar.enwrap"]);
}

#[test]
fn what_is_to_be_typed_fits_a_terminal_and_every_shell() {
    // Contributors have a checkout to look into.
    for page in pages().into_iter().filter(|page| !page.ends_with("CONTRIBUTING.md")) {
        for line in blocks(&page).concat().lines() {
            // A terminal has 80 columns, and a page some margin.
            assert!(line.chars().count() <= 72, "{}: {line}", page.display());
            // At a prompt, zsh takes no comments.
            let comment = line.split_once(" # ").is_some();
            assert!(!comment, "{}: {line}", page.display());
        }
    }
}

/// The pages for people: what a reader of the repository sees.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let is_page = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "md");
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name));
    docs.filter(is_page).chain(top).collect()
}

/// The name that a heading has in links: lower case, hyphens for spaces, and no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_between_pages_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap().trim();
            if link.contains("://") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(file.exists(), "{}: {link}", page.display());
            if !section.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let mut anchors = headings.map(|it| anchor(it.trim_start_matches('#')));
                assert!(anchors.any(|it| it == section), "{}: {link}", page.display());
            }
        }
    }
}

#[test]
fn the_worked_lengths_are_those_of_real_messages() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| plaintext | header | frames | message |\n").unwrap();
    let shell = Shell::new();
    let mut rows = 0;
    for row in table.lines().skip(1).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [plaintext, header, frames, message] = cells[..] else { panic!("{row}") };
        let number = |text: &str| text.parse::<usize>().unwrap();
        let frames: usize = frames.split('+').map(|part| number(part.trim())).sum();
        let bytes = shell.pipe(&["encrypt"], &sample(number(plaintext))).success().stdout;
        assert_eq!((bytes.len(), bytes.len()), (number(message), number(header) + frames), "{row}");
        rows += 1;
    }
    assert_eq!(rows, 3);
}

#[test]
fn backups_go_as_told() {
    let shell = Shell::new();
    for folder in ["photos/2026", "usb"] {
        fs::create_dir_all(shell.path(folder)).unwrap();
    }
    shell.write("photos/2026/a.jpg", sample(10_000));
    shell.write("photos/large.tif", sample(200_000));
    let blocks = blocks("docs/backups.md");
    let [folder, news, drill, part, salvage] = &blocks[..] else {
        panic!("{} blocks", blocks.len())
    };
    let run = |block: &str| {
        let block = block.replace("/mnt/usb", "usb").replace("/backup", "backup");
        shell.sh(&format!("set -e; {block}"))
    };
    run(folder).success();
    assert_eq!(shell.read("restored/photos/2026/a.jpg"), sample(10_000));
    shell.sh("touch -d 2000-01-01 last-night").success();
    run(news).success().says(&["2 encrypted"]);
    assert!(shell.path("backup/news/photos/2026/a.jpg.enwrap").is_file());
    shell.ok(&["keyring", "backup", "usb/keyring.json"]);
    run(drill).success();
    run(part).success();
    assert_eq!(shell.read("part"), sample(200_000)[1000..1200]);
    let mut damaged = shell.read("backup/photos/large.tif.enwrap");
    damaged[100_000] ^= 1;
    shell.write("damaged.enwrap", damaged);
    run(salvage).failure(4);
    assert_eq!(shell.read("saved")[131_072..], sample(200_000)[131_072..]);
}
