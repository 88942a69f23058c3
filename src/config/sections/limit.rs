//! `limits`: of every key, of one key, of a route.

use crate::config::read::{Located, Reader, choices, section};
use tollgate_governance::limit::{Limit, Per, Rate};

section! {
    /// A limit: at least one of requests, tokens and concurrent.
    #[schemars(extend("anyOf" = [
        { "required": ["requests"] },
        { "required": ["tokens"] },
        { "required": ["concurrent"] },
    ]))]
    pub(crate) struct LimitSection {
        /// Who shares it: `key` (each key has it for itself) or, on a route, `route` (all callers together).
        /// Default: `key`.
        per: Per,
        /// Such as `600/min`. A burst may take all of it at once.
        requests: Rate,
        /// Input and output together, such as `200k/min`.
        tokens: Rate,
        /// Requests at once, each until its stream's end.
        #[schemars(extend("minimum" = 1))]
        concurrent: u32,
    }
}

choices! {
    Per: "key" => Key, "route" => Route;
}

/// Whose limits are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Route,
    Key,
}

pub(crate) fn resolve(
    limits: &[Located<LimitSection>],
    of: Of,
    reader: &mut Reader<'_>,
) -> Vec<Limit> {
    limits
        .iter()
        .map(|limit| resolve_one(limit, of, reader))
        .collect()
}

fn resolve_one(limit: &Located<LimitSection>, of: Of, reader: &mut Reader<'_>) -> Limit {
    let per = limit.per.as_ref();
    if let Some(per) = per.filter(|per| of == Of::Key && per.value == Per::Route) {
        reader.note_at(
            per,
            "`route` counts on routes only; here each key has the limit for itself",
        );
    }
    if let Some(concurrent) = limit.concurrent.as_ref().filter(|count| count.value == 0) {
        reader.note_at(concurrent, "at least 1");
    }
    let is_empty = limit.requests.is_none() && limit.tokens.is_none() && limit.concurrent.is_none();
    if is_empty && reader.is_sound(&limit.field) {
        reader.note_at(
            limit,
            "a limit needs at least one of requests, tokens, concurrent",
        );
    }
    Limit {
        per: per.map_or(Per::Key, |per| per.value),
        requests: limit.requests.as_ref().map(|rate| rate.value),
        tokens: limit.tokens.as_ref().map(|rate| rate.value),
        concurrent: limit.concurrent.as_ref().map(|count| count.value),
    }
}
