//! Sealing and opening one record.
//!
//! AES-256-GCM twice: the secret under a data key of its own, and the data key under each key-encryption key. The
//! associated data of the first is the secret's name, version, hint and time of making, of the second the name, the
//! version and the id of the key-encryption key: a record that is moved to another name, or back to another version,
//! does not open. Nonces are random; a data key seals once, and a key-encryption key far fewer times than the 2^32 at
//! which random nonces of 96 bits become unsafe.

use super::Secret;
use super::error::VaultError;
use super::kek::Kek;
use crate::random;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use tollgate_store::vault::{SealedSecret, Wrap};
use zeroize::Zeroizing;

/// Seals a secret for one key.
pub(crate) fn seal(
    kek: &Kek,
    name: &str,
    version: u32,
    secret: &Secret,
    hint: String,
    created_ms: i64,
) -> Result<SealedSecret, VaultError> {
    let data_key = Zeroizing::new(random::secure::<32>().map_err(|_| VaultError::NoRandomness)?);
    let mut record = SealedSecret {
        name: name.to_owned(),
        version,
        wraps: Vec::new(),
        nonce: Vec::new(),
        ciphertext: Vec::new(),
        hint,
        created_ms,
        last_used_ms: None,
    };
    let text = secret.expose().as_bytes();
    let (nonce, ciphertext) = encrypt(&data_key, &content_data(&record), text)?;
    record.nonce = nonce;
    record.ciphertext = ciphertext;
    record.wraps = vec![wrap(kek, &record, &data_key)?];
    Ok(record)
}

/// The secret of a record, if the key opens it and nothing of it was changed.
pub(crate) fn open(kek: &Kek, record: &SealedSecret) -> Result<Secret, VaultError> {
    let data_key = unwrap(kek, record)?;
    decrypt(
        &data_key,
        &record.nonce,
        &content_data(record),
        &record.ciphertext,
    )
    .and_then(|text| String::from_utf8(text.to_vec()).ok())
    .map(Secret::new)
    .ok_or_else(|| damaged(record))
}

/// A further wrap of a record's data key.
pub(crate) fn rewrap(old: &Kek, new: &Kek, record: &SealedSecret) -> Result<Wrap, VaultError> {
    let data_key = unwrap(old, record)?;
    wrap(new, record, &data_key)
}

fn wrap(kek: &Kek, record: &SealedSecret, data_key: &[u8; 32]) -> Result<Wrap, VaultError> {
    let associated = wrap_data(record, kek.id());
    let (nonce, wrapped) = encrypt(kek.bytes(), &associated, data_key)?;
    Ok(Wrap {
        kek: kek.id().to_owned(),
        nonce,
        wrapped,
    })
}

fn unwrap(kek: &Kek, record: &SealedSecret) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let mut wraps = record.wraps.iter();
    let Some(wrap) = wraps.find(|wrap| wrap.kek == kek.id()) else {
        let others: Vec<&str> = record.wraps.iter().map(|wrap| wrap.kek.as_str()).collect();
        return Err(VaultError::WrongKey {
            source_of_key: kek.source().to_owned(),
            id: kek.id().to_owned(),
            name: record.name.clone(),
            expected: match others.is_empty() {
                true => "no key any more".to_owned(),
                false => format!("the key {}", others.join(" or ")),
            },
        });
    };
    let associated = wrap_data(record, kek.id());
    let opened = decrypt(kek.bytes(), &wrap.nonce, &associated, &wrap.wrapped)
        .ok_or_else(|| damaged(record))?;
    let mut data_key = Zeroizing::new([0; 32]);
    if opened.len() != data_key.len() {
        return Err(damaged(record));
    }
    data_key.copy_from_slice(&opened);
    Ok(data_key)
}

fn damaged(record: &SealedSecret) -> VaultError {
    VaultError::Damaged {
        name: record.name.clone(),
        version: record.version,
    }
}

/// Each part with its length before it, so that no two lists of parts look alike.
fn associated(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::new();
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

fn content_data(record: &SealedSecret) -> Vec<u8> {
    associated(&[
        b"tollgate vault secret 1",
        record.name.as_bytes(),
        &record.version.to_be_bytes(),
        record.hint.as_bytes(),
        &record.created_ms.to_be_bytes(),
    ])
}

fn wrap_data(record: &SealedSecret, kek: &str) -> Vec<u8> {
    associated(&[
        b"tollgate vault wrap 1",
        record.name.as_bytes(),
        &record.version.to_be_bytes(),
        kek.as_bytes(),
    ])
}

fn encrypt(
    key: &[u8; 32],
    associated: &[u8],
    text: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), VaultError> {
    let nonce = random::secure::<NONCE_LEN>().map_err(|_| VaultError::NoRandomness)?;
    let mut sealed = text.to_vec();
    sealed.reserve_exact(AES_256_GCM.tag_len());
    let tag = cipher(key).and_then(|cipher| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        cipher
            .seal_in_place_separate_tag(nonce, Aad::from(associated), &mut sealed)
            .ok()
    });
    // Both have fixed, right lengths; the cipher refuses only texts of many gigabytes.
    let tag = tag.ok_or(VaultError::BadSecret)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok((nonce.to_vec(), sealed))
}

fn decrypt(
    key: &[u8; 32],
    nonce: &[u8],
    associated: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(associated), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

fn cipher(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key)
        .ok()
        .map(LessSafeKey::new)
}
