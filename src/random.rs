//! The one door to randomness: seeds from the operating system, ids and jitter from a fast generator a thread.

use crate::vault::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use std::cell::Cell;
use tollgate_domain::{RequestId, SpanId, TraceId};
use zeroize::Zeroizing;

thread_local! {
    static STATE: Cell<u64> = Cell::new(seed());
}

fn seed() -> u64 {
    let mut bytes = [0u8; 8];
    // Without entropy, ids of two starts could repeat: the clock and an address keep them apart.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        bytes = (crate::clock::unix_nanos() ^ std::ptr::from_ref(&bytes) as u64).to_le_bytes();
    }
    u64::from_le_bytes(bytes)
}

/// The next 64 bits of SplitMix64 (Steele, Lea, Flood 2014). Not for secrets.
pub fn next_u64() -> u64 {
    STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

pub fn span_id() -> SpanId {
    SpanId::from_bytes((next_u64() | 1).to_be_bytes())
}

pub fn trace_id() -> TraceId {
    let [high, low] = [next_u64() | 1, next_u64()];
    TraceId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

/// A request id whose first 48 bits are the milliseconds of `unix_nanos`.
pub fn request_id(unix_nanos: u64) -> RequestId {
    let millis = u128::from(unix_nanos / 1_000_000) << 80;
    let random = (u128::from(next_u64() & 0xffff) << 64) | u128::from(next_u64());
    RequestId::from_bytes((millis | random).to_be_bytes())
}

/// Bytes fit for keys and nonces.
pub fn secure<const N: usize>() -> Result<[u8; N], ring::error::Unspecified> {
    let mut bytes = [0u8; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// A new virtual key: `tg-` and 256 random bits in base64url.
pub fn virtual_key() -> Result<Secret, ring::error::Unspecified> {
    let bytes = Zeroizing::new(secure::<32>()?);
    let mut key = String::with_capacity(46);
    key.push_str("tg-");
    URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut key);
    Ok(Secret::new(key))
}
