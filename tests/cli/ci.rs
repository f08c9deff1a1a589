//! The files of examples/ for CI, git, systemd and direnv, and docs/ci.md: every command line in them, run.

use std::fs;
use std::path::Path;

use yaml_rust2::{Yaml, YamlLoader};

use crate::docs::blocks;
use crate::examples::example;
use crate::shell::{ENWRAP, Run, Shell};

const SECRET: &str = "correct-horse";

/// What `base64` makes of it.
const SECRET_IN_BASE64: &str = "Y29ycmVjdC1ob3JzZQ==";

/// Shows the secret and its base64, as an accident would, and leaves what it was given in a file.
const DEPLOY: &str = r#"#!/bin/sh
set -eu
printf %s "$DB_PASSWORD" > deployed
echo "the password is $DB_PASSWORD"
printf %s "$DB_PASSWORD" | base64 >&2
"#;

const PRODUCTION: &str = "secrets/production.env.enwrap";

/// A place with `enwrap` in its PATH and no keyring.
fn machine() -> Shell {
    let mut shell = Shell::bare();
    let folder = Path::new(ENWRAP).parent().unwrap().display();
    let path = std::env::var("PATH").unwrap();
    shell.set("PATH", format!("{folder}:{path}"));
    shell.set_for_git();
    shell
}

/// A laptop with a repository, the first commit of which has a script that deploys; `None` without git.
fn repository() -> Option<Shell> {
    let laptop = machine();
    laptop.command("git", &["--version"]).output().ok()?;
    laptop.write("deploy.sh", DEPLOY);
    Shell::chmod(&laptop.path("deploy.sh"), 0o755);
    laptop.sh("git init -q -b main . && git add -A && git commit -q -m first").success();
    Some(laptop)
}

/// A laptop whose repository has a secret for each of two stages, and what the key's export says.
fn project() -> Option<(Shell, String)> {
    let laptop = repository()?;
    laptop.sh("enwrap keygen ci && enwrap git setup 'secrets/**' && mkdir secrets").success();
    for stage in ["production", "development"] {
        let file = format!("secrets/{stage}.env.enwrap");
        edit(&laptop, &file, &format!("STAGE_NAME={stage}\nDB_PASSWORD={SECRET}\n"));
    }
    commit(&laptop);
    let export = told(&fs::read_to_string(example("github-actions.yml")).unwrap());
    let data = laptop.sh(&export).success().text();
    Some((laptop, data))
}

/// The command line in the comment of a file, which is run once and elsewhere.
fn told(file: &str) -> String {
    let line = file.lines().find_map(|line| line.strip_prefix("#     "));
    line.unwrap().to_owned()
}

fn edit(laptop: &Shell, file: &str, content: &str) {
    laptop.pipe(&["edit", "--stdin", "-k", "ci", file], content.as_bytes()).success();
}

fn commit(laptop: &Shell) {
    laptop.sh("git add -A && git commit -q -m change").success();
}

/// A job: a fresh clone on a machine without a keyring.
fn job(laptop: &Shell, data: Option<&str>) -> Shell {
    let mut job = machine();
    let cloned = job.command("git", &["clone", "-q", laptop.cwd.path().to_str().unwrap(), "."]);
    assert!({ cloned }.status().unwrap().success());
    if let Some(data) = data {
        job.set("ENWRAP_KEYRING_DATA", data);
    }
    job
}

/// What a reader of the job's log sees: GitHub's runner keeps the lines for itself that tell it what to mask.
fn log(run: &Run) -> String {
    let all = format!("{}\n{}", run.text(), run.stderr);
    all.lines()
        .filter(|line| !line.starts_with("::add-mask::"))
        .map(|it| format!("{it}\n"))
        .collect()
}

#[track_caller]
fn deployed(job: &Shell, run: &Run) {
    assert_eq!((run.code, job.read("deployed")), (Some(0), SECRET.into()), "{run:?}");
    let log = log(run);
    assert!(log.contains("the password is ***\n") && log.matches("***").count() == 2, "{log}");
    assert!(!log.contains(SECRET) && !log.contains(SECRET_IN_BASE64), "{log}");
}

#[track_caller]
fn not_deployed(job: &Shell, run: Run, code: i32, says: &[&str]) {
    run.failure(code).says(says);
    assert!(!job.path("deployed").exists());
}

fn yaml(name: &str) -> Yaml {
    let text = fs::read_to_string(example(name)).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

/// As CI systems run a script: with bash where there is one, and not beyond the first failure.
fn run_script(job: &Shell, script: &str, variables: &[(&str, &str)]) -> Run {
    let has_bash = job.command("bash", &["--version"]).output().is_ok();
    let mut command = job.command(if has_bash { "bash" } else { "sh" }, &["-e", "-c", script]);
    command.envs(variables.iter().copied()).output().unwrap().into()
}

/// The step that is not run here, since it fetches enwrap from the registry.
const INSTALL: &str = "cargo install --locked enwrap";

/// The steps of GitHub's job, with the secret that the job is given: names, and how each ended.
fn github(job: &Shell, secret: &str) -> Vec<(String, Run)> {
    let file = yaml("github-actions.yml");
    let jobs = file["jobs"].as_hash().unwrap();
    assert_eq!(jobs.len(), 1);
    let steps = file["jobs"]["deploy"]["steps"].as_vec().unwrap();
    assert_eq!(steps[0]["uses"].as_str(), Some("actions/checkout@v4"));
    assert_eq!(steps[1]["run"].as_str(), Some(INSTALL));
    let steps = steps[2..].iter().map(|step| {
        let mut variables = vec![("GITHUB_ACTIONS", "true")];
        for (name, value) in step["env"].as_hash().into_iter().flatten() {
            assert_eq!(value.as_str(), Some("${{ secrets.ENWRAP_KEYRING_DATA }}"));
            variables.push((name.as_str().unwrap(), secret));
        }
        let run = run_script(job, step["run"].as_str().unwrap(), &variables);
        (step["name"].as_str().unwrap().to_owned(), run)
    });
    steps.collect()
}

#[test]
fn github_checks_and_deploys() {
    let Some((laptop, data)) = project() else { return };
    let checkout = job(&laptop, None);
    let steps = github(&checkout, &data);
    let [(check, checked), (deploy, run)] = &steps[..] else { panic!("{steps:?}") };
    assert_eq!((check.as_str(), checked.code), ("nothing is committed in the clear", Some(0)));
    assert!(checked.stderr.contains("2 files checked"), "{checked:?}");
    assert_eq!(deploy, "deploy");
    deployed(&checkout, run);
    // The runner was told, for what later steps print.
    assert!(run.text().contains(&format!("::add-mask::{SECRET}\n")), "{run:?}");
    // A fork has no secret.
    let fork = job(&laptop, None);
    let (_, run) = github(&fork, "").remove(1);
    not_deployed(&fork, run, 125, &["ENWRAP_KEYRING_DATA is set but empty", "hint:", "forks"]);
    // And a plaintext that was committed is found.
    laptop.write("secrets/new.env", format!("DB_PASSWORD={SECRET}\n"));
    commit(&laptop);
    let (_, run) = github(&job(&laptop, None), &data).remove(0);
    assert_eq!(run.failure(14).text(), "secrets/new.env: it is not an encrypted message");
}

#[test]
fn gitlab_checks_and_deploys() {
    let Some((laptop, data)) = project() else { return };
    let file = yaml("gitlab-ci.yml");
    let lines = |job: &str, part: &str| -> Vec<String> {
        let lines = file[job][part].as_vec().unwrap().iter();
        lines.map(|line| line.as_str().unwrap().to_owned()).collect()
    };
    let names: Vec<_> = file.as_hash().unwrap().keys().filter_map(Yaml::as_str).collect();
    assert_eq!(names, ["image", "check", "deploy"]);
    let run = |name: &str, job: &Shell| {
        assert_eq!(lines(name, "before_script"), [INSTALL]);
        run_script(job, &lines(name, "script").join("\n"), &[("GITLAB_CI", "true")])
    };
    // A protected variable is there where the branch is protected.
    run("check", &job(&laptop, Some(&data))).success().says(&["2 files checked"]);
    let checkout = job(&laptop, Some(&data));
    deployed(&checkout, &run("deploy", &checkout));
    // On any other branch it is not set. The check needs no key, and the rule leaves the other job out.
    run("check", &job(&laptop, None)).success();
    let rule = file["deploy"]["rules"][0]["if"].as_str();
    assert_eq!(rule, Some("$CI_COMMIT_REF_PROTECTED == \"true\""));
    let unprotected = job(&laptop, None);
    not_deployed(&unprotected, run("deploy", &unprotected), 125, &["there is no keyring at"]);
}

#[test]
fn any_other_ci_has_a_script() {
    let Some((laptop, data)) = project() else { return };
    let with_secrets = |job: &Shell, command: &[&str]| -> Run {
        job.command(&example("with-secrets"), command).output().unwrap().into()
    };
    let mut checkout = job(&laptop, Some(&data));
    deployed(&checkout, &with_secrets(&checkout, &["./deploy.sh"]));
    assert_eq!(with_secrets(&checkout, &["sh", "-c", "exit 7"]).code, Some(7));
    let stage = ["sh", "-c", "test $STAGE_NAME = development"];
    assert_eq!(with_secrets(&checkout, &stage).code, Some(1));
    checkout.set("STAGE", "development");
    with_secrets(&checkout, &stage).success();
    checkout.set("STAGE", "nowhere");
    with_secrets(&checkout, &["./deploy.sh"]).failure(1).says(&["secrets/nowhere.env.enwrap"]);
    // A keyring that is empty, one that is missing, and one with another key.
    let fork = job(&laptop, Some(""));
    let run = with_secrets(&fork, &["./deploy.sh"]);
    not_deployed(&fork, run, 10, &["with-secrets: the keyring cannot be used", "forks"]);
    let other = job(&laptop, None);
    let run = with_secrets(&other, &["./deploy.sh"]);
    not_deployed(&other, run, 3, &["there is no keyring at"]);
    other.ok(&["keygen", "other"]);
    let run = with_secrets(&other, &["./deploy.sh"]);
    let said = run.stderr.lines().find_map(|line| line.split_once("to see which ones do: "));
    let (_, command) = said.unwrap();
    assert_eq!(command, format!("enwrap inspect {PRODUCTION}"));
    assert!(other.sh(command).success().text().contains("key: "));
    not_deployed(&other, run, 3, &["no key here opens it"]);
}

#[test]
fn the_hook_keeps_a_plaintext_out_of_a_commit() {
    let Some((laptop, _)) = project() else { return };
    let text = fs::read_to_string(example("pre-commit")).unwrap();
    assert!(text.contains("enwrap git setup 'secrets/**'"), "{text}");
    laptop.sh("enwrap git setup 'secrets/**'").success();
    fs::create_dir_all(laptop.path(".git/hooks")).unwrap();
    fs::copy(example("pre-commit"), laptop.path(".git/hooks/pre-commit")).unwrap();
    let head = || laptop.sh("git rev-parse HEAD").success().text();
    let before = head();
    let refused = |line: &str, file: &str| {
        let run = laptop.sh(line);
        assert_eq!((run.code, head()), (Some(1), before.clone()), "{run:?}");
        run.says(&["the check found 1 file"]);
        laptop.sh(&format!("git reset -q && rm {file} && git checkout -q .")).success();
    };
    laptop.write("secrets/new.env", "in the clear");
    refused("git add -A && git commit -q -m bad", "secrets/new.env");
    // git makes an index for such a commit alone.
    for line in ["git commit -q -a -m bad", "git commit -q -m bad secrets/production.env.enwrap"] {
        laptop.write(PRODUCTION, "in the clear");
        refused(line, PRODUCTION);
    }
    // Encrypted, beside a plaintext that is not to be committed.
    edit(&laptop, "secrets/new.env.enwrap", "A=1\n");
    laptop.write("secrets/scratch", "in the clear");
    laptop.sh("git add secrets/new.env.enwrap && git commit -q -m good").success();
    assert_ne!(head(), before);
}

/// The values that a unit gives this setting.
fn settings<'unit>(unit: &'unit str, name: &str) -> Vec<&'unit str> {
    let lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    lines.collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_service_has_its_secrets() {
    let mut shell = machine();
    for folder in ["etc", "bin", "credentials"] {
        fs::create_dir(shell.path(folder)).unwrap();
    }
    let here = |name: &str| shell.path(name).display().to_string();
    let (etc, app, enwrap) = (here("etc"), here("bin/app"), ENWRAP);
    let unit = fs::read_to_string(example("app.service")).unwrap();
    let unit = unit
        .replace("/etc/app", &etc)
        .replace("/usr/local/bin/app", &app)
        .replace("/usr/local/bin/enwrap", enwrap);
    shell.write("bin/app", "#!/bin/sh\necho \"$DB_PASSWORD\"; cat \"$TLS_KEY\"\n");
    Shell::chmod(&shell.path("bin/app"), 0o755);
    shell.write("app.service", &unit);
    let verify = ["verify", "--man=no", "./app.service"];
    if let Ok(output) = shell.command("systemd-analyze", &verify).output() {
        let run = Run::from(output);
        assert!(run.code == Some(0) && !run.stderr.contains("app.service"), "{run:?}");
    }
    // What the administrator does once.
    shell.ok(&["keygen", "app"]);
    for (file, plaintext) in [
        ("etc/secrets.env.enwrap", format!("DB_PASSWORD={SECRET}\n")),
        ("etc/tls.key.enwrap", "the key of TLS\n".to_owned()),
    ] {
        shell.pipe(&["edit", "--stdin", file], plaintext.as_bytes()).success();
    }
    let once = told(&unit);
    let (export, seal) = once.split_once(" | ").unwrap();
    let keyring = shell.sh(export).success().stdout;
    shell.write("exported", &keyring);
    // With a key for machines that have no TPM, so that the machine of the test is not given a key of its own.
    let sealed = seal.replace("encrypt ", "encrypt --with-key=tpm2-absent ");
    assert_eq!(seal, format!("systemd-creds encrypt --name=keyring - {etc}/keyring.cred"));
    shell.write("credentials/keyring", &keyring);
    if shell.sh(&format!("{sealed} < exported")).code == Some(0) {
        let open = shell.sh("systemd-creds decrypt --name=keyring etc/keyring.cred -");
        assert!(open.code != Some(0) || open.stdout == keyring, "{open:?}");
    }
    // What systemd does: the credential is readable for a group, and the home folder is not there.
    assert_eq!(settings(&unit, "LoadCredentialEncrypted"), [format!("keyring:{etc}/keyring.cred")]);
    Shell::chmod(&shell.path("credentials/keyring"), 0o440);
    let credentials = here("credentials");
    shell.set("HOME", "/nowhere");
    let [start] = settings(&unit, "ExecStart")[..] else { panic!("{unit}") };
    let start: Vec<&str> = start.split(' ').collect();
    let run = |environment: &[&str]| -> Run {
        let mut command = shell.command(start[0], &start[1..]);
        for line in environment {
            let (name, value) = line.split_once('=').unwrap();
            command.env(name, value.replace("%d", &credentials));
        }
        command.output().unwrap().into()
    };
    let environment = settings(&unit, "Environment");
    assert_eq!(environment.len(), 2);
    assert_eq!(run(&environment).success().text(), format!("{SECRET}\nthe key of TLS"));
    // Both lines are needed.
    run(&environment[..1]).failure(125).says(&["credentials/keyring"]);
    run(&environment[1..]).failure(125).says(&["there is no keyring at"]);
}

#[test]
fn direnv_has_the_variables_in_the_shell() {
    let Some((laptop, _)) = project() else { return };
    edit(&laptop, "secrets/development.env.enwrap", "A=\"it's \\\"one\\\"\ntwo\"\n");
    for shell in ["sh", "bash"] {
        let source = |envrc: &str| {
            let line = format!(
                "A=old; export A; watch_file() {{ test -f \"$1\" && watched=yes; }}; . '{envrc}' && echo \"$watched $A\""
            );
            laptop.command(shell, &["-c", &line]).output().map(Run::from)
        };
        let Ok(run) = source(&example("envrc")) else { continue };
        assert_eq!(run.success().text(), "yes it's \"one\"\ntwo", "{shell}");
        // Without a key, the shell is told.
        let closed = format!("export ENWRAP_KEYRING=missing; . '{}'", example("envrc"));
        laptop.write("closed", closed);
        let run = source(laptop.path("closed").to_str().unwrap()).unwrap();
        run.failure(1).says(&["there is no keyring at"]);
        fs::remove_file(laptop.path("closed")).unwrap();
    }
}

/// The section of docs/ci.md with this heading.
fn section(heading: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let page = fs::read_to_string(page).unwrap();
    let (_, section) = page.split_once(&format!("# {heading}\n")).unwrap();
    section.split("\n#").next().unwrap().to_owned()
}

/// The command lines in the sentences of a text, in order: those that have more words than the name of a verb.
fn commands(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let is_command =
        |it: &&str| it.contains("enwrap ") && it.split(' ').count() > 2 && !it.contains('\n');
    spans.filter(is_command).map(str::to_owned).collect()
}

/// Has the editor of this place write this content.
fn set_editor(shell: &mut Shell, content: &str) {
    shell.write(".git/editor", format!("#!/bin/sh\nprintf '{content}' > \"$1\"\n"));
    let editor = shell.path(".git/editor");
    Shell::chmod(&editor, 0o755);
    shell.set("EDITOR", editor.display().to_string());
}

#[test]
fn from_nothing_to_a_masked_job_as_typed() {
    if fs::metadata("/dev/shm").is_err() {
        return;
    }
    let Some(mut laptop) = repository() else { return };
    set_editor(&mut laptop, &format!("DB_PASSWORD={SECRET}\\nLOG_LEVEL=info\\n"));
    let blocks = blocks("docs/ci.md");
    let [make, run, only] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    assert!(make.lines().count() + run.lines().count() <= 10);
    let made = laptop.sh(&format!("set -e; {make}")).success().text();
    let data = made.lines().last().unwrap();
    let checkout = job(&laptop, Some(data));
    deployed(&checkout, &checkout.sh(run));
    // A harmless value is masked too, and with --only it is not.
    checkout.write("deploy.sh", format!("{DEPLOY}echo level info\n"));
    assert!(log(&checkout.sh(run).success()).contains("level ***\n"));
    assert!(log(&checkout.sh(only).success()).contains("level info\n"));
    // A second reader.
    let more = commands(&section("From nothing to a masked job"));
    assert_eq!(more, ["enwrap reencrypt -k ci -k production FILE"]);
    laptop.ok(&["keygen", "production"]);
    laptop.sh(&more[0].replace("FILE", PRODUCTION)).success();
    for key in ["ci", "production"] {
        laptop.ok(&["verify", "--only-key", key, PRODUCTION]);
    }
}

#[test]
fn a_job_without_a_key_is_told_so() {
    let Some((laptop, _)) = project() else { return };
    let codes = |job: &Shell, before: &str| {
        let exec = blocks("docs/ci.md").remove(1);
        let run = job.sh(&format!("{before} {exec}"));
        not_deployed(job, run, 125, &["hint:"]);
        job.sh(&format!("{before} enwrap verify {PRODUCTION}")).code
    };
    let (empty, unset) = (job(&laptop, Some("")), job(&laptop, None));
    assert_eq!((codes(&empty, ""), codes(&unset, "")), (Some(10), Some(3)));
    assert_eq!(codes(&unset, "unset HOME;"), Some(2));
}

#[test]
fn in_a_repository_as_typed() {
    if fs::metadata("/dev/shm").is_err() {
        return;
    }
    let Some((laptop, data)) = project() else { return };
    let clone = job(&laptop, None);
    clone.ok(&["keygen", "own"]);
    let typed = commands(&section("In a repository"));
    let [mark, setup, check, staged, replace, if_changed] = &typed[..] else { panic!("{typed:?}") };
    laptop.sh(&mark.replace("PATTERN", "'secrets/**'")).success();
    // A clone shows nothing before it is set up, and to somebody who has no key, which keys there are.
    let show = "git log -p -- secrets/production.env.enwrap";
    assert!(clone.sh(show).success().text().contains("Binary files"));
    clone.sh(setup).success();
    let shown = clone.sh(show).success().text();
    assert!(shown.contains("+enwrap: not shown") && !shown.contains(SECRET), "{shown}");
    let shown = clone.sh(&format!("ENWRAP_KEYRING_DATA='{data}' {show}")).success().text();
    assert!(shown.contains(&format!("+DB_PASSWORD={SECRET}")), "{shown}");
    for line in [check, staged] {
        clone.sh(line).success().says(&["2 files checked"]);
    }
    let new = replace.replace("NEW", "echo DB_PASSWORD=new").replace("FILE", PRODUCTION);
    laptop.sh(&new).success();
    let content = || laptop.ok(&["decrypt", PRODUCTION, "-o", "-"]);
    assert_eq!(content(), "DB_PASSWORD=new");
    // Nothing changed, and git sees nothing.
    laptop.write("plain", "the same");
    let again = if_changed.replace("OUT", "secrets/out.enwrap").replace("IN", "plain");
    laptop.sh(&again).success();
    commit(&laptop);
    laptop.sh(&again).success();
    assert_eq!(laptop.sh("git status --porcelain").text(), "");
    // Two sides change one line.
    laptop.sh("git checkout -q -b side").success();
    edit(&laptop, PRODUCTION, "DB_PASSWORD=theirs\n");
    commit(&laptop);
    laptop.sh("git checkout -q main").success();
    edit(&laptop, PRODUCTION, "DB_PASSWORD=ours\n");
    commit(&laptop);
    assert_eq!(laptop.sh("git merge -q side").code, Some(1));
    assert!(content().contains("<<<<<<< ours\nDB_PASSWORD=ours\n=======\n"));
    let mut laptop = laptop;
    set_editor(&mut laptop, "DB_PASSWORD=both\\n");
    laptop.sh(&format!("enwrap edit {PRODUCTION} && git add -A && git commit -q -m m")).success();
    // The envelope file is not beside the copy that git hands over.
    let own = clone.run(&["key", "export", "own", "--as", "keyring", "-o", "-"]).success().stdout;
    laptop.pipe(&["key", "import", "own"], &own).success();
    laptop.ok(&["rewrap", "-k", "own", PRODUCTION]);
    commit(&laptop);
    clone.sh("git pull -q").success();
    clone.ok(&["verify", PRODUCTION]);
    let line = format!("git diff $(git hash-object -t tree /dev/null) HEAD -- {PRODUCTION}");
    assert!(clone.sh(&line).success().text().contains("+enwrap: not shown"));
    let named = format!("ENWRAP_ENVELOPE={PRODUCTION}.envelope {line}");
    assert!(clone.sh(&named).success().text().contains("+DB_PASSWORD=both"));
}

#[test]
fn after_a_leak_the_old_key_opens_nothing_new() {
    if fs::metadata("/dev/shm").is_err() {
        return;
    }
    let Some((mut laptop, leaked)) = project() else { return };
    set_editor(&mut laptop, "DB_PASSWORD=replaced\\n");
    let section = section("When a secret has leaked");
    let (leak, rotation) = section.split_once("Without a leak").unwrap();
    let typed = commands(leak);
    let [edit, keygen, reencrypt, export, disable, usage, delete, purge] = &typed[..] else {
        panic!("{typed:?}")
    };
    laptop.sh(&edit.replace("FILE", PRODUCTION)).success();
    commit(&laptop);
    laptop.sh(keygen).success();
    laptop.sh(reencrypt).success().says(&["no longer opened by ci"]);
    let data = laptop.sh(export).success().text();
    commit(&laptop);
    job(&laptop, Some(&leaked)).fails(&["verify", PRODUCTION], 3);
    let new = job(&laptop, Some(&data));
    assert_eq!(new.ok(&["decrypt", PRODUCTION, "-o", "-"]), "DB_PASSWORD=replaced");
    laptop.sh(disable).success();
    let shown = laptop.sh(usage).success().text();
    assert!(shown.contains("ci-2 version 1") && !shown.contains("ci version"), "{shown}");
    laptop.sh(delete).success().says(&["enwrap key undelete ci"]);
    // The old commits cannot be read any more.
    laptop.sh("git checkout -q HEAD~2").success();
    laptop.fails(&["verify", PRODUCTION], 7);
    laptop.let_the_days_pass();
    laptop.sh(&format!("{purge} --yes")).success();
    laptop.fails(&["verify", PRODUCTION], 3);

    // Without a leak.
    let (laptop, before) = project().unwrap();
    let typed = commands(rotation);
    let [rotate, reencrypt, export] = &typed[..] else { panic!("{typed:?}") };
    laptop.sh(rotate).success();
    laptop.sh(reencrypt).success();
    laptop.sh("enwrap key usage -r . --fail-if-stale").success();
    let data = laptop.sh(export).success().text();
    commit(&laptop);
    job(&laptop, Some(&before)).fails(&["verify", PRODUCTION], 3);
    let new = job(&laptop, Some(&data));
    new.ok(&["verify", PRODUCTION]);
    new.sh("git checkout -q HEAD~1").success();
    new.ok(&["verify", PRODUCTION]);
}
