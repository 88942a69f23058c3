#![no_main]

#[path = "../bodies/call_scan.rs"]
mod call_scan;

libfuzzer_sys::fuzz_target!(|input: &[u8]| call_scan::check(input));
