//! Translation between dialects, through the canonical form: the caller's request into the provider's, the provider's
//! answer into the caller's. What happens to each field is in `docs/TRANSLATION.md`.

mod request;
#[cfg(test)]
mod tests;
mod thinking;
mod translator;

pub use request::check_count;
pub(crate) use request::prepare;
pub(crate) use translator::Translator;
