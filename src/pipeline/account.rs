//! What a try used and cost: as the provider reported it, else an estimate that is marked as one.

use super::exchange::{Attempt, Exchange};
use crate::estimate::Traffic;
use crate::telemetry::metrics::Spender;
use crate::tokens::Uncounted;
use tollgate_domain::{Cost, Usage};
use tollgate_governance::pricing::price_of;
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
            None if matches!(failure, Some("client_gone" | "interrupted")) => {
                Some(self.traffic().usage())
            }
            None => None,
        };
        let Some(usage) = usage else {
            return (None, None, false);
        };
        let model = self.live().price(&attempt.target.provider, &attempt.model);
        let cost = model.and_then(|model| price_of(&usage, &model, seen.service_tier.as_deref()));
        (Some(usage), cost, cost.is_none() && usage.total() > 0)
    }

    /// Whose the tokens of a try are.
    pub(super) fn spender<'a>(&'a self, attempt: &'a Attempt) -> Spender<'a> {
        Spender {
            endpoint: self.endpoint,
            route: self.route_name(),
            target: &attempt.target,
            key: self.key(),
        }
    }

    /// Leaves it to the drain to count what was not reported; `false` where there is no room for that.
    pub(super) fn hand_over(&mut self, attempt: &Attempt, seen: &Seen, estimate: Usage) -> bool {
        let sample = std::mem::take(&mut self.sample);
        self.gateway().uncounted.give(Uncounted {
            request: self.id,
            attempt: attempt.number,
            endpoint: self.endpoint,
            route: self.route.clone(),
            target: attempt.target.clone(),
            key: self.key().clone(),
            service_tier: seen.service_tier.clone(),
            reported: seen.usage,
            estimate,
            body: self.body.clone(),
            said: seen.text.clone(),
            sample,
            sent: self.output_bytes,
        })
    }

    /// What went by, of which the end is at hand.
    fn traffic(&self) -> Traffic<'_> {
        Traffic {
            endpoint: self.endpoint,
            is_stream: self.is_stream,
            input: &self.body,
            input_bytes: self.body.len() as u64,
            output: if self.output.is_empty() {
                &self.sample
            } else {
                &self.output
            },
            output_bytes: self.output_bytes,
        }
    }
}
