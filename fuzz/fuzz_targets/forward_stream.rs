#![no_main]

#[path = "../bodies/answer.rs"]
mod answer;
#[path = "../bodies/forward_stream.rs"]
mod forward_stream;
#[path = "../bodies/split.rs"]
mod split;

libfuzzer_sys::fuzz_target!(|input: &[u8]| forward_stream::check(input));
