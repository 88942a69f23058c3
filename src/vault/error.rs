//! What can go wrong with the vault. No message holds a key or a secret.

use std::path::PathBuf;
use tollgate_store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(
        "the vault's key, {0}, is not a key: expected 32 bytes as base64 or 64 hexadecimal digits \
         (`openssl rand -base64 32` makes one)"
    )]
    BadKey(String),
    #[error("the vault's key cannot be read from `{path}`: {source}")]
    KeyFile {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the vault holds {secrets} secret(s) and its key is missing: set TOLLGATE_VAULT_KEY, name the key's file in \
         `vault.key_file`, or put it back at `{expected}`; without the key nobody can read the secrets, and \
         `tollgate vault remove` and `vault set` replace them"
    )]
    MissingKey { secrets: usize, expected: PathBuf },
    #[error(
        "the vault's key is the wrong one: {source_of_key} holds the key {id}, and the secret `{name}` opens with \
         {expected}; give that key back, or replace the secrets by `tollgate vault remove` and `vault set`"
    )]
    WrongKey {
        source_of_key: String,
        id: String,
        name: String,
        expected: String,
    },
    #[error(
        "version {version} of the secret `{name}` cannot be opened: its record was changed or damaged; \
         store it again with `tollgate vault set {name}`"
    )]
    Damaged { name: String, version: u32 },
    #[error("the vault has no secret named `{0}`")]
    Unknown(String),
    #[error("a secret's name has 1 to 128 ASCII letters, digits, `-`, `_` and `.`")]
    BadName,
    #[error("a secret is not empty, and 64 KiB of text at most")]
    BadSecret,
    #[error("no key rotation was begun: `tollgate vault rotate --new-key-file FILE` begins one")]
    NoRotation,
    #[error(
        "the vault holds no secret yet: put the new key in its place, there is nothing to rotate"
    )]
    NoSecrets,
    #[error("the new key is the one in use already")]
    SameKey,
    #[error(
        "the rotation leads to the key {expected}, and that key is not at hand ({looked}): \
         run `tollgate vault rotate --finish --new-key-file FILE`"
    )]
    NewKeyAway { expected: String, looked: String },
    #[error(
        "a rotation to the key {expected} is under way, and that key is not in `{file}` any more: a secret that is \
         stored now must open with both keys; put the file back, or finish the rotation first"
    )]
    RotationKeyAway { expected: String, file: PathBuf },
    #[error(
        "a rotation is under way, and the server `{server}` was seen using the old key less than a minute ago: it \
         could not open a secret that is stored with the new key alone; restart it with the new key first, or store \
         the secret with the old key"
    )]
    OldKeyInUse { server: String },
    #[error("the system has no random bytes to give")]
    NoRandomness,
    #[error(transparent)]
    Store(#[from] StoreError),
}
