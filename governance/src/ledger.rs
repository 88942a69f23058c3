//! Sums of money that must agree: what the ledger holds, and what usage times price gives.

use std::ops::Add;
use tollgate_domain::{Cost, NanoUsd};

/// A sum over requests. Exact: it cannot overflow with fewer than 10^19 requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    pub requests: u64,
    /// Nano-dollars.
    pub input: i128,
    pub output: i128,
}

/// Two sums that should be one. Shown as what the second has more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sums differ by {requests} requests and {nanos} nano-dollars")]
pub struct Mismatch {
    pub requests: i128,
    pub nanos: i128,
}

impl Tally {
    pub fn count(&mut self, cost: Cost) {
        self.requests += 1;
        self.input += i128::from(cost.input.0);
        self.output += i128::from(cost.output.0);
    }

    /// The sum of both sides; saturates at what [`NanoUsd`] holds.
    pub fn total(&self) -> NanoUsd {
        let nanos = (self.input + self.output).clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        NanoUsd(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Whether another sum over the same requests is the same, side by side: sides that are off by opposite amounts
    /// don't agree.
    pub fn agrees(&self, other: &Self) -> Result<(), Mismatch> {
        if self == other {
            return Ok(());
        }
        Err(Mismatch {
            requests: i128::from(other.requests) - i128::from(self.requests),
            nanos: (other.input - self.input) + (other.output - self.output),
        })
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            input: self.input + other.input,
            output: self.output + other.output,
        }
    }
}

impl FromIterator<Cost> for Tally {
    fn from_iter<I: IntoIterator<Item = Cost>>(costs: I) -> Self {
        costs.into_iter().fold(Self::default(), |mut tally, cost| {
            tally.count(cost);
            tally
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(input: i64, output: i64) -> Cost {
        Cost {
            input: NanoUsd(input),
            output: NanoUsd(output),
        }
    }

    #[test]
    fn sums_of_parts_agree_with_the_sum_of_all() {
        let all: Tally = [cost(1, 2), cost(3, 4), cost(5, 6)].into_iter().collect();
        let first: Tally = [cost(1, 2)].into_iter().collect();
        let rest: Tally = [cost(3, 4), cost(5, 6)].into_iter().collect();
        assert_eq!(all.agrees(&(first + rest)), Ok(()));
        assert_eq!(all.total(), NanoUsd(21));
    }

    #[test]
    fn a_missing_request_and_shifted_sides_are_seen() {
        let all: Tally = [cost(1, 2), cost(3, 4)].into_iter().collect();
        let fewer: Tally = [cost(1, 2)].into_iter().collect();
        let missing = Mismatch {
            requests: -1,
            nanos: -7,
        };
        assert_eq!(all.agrees(&fewer), Err(missing));
        let shifted: Tally = [cost(2, 1), cost(3, 4)].into_iter().collect();
        assert_eq!(
            all.agrees(&shifted),
            Err(Mismatch {
                requests: 0,
                nanos: 0
            })
        );
    }

    #[test]
    fn sums_beyond_one_amount_stay_exact() {
        let tally: Tally = [cost(i64::MAX, 0); 3].into_iter().collect();
        assert_eq!(tally.input, 3 * i128::from(i64::MAX));
        assert_eq!(tally.total(), NanoUsd(i64::MAX));
    }
}
