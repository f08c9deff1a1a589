//! What is shown while the work goes on. The bar itself is for eyes; its rules are not.

use crate::shell::{Shell, sample};

#[test]
fn nothing_is_shown_where_no_terminal_is() {
    let shell = Shell::new();
    shell.write("a", sample(300_000));
    assert_eq!(shell.run(&["encrypt", "a"]).success().stderr, "");
    assert_eq!(shell.run(&["--progress", "never", "encrypt", "a", "-f"]).success().stderr, "");
}

#[test]
fn always_prints_plain_lines_and_quiet_none() {
    let shell = Shell::new();
    shell.write("a", sample(1 << 20));
    let run = shell.run(&["--progress", "always", "encrypt", "a"]).success();
    assert!(run.stderr.starts_with("a: 1.00 MiB of 1.00 MiB (100 %), "), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1);
    let run = shell.pipe(&["--progress", "always", "encrypt"], &sample(1 << 20)).success();
    assert!(run.stderr.starts_with("standard input: 1.00 MiB, "), "{}", run.stderr);
    let run = shell.run(&["--progress", "always", "-q", "encrypt", "a", "-f"]).success();
    assert_eq!(run.stderr, "");
}
