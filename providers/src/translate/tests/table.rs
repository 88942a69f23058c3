//! The tables of fields in `docs/TRANSLATION.md` against the code.

use super::*;
use serde_json::{Map, json};

struct Row {
    field: String,
    example: Value,
    outcome: String,
}

/// The rows of the table under a heading.
fn rows(heading: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/TRANSLATION.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, section) = page.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let mut code = || cells.next().unwrap().trim_matches('`').to_owned();
        let (field, example) = (code(), code());
        Row {
            field,
            example: serde_json::from_str(&example).unwrap(),
            outcome: cells.next().unwrap().to_owned(),
        }
    };
    lines.map(row).collect()
}

/// What becomes of a field: the outcome's word, or what happened instead.
fn outcome(endpoint: Endpoint, model: &str, base: &Value, row: &Row) -> String {
    let mut body: Map<String, Value> = base.as_object().unwrap().clone();
    body.insert(row.field.clone(), row.example.clone());
    let body = Value::Object(body).to_string();
    let out = match outgoing(endpoint, &body, &target(endpoint, model), &NoMemory) {
        Ok(out) => out,
        Err(refusal) => return refusal.status().to_string(),
    };
    let losses: Vec<String> = out.losses.iter().map(Loss::to_string).collect();
    let [loss] = losses.as_slice() else {
        return if losses.is_empty() {
            "kept".to_owned()
        } else {
            format!("{losses:?}")
        };
    };
    match loss.split_once('=') {
        Some((_, kind)) => kind.to_owned(),
        None => "dropped".to_owned(),
    }
}

#[track_caller]
fn check(heading: &str, endpoint: Endpoint, model: &str, base: &Value) {
    let rows = rows(heading);
    assert!(rows.len() > 30);
    for row in rows {
        let got = outcome(endpoint, model, base, &row);
        assert_eq!(got, row.outcome, "`{}` {}", row.field, row.example);
    }
}

#[test]
fn the_page_says_what_becomes_of_a_chats_fields() {
    let base = json!({
        "model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5000,
        "tools": [{"type": "function", "function": {"name": "f"}}],
    });
    check(
        "## A chat to Anthropic: fields",
        Endpoint::ChatCompletions,
        "claude-sonnet-4-5",
        &base,
    );
}

#[test]
fn the_page_says_what_becomes_of_a_messages_fields() {
    let base = json!({
        "model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5000,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    });
    check(
        "## Messages to OpenAI: fields",
        Endpoint::Messages,
        "gpt-5.6",
        &base,
    );
}
