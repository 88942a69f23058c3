//! The bodies of the fuzz targets of this crate's parsers, on a stable compiler (see `fuzz/README.md`).

#[path = "../fuzz/bodies/config_yaml.rs"]
mod config_yaml;
#[path = "../fuzz/bodies/http_head.rs"]
mod http_head;
#[path = "../fuzz/bodies/trial.rs"]
mod trial;

use std::path::Path;

const HEAD: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    "\0",
    "Host: b\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: 3, 3\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer_Encoding: chunked\r\n",
    "HTTP/1.0",
    "x: y\r\n z\r\n",
    "é",
];
const YAML: &[&str] = &[
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "${env:A",
    "${vault:a}",
    "$$",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "| ",
    "#",
    "---\n",
    "\t",
    "null",
    "-1",
    "1e999",
    "server",
    "routes",
    "é",
    "\0",
];

fn try_body(name: &str, words: &'static [&'static str], cases: u32, body: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    trial::try_body(&corpus.join(name), words, cases, body);
}

#[test]
fn the_verdict_on_a_head_does_not_depend_on_how_it_came() {
    try_body("http_head", HEAD, 1_000, http_head::check);
}

#[test]
fn any_text_is_a_configuration_or_has_mistakes_in_it() {
    try_body("config_yaml", YAML, 256, config_yaml::check);
}
