//! Bytes that nobody can foresee.

use super::error::VaultError;
use ring::rand::{SecureRandom as _, SystemRandom};

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}
