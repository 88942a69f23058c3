//! The filter language of MLflow's searches, and the searches themselves.
//!
//! A filter is a list of comparisons joined by `AND`: `trace.status = 'OK' AND tag.team ILIKE '%search%'`. There is no
//! `OR` and there are no brackets. It is read by a small grammar (`grammar`) that knows nothing of tables, and what
//! it means for traces (`trace_filter`) or experiments is compiled to SQL whose values are bound, never written.
//!
//! The words and their meaning are those of MLflow 3.17.2 (`mlflow/utils/search_utils.py`), as seen on its server: a
//! comparison with a tag that is missing is never true, also not `!=`; `LIKE` minds upper and lower case, `ILIKE` does
//! not, neither has an escape; comparisons of spans must all hold for one span.

mod experiments;
mod grammar;
mod lexer;
pub(crate) mod like;
mod page;
mod sql;
mod trace_filter;
mod trace_order;
mod traces;

pub use experiments::{ExperimentSearch, ViewType};
pub use page::Page;
pub use traces::TraceSearch;

#[cfg(test)]
mod tests;
