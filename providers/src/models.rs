//! Lists of models in the caller's dialect.
//!
//! OpenAI (Python SDK 3.54.0) `{object list, data[{id, object model, created, owned_by}]}`; Anthropic (Python SDK
//! 2.12.0) `{data[{id, type model, display_name, created_at, …}], has_more, first_id, last_id}`.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_domain::Dialect;

/// A name that a caller may send as `model`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEntry {
    /// The name.
    pub id: String,
    /// Unix time, in seconds.
    pub created: u64,
    /// Who has it.
    pub owned_by: String,
    /// The longest prompt, in tokens.
    pub max_input: Option<u64>,
    /// The longest answer, in tokens.
    pub max_output: Option<u64>,
}

/// The list, all on one page.
pub fn model_list(dialect: Dialect, entries: &[ModelEntry]) -> Bytes {
    let data: Vec<Value> = entries.iter().map(|entry| object(dialect, entry)).collect();
    let list = match dialect {
        Dialect::OpenAi => json!({"object": "list", "data": data}),
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": entries.first().map(|entry| &entry.id),
            "last_id": entries.last().map(|entry| &entry.id),
        }),
    };
    list.to_string().into()
}

/// One model.
pub fn model_entry(dialect: Dialect, entry: &ModelEntry) -> Bytes {
    object(dialect, entry).to_string().into()
}

fn object(dialect: Dialect, entry: &ModelEntry) -> Value {
    match dialect {
        Dialect::OpenAi => json!({
            "id": entry.id,
            "object": "model",
            "created": entry.created,
            "owned_by": entry.owned_by,
        }),
        Dialect::Anthropic => json!({
            "id": entry.id,
            "type": "model",
            "display_name": entry.id,
            "created_at": rfc3339(entry.created),
            "max_input_tokens": entry.max_input,
            "max_tokens": entry.max_output,
        }),
    }
}

/// A Unix time as `2026-11-24T00:00:00Z` (the civil-from-days algorithm; Gregorian, no leap seconds).
fn rfc3339(seconds: u64) -> String {
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_795_478_400, "2026-11-24T00:00:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), expected);
        }
    }

    #[test]
    fn lists_follow_the_dialect() {
        let entries = [ModelEntry {
            id: "chat".into(),
            created: 0,
            owned_by: "tollgate".into(),
            max_input: Some(200_000),
            max_output: None,
        }];
        let written =
            |dialect, entries| String::from_utf8(model_list(dialect, entries).to_vec()).unwrap();
        assert_eq!(
            written(Dialect::OpenAi, &entries),
            r#"{"data":[{"created":0,"id":"chat","object":"model","owned_by":"tollgate"}],"object":"list"}"#
        );
        assert_eq!(
            written(Dialect::Anthropic, &entries),
            r#"{"data":[{"created_at":"1970-01-01T00:00:00Z","display_name":"chat","id":"chat","max_input_tokens":200000,"max_tokens":null,"type":"model"}],"first_id":"chat","has_more":false,"last_id":"chat"}"#
        );
        assert_eq!(
            written(Dialect::Anthropic, &[]),
            r#"{"data":[],"first_id":null,"has_more":false,"last_id":null}"#
        );
    }
}
