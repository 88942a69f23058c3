#![no_main]

#[path = "../bodies/answer.rs"]
mod answer;
#[path = "../bodies/split.rs"]
mod split;
#[path = "../bodies/translate_anthropic_to_openai.rs"]
mod translate_anthropic_to_openai;
#[path = "../bodies/translation.rs"]
mod translation;

libfuzzer_sys::fuzz_target!(|input: &[u8]| translate_anthropic_to_openai::check(input));
