//! Operators on a bad day.

mod kill;
mod leaver;
mod reload;
mod stop;
mod streams;
