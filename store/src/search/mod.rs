//! The filter language of MLflow's searches.

pub(crate) mod like;
