//! How long to wait before another try.

use std::time::Duration;

/// The wait before the `number`th further try (1 is the first): `base`, twice as long each time, at most `max`; of
/// that between a half and all, as `random` says, so that those who failed together don't come back together.
pub fn backoff(base: Duration, max: Duration, number: u32, random: u64) -> Duration {
    let doublings = number.saturating_sub(1).min(31);
    let whole = base.saturating_mul(1 << doublings).min(max);
    let half = whole / 2;
    let jitter = u128::from(random).saturating_mul((whole - half).as_nanos()) >> 64;
    half + Duration::from_nanos(u64::try_from(jitter).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_lie_between_a_half_and_all() {
        let (base, max) = (Duration::from_millis(200), Duration::from_secs(5));
        for (number, whole) in [(1, 200), (2, 400), (3, 800), (6, 5_000), (u32::MAX, 5_000)] {
            let whole = Duration::from_millis(whole);
            assert_eq!(backoff(base, max, number, 0), whole / 2);
            let longest = backoff(base, max, number, u64::MAX);
            assert!(longest < whole && longest + Duration::from_micros(1) > whole);
        }
    }
}
