//! The order in which a request tries its targets.

use super::Strategy;
use smallvec::SmallVec;

/// A target that a request may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<T> {
    pub target: T,
    pub weight: u32,
    /// Whether its breaker holds it back.
    pub is_set_aside: bool,
}

/// The next target to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<T> {
    pub target: T,
    /// Set aside, and tried since no other is left.
    pub is_last_resort: bool,
}

/// The targets of a request in order: a route's own by its strategy, then each fallback's; those that are set aside
/// after all others, in the same order.
#[derive(Clone, Debug)]
pub struct Plan<T> {
    ready: Queue<T>,
    set_aside: Queue<T>,
}

/// So few that taking the first and moving the others is the cheapest.
type Queue<T> = SmallVec<[T; 4]>;

impl<T> Default for Plan<T> {
    fn default() -> Self {
        Self {
            ready: Queue::new(),
            set_aside: Queue::new(),
        }
    }
}

impl<T> Plan<T> {
    /// Adds the targets of a route, or of a fallback, after those that are there. `random` decides among weights.
    pub fn add(
        &mut self,
        strategy: Strategy,
        choices: impl IntoIterator<Item = Choice<T>>,
        random: u64,
    ) {
        let mut choices: SmallVec<[Choice<T>; 8]> = choices.into_iter().collect();
        if strategy == Strategy::Weighted {
            order_by_weight(&mut choices, random);
        }
        for choice in choices {
            if choice.is_set_aside {
                self.set_aside.push(choice.target);
            } else {
                self.ready.push(choice.target);
            }
        }
    }

    /// The next target, which then is no longer in the plan.
    pub fn next_step(&mut self) -> Option<Step<T>> {
        let is_last_resort = self.ready.is_empty();
        let queue = if is_last_resort {
            &mut self.set_aside
        } else {
            &mut self.ready
        };
        (!queue.is_empty()).then(|| Step {
            target: queue.remove(0),
            is_last_resort,
        })
    }

    /// Puts a target off until no other is left: its breaker holds it back after all.
    pub fn put_off(&mut self, target: T) {
        self.set_aside.push(target);
    }

    /// Leaves targets out: those of a provider whose account is spent.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&T) -> bool) {
        self.ready.retain(|target| is_kept(target));
        self.set_aside.retain(|target| is_kept(target));
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.set_aside.is_empty()
    }
}

/// Draws without putting back, each time by the weights that are left: so the second target, too, is the next likely.
fn order_by_weight<T>(choices: &mut [Choice<T>], mut random: u64) {
    for start in 0..choices.len() {
        let Some(rest) = choices.get_mut(start..) else {
            return;
        };
        let Some(drawn) = draw(rest.iter().map(|choice| choice.weight), random) else {
            return;
        };
        // The order of those not drawn stays.
        if let Some(up_to_drawn) = rest.get_mut(..=drawn) {
            up_to_drawn.rotate_right(1);
        }
        random = stir(random);
    }
}

/// The index that a random number hits, each with the probability of its weight; `None` where all weights are 0.
fn draw(weights: impl Iterator<Item = u32> + Clone, random: u64) -> Option<usize> {
    let total: u64 = weights.clone().map(u64::from).sum();
    // The high half of the product is even in 0..total to within total / 2^64.
    let mut hit = (u128::from(random) * u128::from(total)) >> 64;
    weights.enumerate().find_map(|(index, weight)| {
        let weight = u128::from(weight);
        if hit < weight {
            return Some(index);
        }
        hit -= weight;
        None
    })
}

/// The next number of a sequence that looks random (SplitMix64).
fn stir(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prop_assert, prop_assert_eq, proptest};

    fn choice(target: char, weight: u32) -> Choice<char> {
        Choice {
            target,
            weight,
            is_set_aside: false,
        }
    }

    fn order(mut plan: Plan<char>) -> String {
        std::iter::from_fn(|| plan.next_step().map(|step| step.target)).collect()
    }

    #[test]
    fn first_targets_come_by_their_weights() {
        let mut firsts = [0u32; 3];
        let mut random = 1;
        for _ in 0..10_000 {
            let mut plan = Plan::default();
            plan.add(
                Strategy::Weighted,
                [choice('a', 90), choice('b', 10), choice('c', 0)],
                random,
            );
            let first = plan.next_step().unwrap().target;
            firsts["abc".find(first).unwrap()] += 1;
            random = stir(random);
        }
        assert!((8_800..9_200).contains(&firsts[0]), "{firsts:?}");
        assert_eq!(firsts[0] + firsts[1], 10_000);
    }

    #[test]
    fn a_target_without_weight_waits_for_the_others() {
        let mut plan = Plan::default();
        plan.add(
            Strategy::Weighted,
            [choice('a', 0), choice('b', 1), choice('c', 0)],
            7,
        );
        assert_eq!(order(plan), "bac");
    }

    #[test]
    fn priority_is_the_files_order_and_fallbacks_follow() {
        let mut plan = Plan::default();
        plan.add(Strategy::Priority, [choice('a', 0), choice('b', 9)], 7);
        plan.add(Strategy::Priority, [choice('c', 1)], 7);
        assert_eq!(order(plan), "abc");
    }

    #[test]
    fn what_is_set_aside_comes_after_all_fallbacks() {
        let aside = |target| Choice {
            is_set_aside: true,
            ..choice(target, 1)
        };
        let mut plan = Plan::default();
        plan.add(Strategy::Priority, [aside('a'), choice('b', 1)], 7);
        plan.add(Strategy::Priority, [choice('c', 1), aside('d')], 7);
        let mut seen = Vec::new();
        while let Some(step) = plan.next_step() {
            seen.push((step.target, step.is_last_resort));
        }
        assert_eq!(seen, [('b', false), ('c', false), ('a', true), ('d', true)]);
    }

    #[test]
    fn a_providers_targets_can_be_left_out() {
        let mut plan = Plan::default();
        plan.add(
            Strategy::Priority,
            [choice('a', 1), choice('b', 1), choice('c', 1)],
            7,
        );
        plan.retain(|target| *target != 'b');
        assert_eq!(order(plan.clone()), "ac");
        plan.retain(|target| *target == 'a');
        assert!(!plan.is_empty());
        plan.retain(|target| *target != 'a');
        assert!(plan.is_empty());
    }

    #[test]
    fn a_target_that_is_put_off_is_tried_last() {
        let mut plan = Plan::default();
        plan.add(Strategy::Priority, [choice('a', 1), choice('b', 1)], 7);
        let first = plan.next_step().unwrap().target;
        plan.put_off(first);
        assert!(!plan.is_empty());
        assert_eq!(order(plan), "ba");
    }

    proptest! {
        #[test]
        fn every_target_is_tried_once(weights in collection::vec(0u32..5, 0..12), random: u64) {
            let mut plan = Plan::default();
            let choices = weights.iter().enumerate().map(|(target, weight)| Choice {
                target,
                weight: *weight,
                is_set_aside: false,
            });
            plan.add(Strategy::Weighted, choices, random);
            let mut seen: Vec<usize> = std::iter::from_fn(|| plan.next_step().map(|step| step.target)).collect();
            let weighted = weights.iter().filter(|weight| **weight > 0).count();
            prop_assert!(seen.iter().take(weighted).all(|target| weights[*target] > 0));
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..weights.len()).collect::<Vec<_>>());
        }
    }
}
