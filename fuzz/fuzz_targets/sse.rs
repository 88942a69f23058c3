#![no_main]

#[path = "../bodies/split.rs"]
mod split;
#[path = "../bodies/sse.rs"]
mod sse;

libfuzzer_sys::fuzz_target!(|input: &[u8]| sse::check(input));
