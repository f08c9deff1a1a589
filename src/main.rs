//! The command line of enwrap: [`cli`] reads arguments and runs one verb, [`output`] speaks.

mod cli;
mod output;

fn main() -> std::process::ExitCode {
    cli::main()
}
