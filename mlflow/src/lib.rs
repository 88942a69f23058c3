//! MLflow's REST API over the store, as far as its own client (3.17.2) needs it to find and read traces: experiments,
//! trace search, traces with their spans, tags.
//!
//! Paths, methods and field names come from the protobuf descriptors of the released `mlflow` package; what its server
//! does beyond them (which mistakes are forgiven, which are named) was seen by running the client against it.
//! Each endpoint is served under `/api` and `/ajax-api`; 2.0 and 3.0 as MLflow has them.
//!
//! - [`router`] is all there is to call. It does not authenticate: who mounts it does.
//! - `request` reads parameters from a query or a JSON body, `answer` writes results and errors, `wire` turns the
//!   store's rows into MLflow's JSON, `experiments` and `traces` are the endpoints.

mod answer;
mod clock;
mod experiments;
mod request;
mod server;
mod traces;
mod wire;

pub use answer::refusal_body;
pub use server::{VERSION, router};

#[cfg(test)]
mod tests;
