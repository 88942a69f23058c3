#![no_main]

#[path = "../bodies/answer.rs"]
mod answer;
#[path = "../bodies/split.rs"]
mod split;
#[path = "../bodies/translate_openai_to_anthropic.rs"]
mod translate_openai_to_anthropic;
#[path = "../bodies/translation.rs"]
mod translation;

libfuzzer_sys::fuzz_target!(|input: &[u8]| translate_openai_to_anthropic::check(input));
