//! A request passes all its gates, or none.

use super::Standing;
use super::gate::{Gate, GateId, Hold, Shut};
use crate::Moment;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;
use tollgate_domain::{Refusal, Unit};

/// Gates of a request that fit without an allocation.
const INLINE: usize = 4;

/// Takes a request with an estimate of its tokens through every gate. Where one refuses, the others have counted
/// nothing.
pub fn admit<'a, G>(gates: G, tokens: u64, now: Moment) -> Result<Admission, Box<Denied>>
where
    G: IntoIterator<Item = &'a Arc<Gate>, IntoIter: Clone>,
{
    let gates = gates.into_iter();
    let mut holds: SmallVec<[Hold; INLINE]> = SmallVec::new();
    for gate in gates.clone() {
        match gate.enter(tokens, now) {
            Ok(hold) => holds.push(hold),
            Err(shut) => {
                let entered = holds.len();
                drop(holds);
                return Err(denied(gates, entered, gate, shut, now));
            }
        }
    }
    Ok(Admission {
        holds,
        standing: standing(gates, now),
    })
}

/// Counts a request that goes no further: it takes one of the requests of every gate, or, where one refuses, of none.
/// Says how the key stands then.
pub fn count<'a, G>(gates: G, now: Moment) -> Result<Standing, Box<Denied>>
where
    G: IntoIterator<Item = &'a Arc<Gate>, IntoIter: Clone>,
{
    let gates = gates.into_iter();
    for (passed, gate) in gates.clone().enumerate() {
        if let Err(shut) = gate.count(now) {
            return Err(denied(gates, passed, gate, shut, now));
        }
    }
    Ok(standing(gates, now))
}

/// What `gate` refused, which the first gates, that many, had counted.
fn denied<'a>(
    gates: impl Iterator<Item = &'a Arc<Gate>> + Clone,
    passed: usize,
    gate: &Gate,
    shut: Shut,
    now: Moment,
) -> Box<Denied> {
    for passed in gates.clone().take(passed) {
        passed.leave_uncounted();
    }
    Box::new(Denied {
        by: gate.id().clone(),
        unit: shut.unit,
        limit: shut.limit,
        retry_after: shut.retry_after,
        standing: standing(gates, now),
    })
}

/// How a key stands: the tightest of the limits that are its own.
pub fn standing<'a>(gates: impl IntoIterator<Item = &'a Arc<Gate>>, now: Moment) -> Standing {
    gates
        .into_iter()
        .filter(|gate| gate.id().is_of_key())
        .map(|gate| gate.standing(now))
        .fold(Standing::default(), Standing::tighter)
}

/// A request that is let in: its permits and reservations, until it is settled or dropped. Dropped unsettled, its
/// tokens flow back (nothing left for a provider); the request itself stays counted.
#[must_use = "dropping an admission ends it"]
pub struct Admission {
    holds: SmallVec<[Hold; INLINE]>,
    standing: Standing,
}

impl Admission {
    /// How the key stands after this request.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Ends the request with the tokens it used, and gives its permits back.
    pub fn settle(self, used: u64, now: Moment) {
        for hold in self.holds {
            if let Some(reservation) = hold.reservation {
                reservation.settle(used, now);
            }
        }
    }
}

/// A request that a limit keeps out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    pub by: GateId,
    pub unit: Unit,
    /// The limit that was reached, in its unit.
    pub limit: u64,
    pub retry_after: Duration,
    /// How the key stands.
    pub standing: Standing,
}

impl Denied {
    pub fn into_refusal(self) -> Refusal {
        Refusal::LimitReached {
            unit: self.unit,
            limit: self.limit,
            scope: self.by.to_string(),
            retry_after: self.retry_after,
        }
    }
}
