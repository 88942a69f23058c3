//! The verdicts as a table.

mod table;
