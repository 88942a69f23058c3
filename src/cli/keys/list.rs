//! `keys list`.

use super::super::error::CliError;
use super::super::table;
use super::super::text::{or_dash, time};
use crate::config::limits_from_json;
use std::io::Write;
use tollgate_governance::limit::Limit;
use tollgate_store::Store;
use tollgate_store::keys::KeyRow;

const HEADS: [&str; 10] = [
    "NAME", "KEY", "STATE", "OWNER", "TEAM", "SCOPES", "ROUTES", "LIMITS", "EXPIRES", "CREATED",
];

pub(super) fn write(store: &Store, now_ms: i64, out: &mut dyn Write) -> Result<(), CliError> {
    let keys = store.keys()?;
    let rows: Vec<_> = keys.iter().map(|key| row(key, now_ms)).collect();
    Ok(table::write(out, HEADS, &rows)?)
}

fn row(key: &KeyRow, now_ms: i64) -> [String; 10] {
    let routes = match key.routes.is_empty() {
        true => "all".to_owned(),
        false => or_dash(&key.routes.join(",")),
    };
    [
        or_dash(&key.name),
        format!("tg-…{}", key.last4),
        state(key, now_ms).to_owned(),
        or_dash(&key.owner),
        or_dash(&key.team),
        or_dash(&key.scopes.join(",")),
        routes,
        limits(key),
        key.expires_ms.map_or_else(|| "never".to_owned(), time),
        time(key.created_ms),
    ]
}

fn state(key: &KeyRow, now_ms: i64) -> &'static str {
    match key {
        _ if key.revoked_ms.is_some() => "revoked",
        _ if !key.enabled => "disabled",
        _ if key.expires_ms.is_some_and(|expires| expires <= now_ms) => "expired",
        _ => "active",
    }
}

fn limits(key: &KeyRow) -> String {
    match limits_from_json(&key.limits) {
        Ok(limits) => {
            let parts: Vec<String> = limits.iter().flat_map(limit).collect();
            or_dash(&parts.join(", "))
        }
        Err(_) => "unreadable".to_owned(),
    }
}

fn limit(limit: &Limit) -> impl Iterator<Item = String> {
    let parts = [
        limit.requests.map(|rate| format!("{rate} requests")),
        limit.tokens.map(|rate| format!("{rate} tokens")),
        limit.concurrent.map(|count| format!("{count} at once")),
    ];
    parts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_shows_the_state_and_no_hash() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("tollgate.db")).unwrap();
        for (name, expires_ms) in [("active", None), ("old", Some(5)), ("revoked", None)] {
            let key = KeyRow {
                name: name.into(),
                hash: format!("{name:f>64}"),
                last4: "wxyz".into(),
                owner: String::new(),
                team: "search".into(),
                tags: Default::default(),
                routes: Vec::new(),
                scopes: vec!["invoke".into()],
                limits: serde_json::json!([{ "requests": "60/min", "concurrent": 2 }]),
                expires_ms,
                enabled: true,
                created_ms: 0,
                revoked_ms: None,
            };
            store.create_key(&key).unwrap();
        }
        store.revoke_key("revoked", 7).unwrap();
        let mut out = Vec::new();
        write(&store, 10, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert!(!text.contains("ffff"));
        for expected in [
            "active",
            "expired",
            "revoked",
            "60/min requests, 2 at once",
            "…wxyz",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
