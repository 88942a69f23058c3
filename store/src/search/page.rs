//! Pages and the tokens that lead to the next one. A token says nothing to a caller.

use crate::error::{Result, StoreError};
use tollgate_domain::TraceId;

/// A page of results, and the token for what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// After so many rows.
    Offset(u64),
    /// After this trace, by time.
    After { start_ms: i64, trace: TraceId },
}

impl Start {
    pub(crate) fn to_token(self) -> String {
        match self {
            Self::Offset(rows) => format!("o{rows:x}"),
            Self::After { start_ms, trace } => format!("t{start_ms:x}.{trace}"),
        }
    }

    pub(crate) fn from_token(token: Option<&str>) -> Result<Self> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Ok(Self::Offset(0));
        };
        let start = match token.split_at_checked(1) {
            Some(("o", rows)) => u64::from_str_radix(rows, 16).ok().map(Self::Offset),
            Some(("t", place)) => place.split_once('.').and_then(|(start_ms, trace)| {
                Some(Self::After {
                    start_ms: i64::from_str_radix(start_ms, 16).ok()?,
                    trace: trace.parse().ok()?,
                })
            }),
            _ => None,
        };
        start.ok_or_else(|| {
            StoreError::Invalid(
                "Invalid page token, could not be decoded: use the one of the last page".into(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_where_it_came_from() {
        for start in [
            Start::Offset(300),
            Start::After {
                start_ms: 1_700_000_000_123,
                trace: TraceId::from_bytes([7; 16]),
            },
        ] {
            assert_eq!(Start::from_token(Some(&start.to_token())).unwrap(), start);
        }
        assert_eq!(Start::from_token(None).unwrap(), Start::Offset(0));
        for wrong in ["x", "o", "ozz", "t1", "t1.22", "ü"] {
            assert!(Start::from_token(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
