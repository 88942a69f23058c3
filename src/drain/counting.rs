//! Usage that no provider reported, counted by the tokenizer before a request is stored: the drain is where time may be
//! taken, and no client waits for it.
//!
//! The journal carries the path's estimate, four bytes a token. Here it is replaced on the attempt's span, on the root
//! and in the ledger, and only then told to the metrics, so that all of them agree. What an earlier process left behind
//! keeps its estimate.

use super::Pricing;
use super::request::{Finished, Try, totals};
use crate::tokens::{self, Uncounted, Waiting};
use std::collections::HashMap;
use std::sync::mpsc::Receiver;
use tollgate_domain::{Cost, RequestId, Usage};
use tollgate_providers::{output_text, summarize};

/// Whoever wants to know what was counted: usage, its cost, and whether it has tokens without a price.
pub type Told = Box<dyn Fn(&Uncounted, Usage, Option<Cost>, bool) + Send>;

/// Tries that wait for their request's end. More than this: ends that the journal did not take.
const MOST_WAITING: usize = 4_096;

pub struct Counting {
    receiver: Receiver<Waiting>,
    waiting: HashMap<(RequestId, u32), Waiting>,
    told: Told,
}

impl Counting {
    pub fn new(receiver: Receiver<Waiting>, told: Told) -> Self {
        Self {
            receiver,
            waiting: HashMap::new(),
            told,
        }
    }

    /// For tests in which every usage is reported.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        let (_, receiver) = tokens::handover();
        Self::new(receiver, Box::new(|_, _, _, _| {}))
    }

    /// Counts what the request's providers did not.
    pub(super) fn settle(&mut self, finished: &mut Finished, price: &Pricing) {
        if !finished.ending.usage.estimated {
            return;
        }
        self.receive(price);
        let Finished { request, ending } = finished;
        let ended = |attempt: &&mut Try| attempt.end.is_some();
        for attempt in request.attempts.iter_mut().filter(ended) {
            let Some(waiting) = self.waiting.remove(&(request.id, attempt.number)) else {
                continue;
            };
            let counted = count(&waiting, request.streamed, &request.output);
            let (cost, unpriced) =
                attempt.cost_of(&counted, waiting.service_tier.as_deref(), price);
            if let Some(end) = &mut attempt.end {
                (end.usage, end.cost, end.unpriced) = (Some(counted), cost, unpriced);
                (self.told)(&waiting, counted, cost, unpriced);
            }
        }
        (ending.usage, ending.cost, ending.unpriced) = totals(&request.attempts);
    }

    fn receive(&mut self, price: &Pricing) {
        if self.waiting.len() >= MOST_WAITING {
            for (_, waiting) in self.waiting.drain() {
                let (usage, target) = (waiting.estimate, &waiting.target);
                let provider = &target.provider.config;
                let model = target.model.as_deref().unwrap_or_default();
                let (name, tier) = (provider.name.as_str(), waiting.service_tier.as_deref());
                let cost = price(name, provider.kind, model, &usage, tier);
                (self.told)(&waiting, usage, cost, cost.is_none() && usage.total() > 0);
            }
        }
        for waiting in self.receiver.try_iter() {
            let key = (waiting.request, waiting.attempt);
            self.waiting.insert(key, waiting);
        }
    }
}

/// The usage: as far as it was reported, else by what was sent and said.
fn count(of: &Uncounted, streamed: bool, captured: &[u8]) -> Usage {
    let kind = of.target.provider.config.kind;
    let said = match (&of.said, of.sent) {
        (Some(said), _) => tokens::of_text(kind, said),
        (None, 0) => 0,
        (None, sent) => {
            let seen = if of.sample.is_empty() {
                captured
            } else {
                &of.sample
            };
            let text = output_text(&summarize(of.endpoint, streamed, seen));
            tokens::share(tokens::of_text(kind, &text), sent, seen.len() as u64)
        }
    };
    match of.reported {
        Some(reported) => Usage {
            output: reported.output.max(said.saturating_sub(reported.reasoning)),
            estimated: true,
            ..reported
        },
        None => Usage {
            input: tokens::of_prompt(kind, of.endpoint, &of.body),
            output: said,
            estimated: true,
            ..Usage::default()
        },
    }
}
