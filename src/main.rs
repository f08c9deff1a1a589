//! The command line of enwrap: [`cli`] reads arguments and runs one verb, [`output`] speaks.

mod cli;
mod output;

/// Wipes all memory that is freed. What the AWS SDK makes of an answer, the plaintext data key in base64 among it, it frees
/// as it is.
#[cfg(feature = "aws-kms")]
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    cli::main()
}
