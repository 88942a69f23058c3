//! The body of the fuzz target of the search language, on a stable compiler (see `fuzz/README.md`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test as a whole"
)]

#[path = "../../fuzz/bodies/search_filter.rs"]
mod search_filter;
#[path = "../../fuzz/bodies/trial.rs"]
mod trial;

use std::path::Path;

const WORDS: &[&str] = &[
    " AND ",
    " OR ",
    "=",
    "!=",
    " <= ",
    " LIKE ",
    " ILIKE ",
    " RLIKE ",
    " IN ",
    " NOT IN ",
    " IS NULL",
    "(",
    ")",
    ",",
    "'",
    "\"",
    "`",
    "'x'",
    "5",
    "-1.5e400",
    "trace.",
    "tags.",
    "span.",
    "metadata.",
    "span.attributes.",
    "name",
    "timestamp_ms",
    " DESC",
    "\n",
    "--",
    ";",
    "\0",
    "?1",
    "é",
];

#[test]
fn any_filter_is_sql_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/search_filter");
    trial::try_body(&corpus, WORDS, 1_000, search_filter::check);
}
