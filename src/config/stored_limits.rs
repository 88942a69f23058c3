//! Limits of the keys that the command line makes: kept in the store as JSON, in the form that the file has them.

use super::load::{Origin, read};
use super::problems::Problem;
use super::read::{List, Read};
use super::reference::{NoVault, Sources};
use super::sections::{LimitSection, Of, resolve_limits};
use serde_json::{Map, Value as Json, json};
use tollgate_governance::limit::{Limit, Per};

/// Limits of a key as JSON: `[{"requests": "600/min"}]`.
pub fn limits_to_json(limits: &[Limit]) -> Json {
    limits.iter().map(limit_to_json).collect()
}

fn limit_to_json(limit: &Limit) -> Json {
    let mut fields = Map::new();
    if limit.per == Per::Route {
        fields.insert("per".to_owned(), "route".into());
    }
    for (name, rate) in [("requests", limit.requests), ("tokens", limit.tokens)] {
        if let Some(rate) = rate {
            fields.insert(name.to_owned(), rate.to_string().into());
        }
    }
    if let Some(concurrent) = limit.concurrent {
        fields.insert("concurrent".to_owned(), json!(concurrent));
    }
    fields.into()
}

/// The limits of a key from JSON.
pub fn limits_from_json(limits: &Json) -> Result<Vec<Limit>, Vec<Problem>> {
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
