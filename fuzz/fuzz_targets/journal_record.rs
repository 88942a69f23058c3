#![no_main]

#[path = "../bodies/journal_record.rs"]
mod journal_record;

libfuzzer_sys::fuzz_target!(|input: &[u8]| journal_record::check(input));
