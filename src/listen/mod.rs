//! The listener: what stands between a socket and the service.

pub mod guard;
