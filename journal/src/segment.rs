//! The log's files: `{number}-{nonce}.journal`, both in hexadecimal.
//!
//! A file begins with 32 bytes: `TOLLGATE`, the format's version (u32), the nonce (u32), the number (u64), four zeros,
//! and a CRC-32 of what is before it. Frames follow. The nonce is also in the name so that a damaged beginning costs
//! nothing; the file is zeros after the last frame.

use crate::disk::{Disk, DiskFile};
use crc32fast::hash;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const HEADER: usize = 32;
const MAGIC: &[u8; 8] = b"TOLLGATE";
const FORMAT: u32 = 1;
const ENDING: &str = ".journal";

/// A segment as it was named: what can be known without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) number: u64,
    pub(crate) nonce: u32,
}

impl Name {
    pub(crate) fn file_name(self) -> String {
        format!("{:016x}-{:08x}{ENDING}", self.number, self.nonce)
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (number, nonce) = name.strip_suffix(ENDING)?.split_once('-')?;
        Some(Self {
            number: u64::from_str_radix(number, 16).ok()?,
            nonce: u32::from_str_radix(nonce, 16).ok()?,
        })
    }
}

pub(crate) fn is_segment(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// What a segment's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Valid(Name),
    /// Made by another release: not ours to read or to remove.
    Foreign,
    Damaged,
}

pub(crate) fn header(name: Name) -> [u8; HEADER] {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&name.nonce.to_le_bytes());
    bytes.extend_from_slice(&name.number.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let checksum = hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    let mut header = [0; HEADER];
    header.copy_from_slice(&bytes);
    header
}

pub(crate) fn parse_header(bytes: &[u8]) -> Header {
    let parsed = || {
        let (covered, own) = bytes.first_chunk::<HEADER>()?.split_last_chunk::<4>()?;
        if hash(covered) != u32::from_le_bytes(*own) {
            return None;
        }
        let (fields, _) = covered.strip_prefix(MAGIC)?.split_first_chunk::<16>()?;
        let [f0, f1, f2, f3, n0, n1, n2, n3, number @ ..] = *fields;
        Some((
            u32::from_le_bytes([f0, f1, f2, f3]),
            Name {
                number: u64::from_le_bytes(number),
                nonce: u32::from_le_bytes([n0, n1, n2, n3]),
            },
        ))
    };
    match parsed() {
        Some((FORMAT, name)) => Header::Valid(name),
        Some(_) => Header::Foreign,
        None => Header::Damaged,
    }
}

/// A segment that is on the disk for good, and empty.
pub(crate) struct Fresh {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) capacity: u64,
}

/// Makes a segment: space, header, then both synced, the file before its folder. Leaves nothing behind where it fails.
pub(crate) fn create(
    disk: &dyn Disk,
    folder: &Path,
    name: Name,
    capacity: u64,
) -> io::Result<Fresh> {
    let path = folder.join(name.file_name());
    let file = disk.create(&path, capacity)?;
    let finished = file
        .write_at(&header(name), 0)
        .and_then(|()| file.sync_data())
        .and_then(|()| disk.sync_folder(folder));
    match finished {
        Ok(()) => Ok(Fresh {
            path,
            file,
            capacity,
        }),
        Err(error) => {
            let _ = disk.remove(&path);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_headers_round_trip() {
        let name = Name {
            number: 0x1f,
            nonce: 0xdead_beef,
        };
        assert_eq!(name.file_name(), "000000000000001f-deadbeef.journal");
        assert_eq!(Name::parse(&name.file_name()), Some(name));
        assert_eq!(Name::parse("x.journal"), None);
        let mut bytes = header(name);
        assert_eq!(parse_header(&bytes), Header::Valid(name));
        bytes[12] ^= 1;
        assert_eq!(parse_header(&bytes), Header::Damaged);
    }
}
