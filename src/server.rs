//! `tollgate serve`: brings the parts up in order, and down again.

mod banner;
mod journal;
mod keys;
mod reload;
mod start;
mod stop;

pub use start::{ServeOptions, serve};
