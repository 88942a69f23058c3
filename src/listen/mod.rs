//! The listener: sockets, TLS, connections, and what is answered by whom.

mod accept;
mod access;
pub mod guard;
mod plain;
mod service;
mod tls;

pub use accept::{Listener, Stop, bind, run_worker};
pub use tls::{ServeTlsError, acceptor};
