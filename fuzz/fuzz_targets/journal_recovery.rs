#![no_main]

#[path = "../bodies/journal_recovery.rs"]
mod journal_recovery;
#[path = "../bodies/memory_disk.rs"]
mod memory_disk;

libfuzzer_sys::fuzz_target!(|input: &[u8]| journal_recovery::check(input));
