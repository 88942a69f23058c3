//! The verdicts as a table, that they do not depend on how the bytes come, and the guard under hyper.

mod property;
mod served;
mod table;
