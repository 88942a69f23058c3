//! Lists of models in the caller's dialect.
//!
//! OpenAI (Python SDK 3.54.0) `{object list, data[{id, object model, created, owned_by}]}`; Anthropic (Python SDK
//! 2.12.0) `{data[{id, type model, display_name, created_at, …}], has_more, first_id, last_id}`, in pages of `limit`
//! (1 to 1,000, else 20) after `after_id` or before `before_id`.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_domain::{Dialect, Refusal};

const LIMIT: usize = 20;
const LIMIT_MAX: usize = 1_000;

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

/// The part of a list that a caller of Anthropic's dialect asks for. OpenAI's has no parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelPage {
    limit: Option<usize>,
    after: Option<String>,
    before: Option<String>,
}

impl ModelPage {
    /// Reads the query's parameters, already decoded. Others than the three are nobody's concern.
    pub fn read<'a>(query: impl IntoIterator<Item = (&'a str, String)>) -> Result<Self, Refusal> {
        let mut page = Self::default();
        for (name, value) in query {
            match name {
                "limit" => match value.parse() {
                    Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => page.limit = Some(limit),
                    _ => return Err(wrong("limit", "must be a whole number, 1 to 1000")),
                },
                "after_id" => page.after = Some(value),
                "before_id" => page.before = Some(value),
                _ => {}
            }
        }
        if page.after.is_some() && page.before.is_some() {
            return Err(wrong("before_id", "can't be there beside `after_id`"));
        }
        Ok(page)
    }

    /// The entries on the page, and whether there are more in its direction.
    fn of<'e>(&self, entries: &'e [ModelEntry]) -> Result<(&'e [ModelEntry], bool), Refusal> {
        let limit = self.limit.unwrap_or(LIMIT);
        let place = |id: &str, name: &'static str| {
            let found = entries.iter().position(|entry| entry.id == id);
            found.ok_or_else(|| wrong(name, "is no model of this list"))
        };
        let (from, to, has_more) = match (&self.after, &self.before) {
            (_, Some(before)) => {
                let end = place(before, "before_id")?;
                let from = end.saturating_sub(limit);
                (from, end, from > 0)
            }
            (after, None) => {
                let from = match after {
                    Some(after) => place(after, "after_id")?.saturating_add(1),
                    None => 0,
                };
                let to = from.saturating_add(limit).min(entries.len());
                (from, to, to < entries.len())
            }
        };
        Ok((entries.get(from..to).unwrap_or_default(), has_more))
    }
}

fn wrong(name: &'static str, why: &str) -> Refusal {
    Refusal::bad_request(format!("`{name}` {why}"), name.to_owned())
}

/// The list; of Anthropic's dialect the page that is asked for.
pub fn model_list(
    dialect: Dialect,
    entries: &[ModelEntry],
    page: &ModelPage,
) -> Result<Bytes, Refusal> {
    let objects = |entries: &[ModelEntry]| -> Vec<Value> {
        entries.iter().map(|entry| object(dialect, entry)).collect()
    };
    let list = match dialect {
        Dialect::OpenAi => json!({"object": "list", "data": objects(entries)}),
        Dialect::Anthropic => {
            let (entries, has_more) = page.of(entries)?;
            json!({
                "data": objects(entries),
                "has_more": has_more,
                "first_id": entries.first().map(|entry| &entry.id),
                "last_id": entries.last().map(|entry| &entry.id),
            })
        }
    };
    Ok(list.to_string().into())
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
        let written = |dialect, entries| {
            let list = model_list(dialect, entries, &ModelPage::default()).unwrap();
            String::from_utf8(list.to_vec()).unwrap()
        };
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

    #[test]
    fn long_lists_come_in_pages_from_both_ends() {
        let entries: Vec<ModelEntry> = (0..30)
            .map(|number| ModelEntry {
                id: format!("m{number}"),
                created: 0,
                owned_by: "tollgate".into(),
                max_input: None,
                max_output: None,
            })
            .collect();
        let ask = |query: &[(&'static str, &str)]| {
            let query = query
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()));
            let list = model_list(Dialect::Anthropic, &entries, &ModelPage::read(query)?)?;
            let list: Value = serde_json::from_slice(&list).unwrap();
            let ids =
                [&list["first_id"], &list["last_id"]].map(|id| id.as_str().map(str::to_owned));
            Ok::<_, Refusal>((
                list["data"].as_array().unwrap().len(),
                ids,
                list["has_more"] == true,
            ))
        };
        let page = |count, first: &str, last: &str, has_more| {
            let ids = [first, last].map(|id| (!id.is_empty()).then(|| id.to_owned()));
            (count, ids, has_more)
        };
        for (query, expected) in [
            (vec![], page(20, "m0", "m19", true)),
            (vec![("after_id", "m19")], page(10, "m20", "m29", false)),
            (vec![("limit", "1000")], page(30, "m0", "m29", false)),
            (
                vec![("limit", "3"), ("after_id", "m1")],
                page(3, "m2", "m4", true),
            ),
            (
                vec![("limit", "3"), ("before_id", "m9")],
                page(3, "m6", "m8", true),
            ),
            (vec![("before_id", "m2")], page(2, "m0", "m1", false)),
            (vec![("after_id", "m29")], page(0, "", "", false)),
        ] {
            assert_eq!(ask(&query).unwrap(), expected, "{query:?}");
        }
        for query in [
            vec![("limit", "0")],
            vec![("limit", "1001")],
            vec![("limit", "many")],
            vec![("after_id", "m30")],
            vec![("after_id", "m1"), ("before_id", "m3")],
        ] {
            assert!(ask(&query).is_err(), "{query:?}");
        }
    }
}
