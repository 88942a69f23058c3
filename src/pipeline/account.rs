//! What a try used and cost: as the provider reported it, else an estimate that is marked as one.

use super::exchange::{Attempt, Exchange};
use crate::estimate::Traffic;
use tollgate_domain::{Cost, Usage};
use tollgate_governance::pricing::price;
use tollgate_providers::Seen;

impl Exchange {
    /// Usage as reported, or (of an answer without a report) estimated; and its price.
    pub(super) fn account(
        &self,
        attempt: &Attempt,
        seen: &Seen,
        failure: Option<&str>,
    ) -> (Option<Usage>, Option<Cost>, bool) {
        let is_answered = (200..300).contains(&attempt.status);
        let usage = match seen.usage {
            // Cut off before its end, it can have reported no more than a beginning.
            Some(usage) if failure.is_some() && seen.finish_reasons.is_empty() => {
                Some(self.traffic().at_least(usage))
            }
            Some(usage) => Some(usage),
            None if is_answered && (failure.is_none() || self.output_bytes > 0) => {
                Some(self.traffic().usage())
            }
            // It was asked, and will charge for that much.
            None if failure == Some("client_gone") => Some(self.traffic().usage()),
            None => None,
        };
        let Some(usage) = usage else {
            return (None, None, false);
        };
        let model = self.live().price(&attempt.target.provider, &attempt.model);
        let cost = model.and_then(|model| price(&usage, model));
        (Some(usage), cost, cost.is_none() && usage.total() > 0)
    }

    /// What went by, of which the end is at hand.
    fn traffic(&self) -> Traffic<'_> {
        Traffic {
            endpoint: self.endpoint,
            is_stream: self.is_stream,
            input: &self.body,
            input_bytes: self.body.len() as u64,
            output: &self.output,
            output_bytes: self.output_bytes,
        }
    }
}
