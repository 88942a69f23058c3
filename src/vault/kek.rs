//! The key-encryption key: where it comes from, what it is called, and how one is generated.
//!
//! It is 32 bytes, written as 64 hexadecimal digits or as base64. Its id is the beginning of a hash of it and no
//! secret: records name the keys that open them by it.

use super::error::VaultError;
use crate::random;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ring::digest::{Context, SHA256};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// The environment variable that holds the key.
pub(crate) const VARIABLE: &str = "TOLLGATE_VAULT_KEY";
/// The generated key's file in the data folder.
pub(crate) const FILE: &str = "vault.key";
/// Bytes of a key's file that are read: a key has 64 at most, and a line end.
const MAX_FILE: u64 = 1024;

/// A key-encryption key.
pub(crate) struct Kek {
    bytes: Zeroizing<[u8; 32]>,
    id: String,
    /// Where it was found, for messages.
    source: String,
}

impl Kek {
    pub(crate) fn parse(text: &str, source: String) -> Result<Self, VaultError> {
        match decode(text.trim()) {
            Some(bytes) => Ok(Self::from_bytes(bytes, source)),
            None => Err(VaultError::BadKey(source)),
        }
    }

    fn from_bytes(bytes: Zeroizing<[u8; 32]>, source: String) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(b"tollgate vault key id\0");
        context.update(bytes.as_slice());
        let mut id = String::with_capacity(16);
        for byte in context.finish().as_ref().iter().take(8) {
            let _ = write!(id, "{byte:02x}");
        }
        Self { bytes, id, source }
    }

    /// The key in a file that must be there.
    pub(crate) fn read(path: &Path) -> Result<Self, VaultError> {
        let failed = |source| VaultError::KeyFile {
            path: path.to_path_buf(),
            source,
        };
        let mut text = Zeroizing::new(String::new());
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_FILE)
            .read_to_string(&mut text)
            .map_err(failed)?;
        Self::parse(&text, format!("the file `{}`", path.display()))
    }

    /// The generated key of a data folder, if it was made.
    pub(crate) fn read_generated(folder: &Path) -> Result<Option<Self>, VaultError> {
        match Self::read(&folder.join(FILE)) {
            Err(VaultError::KeyFile { source, .. }) if source.kind() == ErrorKind::NotFound => {
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// Makes the data folder's key. Where another process made one meanwhile, that one is answered.
    pub(crate) fn generate(folder: &Path) -> Result<Self, VaultError> {
        let path = folder.join(FILE);
        let bytes = Zeroizing::new(random::secure::<32>().map_err(|_| VaultError::NoRandomness)?);
        let mut text = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
        text.push('\n');
        let suffix =
            u64::from_be_bytes(random::secure::<8>().map_err(|_| VaultError::NoRandomness)?);
        let draft = folder.join(format!("{FILE}.{suffix:016x}"));
        let written = publish(&draft, &path, text.as_bytes());
        let _ = fs::remove_file(&draft);
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(source) => return Err(VaultError::KeyFile { path, source }),
        }
        Self::read(&path)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// A link, not a rename: it fails where the file is there already, and nobody sees half a key.
fn publish(draft: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::hard_link(draft, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    if text.len() == 64 {
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        return Some(bytes);
    }
    let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
    let decoded = engines
        .iter()
        .find_map(|engine| engine.decode(text).ok().map(Zeroizing::new))?;
    if decoded.len() != bytes.len() {
        return None;
    }
    bytes.copy_from_slice(&decoded);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_read_in_hexadecimal_and_in_base64() {
        let hexadecimal = Kek::parse(&"ab".repeat(32), String::new()).unwrap();
        let base64 = STANDARD.encode([0xab; 32]);
        for text in [
            format!("{base64}\n"),
            base64.trim_end_matches('=').to_owned(),
        ] {
            let key = Kek::parse(&text, String::new()).unwrap();
            assert_eq!((key.id(), key.bytes()), (hexadecimal.id(), &[0xab; 32]));
        }
    }

    #[test]
    fn a_passphrase_is_no_key_and_is_not_repeated() {
        for text in ["", "correct horse battery staple", &"zz".repeat(32), "YWJj"] {
            let error = Kek::parse(text, "here".into()).err().unwrap().to_string();
            assert!(error.contains("here") && error.contains("32 bytes"));
            assert!(text.is_empty() || !error.contains(text));
        }
    }

    #[test]
    fn a_generated_key_is_its_owners_alone_and_made_once() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Kek::read_generated(dir.path()).unwrap().is_none());
        let first = Kek::generate(dir.path()).unwrap();
        let second = Kek::generate(dir.path()).unwrap();
        assert_eq!(first.id(), second.id());
        let mode = fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
