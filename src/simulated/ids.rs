//! Ids and hashes: no randomness, so that a run can be repeated.

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A hash of several texts that keeps them apart (FNV-1a, 128 bits). Not cryptographic: nobody attacks a simulation.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u128 {
    const PRIME: u128 = 0x0000000001000000000000000000013B;
    let mut hash: u128 = 0x6c62272e07bb014262b821756295c58d;
    for part in parts {
        for byte in (part.len() as u64).to_le_bytes().iter().chain(part) {
            hash = (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }
    hash
}

/// Makes the ids of one answer.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    simulator: u64,
    request: u64,
    next: u64,
}

impl Ids {
    pub(crate) fn new(simulator: u64, request: u64) -> Self {
        Self {
            simulator,
            request,
            next: 0,
        }
    }

    /// `prefix` and 24 letters or digits.
    pub(crate) fn next(&mut self, prefix: &str) -> String {
        self.next += 1;
        let seeds = [self.simulator, self.request, self.next].map(u64::to_le_bytes);
        let mut rest = hash(seeds.iter().map(|seed| &seed[..]));
        // 62^24 is more than 2^128: the division leaves leading zeros, never a collision.
        let mut id = prefix.to_owned();
        for _ in 0..24 {
            let digit = usize::try_from(rest % 62).unwrap_or(0);
            id.push(LETTERS.get(digit).copied().map_or('0', char::from));
            rest /= 62;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_by_simulator_request_and_turn() {
        let mut ids = std::collections::HashSet::new();
        for simulator in 0..3 {
            for request in 0..50 {
                let mut maker = Ids::new(simulator, request);
                assert!(ids.insert(maker.next("x")) && ids.insert(maker.next("x")));
            }
        }
    }

    #[test]
    fn a_hash_keeps_its_parts_apart() {
        assert_ne!(hash([&b"ab"[..], b"c"]), hash([&b"a"[..], b"bc"]));
    }
}
