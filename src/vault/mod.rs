//! Credentials: the type that holds one in memory.

pub mod secret;

pub use secret::Secret;
