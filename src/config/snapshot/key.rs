//! Virtual keys that the file defines.

use std::sync::Arc;
use tollgate_governance::principal::{KeyHash, Principal};

/// A virtual key and who bears it. The key itself is not kept: only its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    pub hash: KeyHash,
    pub principal: Arc<Principal>,
}
