//! Where a record stands in the log.

use std::fmt;

/// A record's number: each record has a greater one than all before it, for the life of the folder. Numbers are
/// consecutive but at a restart, which leaves a gap of 2³² or more so that no number is given twice, even if a power
/// loss took the last ones.
///
/// A reader's cursor is the position of the last record it has dealt with; it fits an `i64` for another 2³¹ restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(u64);

impl Position {
    /// Before every record.
    pub const START: Self = Self(0);

    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The next record's, where no restart lies between.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// What [`Position::to_bytes`] gave; `None` for bytes of another length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self(u64::from_be_bytes(bytes.try_into().ok()?)))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
