//! What the store made of a request beyond what its records say: under which trace id it is, where the caller's was
//! another team's, and what was counted where no provider reported usage.

use crate::drain::request::Finished;
use tollgate_domain::TraceId;
use tollgate_store::traces::Span;
use tollgate_store::{Result, Store};

/// Whether the records of a request may not say all.
pub(super) fn may_differ(finished: &Finished) -> bool {
    finished.request.parent.is_some() || finished.ending.usage.estimated
}

/// Puts the store's figures into a request; under which trace id it is there. `None` for one that is not in the store.
pub(super) fn settle(store: &Store, finished: &mut Finished) -> Result<Option<TraceId>> {
    let Some(line) = store.ledger_line(finished.request.id)? else {
        return Ok(None);
    };
    let Finished { request, ending } = finished;
    if ending.usage.estimated {
        (ending.usage, ending.cost, ending.unpriced) = (line.usage, line.cost, line.unpriced);
        let trace = store.trace(line.trace)?;
        let spans = trace.map_or_else(Vec::new, |trace| trace.spans);
        for attempt in &mut request.attempts {
            let is_it = |span: &&Span| span.header.span == attempt.span;
            if let (Some(end), Some(span)) = (&mut attempt.end, spans.iter().find(is_it)) {
                end.usage = span.usage;
                end.cost = span.header.cost;
                end.unpriced = span.attribute("tollgate.unpriced").is_some();
            }
        }
    }
    Ok(Some(line.trace))
}
