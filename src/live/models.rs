//! What the price table says of the models that a provider is asked for.
//!
//! It is looked up once a model: to search the table by vendor, by the name without its date and by the longest
//! beginning, for a price, an output and traits, takes longer than the rest of a short request's account.

use dashmap::DashMap;
use std::sync::Arc;
use tollgate_governance::pricing::ModelPrice;
use tollgate_providers::ModelFacts;

/// Callers choose names: what is beyond so many, or so long, is looked up each time.
const MOST: usize = 1_024;
const LONGEST: usize = 256;

#[derive(Clone, Default)]
pub struct Known {
    pub facts: ModelFacts,
    pub price: Option<Arc<ModelPrice>>,
}

/// The models of one provider, as long as its snapshot lives.
#[derive(Default)]
pub struct Models(DashMap<Box<str>, Known>);

impl Models {
    pub fn known(&self, model: &str, look_up: impl FnOnce() -> Known) -> Known {
        if let Some(known) = self.0.get(model) {
            return known.clone();
        }
        let known = look_up();
        if model.len() <= LONGEST && self.0.len() < MOST {
            self.0.insert(model.into(), known.clone());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_looked_up_once_and_names_are_not_kept_without_end() {
        let (models, mut looked_up) = (Models::default(), 0);
        for _ in 0..2 {
            for number in 0..MOST + 1 {
                let known = models.known(&number.to_string(), || {
                    looked_up += 1;
                    Known {
                        facts: ModelFacts {
                            max_output: Some(number as u64),
                            ..ModelFacts::default()
                        },
                        price: None,
                    }
                });
                assert_eq!(known.facts.max_output, Some(number as u64));
            }
        }
        assert_eq!(looked_up, MOST + 2);
        assert_eq!(models.0.len(), MOST);
        let models = Models::default();
        models.known(&"x".repeat(LONGEST + 1), Known::default);
        assert!(models.0.is_empty());
    }
}
