//! What a request costs: a table of published prices, overrides of the operator's, and exact arithmetic.
//!
//! Prices are whole pico-dollars a token, amounts whole nano-dollars. A request's input side and its output side are
//! each summed exactly in 128 bits and rounded once, half up.

mod cost;
mod file;
mod name;
mod price;
mod table;
mod traits;
mod usd;

pub use cost::{price, price_of};
pub use file::Source;
pub use price::{ModelPrice, Prices, Rates, Tier};
pub use table::{BadTable, Override, PriceTable};
pub use traits::{Trait, Traits};
pub use usd::{BadPrice, usd_per_million};
