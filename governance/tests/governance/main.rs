//! The rules of governance against models: simple, slow and written otherwise than the code.
#![allow(clippy::unwrap_used)]

mod admission;
mod breaker;
mod buckets;
mod prices;
mod reload;
mod together;
