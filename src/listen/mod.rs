//! The listener: sockets, TLS, connections, and what is answered by whom.

mod accept;
mod access;
pub mod guard;
mod h1;
mod h2;
mod plain;
mod service;
mod tls;

pub use accept::{Listener, Phase, Stop, bind, run_worker};
pub use h1::RequestBody;
pub use tls::{ServeTlsError, acceptor};
