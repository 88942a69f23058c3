//! Who carries the code on.

mod edges;
