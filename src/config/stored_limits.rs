//! Limits of the keys that the command line makes: kept in the store as JSON, in the form that the file has them.

use super::load::{Origin, read};
use super::problems::Problem;
use super::read::{List, Read};
use super::reference::{NoVault, Sources};
use super::sections::{LimitSection, Of, resolve_limits};
use super::snapshot::{LimitSpec, Per, Rate};
use serde_json::{Map, Value as Json, json};

/// Limits of a key as JSON: `[{"requests": "600/min"}]`.
pub fn limits_to_json(limits: &[LimitSpec]) -> Json {
    limits.iter().map(limit_to_json).collect()
}

fn limit_to_json(limit: &LimitSpec) -> Json {
    let mut fields = Map::new();
    if limit.per == Per::Route {
        fields.insert("per".to_owned(), "route".into());
    }
    for (name, rate) in [("requests", limit.requests), ("tokens", limit.tokens)] {
        if let Some(rate) = rate {
            fields.insert(name.to_owned(), rate_text(rate).into());
        }
    }
    if let Some(concurrent) = limit.concurrent {
        fields.insert("concurrent".to_owned(), json!(concurrent));
    }
    fields.into()
}

/// The limits of a key from JSON.
pub fn limits_from_json(limits: &Json) -> Result<Vec<LimitSpec>, Vec<Problem>> {
    let sources = Sources {
        environment: &|_| None,
        secrets: &NoVault,
        simulated: None,
    };
    let origin = Origin::File("limits".into());
    // JSON is YAML.
    read(&origin, &limits.to_string(), &sources, |root, reader| {
        let list = List::<LimitSection>::read(root, reader)?;
        Some(resolve_limits(&list, Of::Key, reader))
    })
}

fn rate_text(rate: Rate) -> String {
    let unit = match rate.period.as_secs() {
        1 => "s",
        60 => "min",
        3600 => "h",
        _ => "day",
    };
    format!("{}/{unit}", rate.count)
}
