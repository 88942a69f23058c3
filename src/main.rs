//! The `tollgate` command.

/// A request makes a few dozen small allocations, and other threads free what a worker made.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    tollgate::cli::run()
}
