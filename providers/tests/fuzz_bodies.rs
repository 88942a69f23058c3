//! The bodies of the fuzz targets of this crate's parsers, on a stable compiler (see `fuzz/README.md`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test as a whole"
)]

#[path = "../../fuzz/bodies/answer.rs"]
mod answer;
#[path = "../../fuzz/bodies/call_scan.rs"]
mod call_scan;
#[path = "../../fuzz/bodies/forward_stream.rs"]
mod forward_stream;
#[path = "../../fuzz/bodies/split.rs"]
mod split;
#[path = "../../fuzz/bodies/sse.rs"]
mod sse;
#[path = "../../fuzz/bodies/translate_anthropic_to_openai.rs"]
mod translate_anthropic_to_openai;
#[path = "../../fuzz/bodies/translate_openai_to_anthropic.rs"]
mod translate_openai_to_anthropic;
#[path = "../../fuzz/bodies/translation.rs"]
mod translation;
#[path = "../../fuzz/bodies/trial.rs"]
mod trial;

use std::path::Path;

const STREAM: &[&str] = &[
    "data: ",
    "data",
    "event: ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    ":",
    "[DONE]",
    "\u{feff}",
    "{",
    "}",
    "\"",
    "null",
    "{\"type\":\"ping\"}",
    "\"usage\":null,",
    "\"index\":-1,",
    "\"index\":1e99,",
    "\"error\":{},",
    "\\ud800",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "\\ud800",
    "\\u0000",
    "\"model\":",
    "\"model\":\"m\"",
    "\"stream\":true,",
    "\"stream_options\":null,",
    "\"messages\":",
    "\"role\":\"system\",",
    "\"content\":",
    "\"type\":\"text\",",
    "\"tool_calls\":[{}],",
    "\"id\":\"\",",
    "é",
    " ",
];

fn try_body(name: &str, words: &'static [&'static str], cases: u32, body: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    trial::try_body(&corpus.join(name), words, cases, body);
}

#[test]
fn events_are_the_same_however_they_are_cut() {
    try_body("sse", STREAM, 1_000, sse::check);
}

#[test]
fn what_the_scan_lets_pass_is_read_alike_by_a_whole_parser() {
    try_body("call_scan", JSON, 1_000, call_scan::check);
}

#[test]
fn a_forwarded_stream_is_the_same_however_it_is_cut() {
    try_body("forward_stream", STREAM, 500, forward_stream::check);
}

#[test]
fn what_is_translated_to_anthropic_and_back_is_json() {
    for words in [STREAM, JSON] {
        let check = translate_openai_to_anthropic::check;
        try_body("translate_openai_to_anthropic", words, 256, check);
    }
}

#[test]
fn what_is_translated_to_openai_and_back_is_json() {
    for words in [STREAM, JSON] {
        let check = translate_anthropic_to_openai::check;
        try_body("translate_anthropic_to_openai", words, 256, check);
    }
}
