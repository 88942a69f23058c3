//! Operators on a bad day.

mod books;
mod collector;
mod estimates;
mod idle;
mod kill;
mod large;
mod latency;
mod leaver;
mod misfits;
mod mount;
mod power;
mod reload;
mod retries;
mod slow_reader;
mod stop;
mod store_away;
mod streams;
mod sync;
mod sync_fails;
mod tracer;
