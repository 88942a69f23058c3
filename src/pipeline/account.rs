//! What a try used and cost: as the provider reported it, else an estimate that is marked as one.

use super::exchange::{Attempt, Exchange};
use tollgate_domain::{Cost, Endpoint, Usage};
use tollgate_governance::pricing::price;
use tollgate_providers::{Seen, output_text, summarize};

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
                Some(self.at_least(usage))
            }
            Some(usage) => Some(usage),
            None if is_answered && (failure.is_none() || self.output_bytes > 0) => {
                Some(self.estimate())
            }
            // It was asked, and will charge for that much.
            None if failure == Some("client_gone") => Some(self.estimate()),
            None => None,
        };
        let Some(usage) = usage else {
            return (None, None, false);
        };
        let model = self.live().price(&attempt.target.provider, &attempt.model);
        let cost = model.and_then(|model| price(&usage, model));
        (Some(usage), cost, cost.is_none() && usage.total() > 0)
    }

    /// About four bytes a token, of what was sent and of what came.
    fn estimate(&self) -> Usage {
        let input = tollgate_providers::input_text(self.endpoint, &self.body).len();
        Usage {
            input: input.div_ceil(4) as u64,
            output: self.text_bytes().div_ceil(4),
            estimated: true,
            ..Usage::default()
        }
    }

    /// Usage that was reported early, with the output that came since.
    fn at_least(&self, reported: Usage) -> Usage {
        let missing = (self.text_bytes().div_ceil(4)).saturating_sub(reported.output_total());
        Usage {
            output: reported.output.saturating_add(missing),
            estimated: reported.estimated || missing > 0,
            ..reported
        }
    }

    /// Bytes of text in what the client was sent: counted in the part that is at hand, in proportion for the rest.
    fn text_bytes(&self) -> u64 {
        if matches!(self.endpoint, Endpoint::Embeddings | Endpoint::CountTokens) {
            return 0;
        }
        let at_hand = self.output.len() as u64;
        if at_hand == 0 {
            return self.output_bytes / if self.is_stream { 10 } else { 2 };
        }
        let summary = summarize(self.endpoint, self.is_stream, &self.output);
        let text = output_text(&summary).len() as u64;
        text.saturating_mul(self.output_bytes.max(at_hand)) / at_hand
    }
}
