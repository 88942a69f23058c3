#![no_main]

#[path = "../bodies/search_filter.rs"]
mod search_filter;

libfuzzer_sys::fuzz_target!(|input: &[u8]| search_filter::check(input));
