//! Who should not get in, and what should not get out.

mod answers;
mod canary;
mod capture;
mod doors;
mod http1;
mod http2;
mod limits;
mod scopes;
