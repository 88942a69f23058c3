//! The log's files: `{number}-{nonce}.journal`, both in hexadecimal.
//!
//! A file begins with 40 bytes: `TOLLGATE`, the format's version (u32), the nonce (u32), the number (u64), the least
//! sequence number that its run may give (u64), four zeros, and a CRC-32 of what is before it. Frames follow. The nonce
//! is also in the name so that a damaged beginning costs nothing; the file is zeros after the last frame.

use crate::disk::{Disk, DiskFile};
use crc32fast::hash;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) const HEADER: usize = 40;
const MAGIC: &[u8; 8] = b"TOLLGATE";
const FORMAT: u32 = 1;
const ENDING: &str = ".journal";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) number: u64,
    pub(crate) nonce: u32,
    pub(crate) base: u64,
}

impl Label {
    pub(crate) fn file_name(self) -> String {
        format!("{:016x}-{:08x}{ENDING}", self.number, self.nonce)
    }
}

/// The number and the nonce in a file's name.
pub(crate) fn parse_name(name: &str) -> Option<(u64, u32)> {
    let (number, nonce) = name.strip_suffix(ENDING)?.split_once('-')?;
    let number = u64::from_str_radix(number, 16).ok()?;
    Some((number, u32::from_str_radix(nonce, 16).ok()?))
}

pub(crate) fn is_segment(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// What a segment's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Valid(Label),
    /// Made by another release: not ours to read or to remove.
    Foreign,
    Damaged,
}

pub(crate) fn header(label: Label) -> [u8; HEADER] {
    let mut bytes = Vec::with_capacity(HEADER);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&label.nonce.to_le_bytes());
    bytes.extend_from_slice(&label.number.to_le_bytes());
    bytes.extend_from_slice(&label.base.to_le_bytes());
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
        let (format, rest) = covered.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
        let (nonce, rest) = rest.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let label = Label {
            nonce: u32::from_le_bytes(*nonce),
            number: u64::from_le_bytes(*number),
            base: u64::from_le_bytes(*rest.first_chunk()?),
        };
        Some((u32::from_le_bytes(*format), label))
    };
    match parsed() {
        Some((FORMAT, label)) => Header::Valid(label),
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

/// Makes a segment: space, header, then both synced, the file before its folder.
pub(crate) fn create(
    disk: &dyn Disk,
    folder: &Path,
    label: Label,
    capacity: u64,
) -> io::Result<Fresh> {
    let path = folder.join(label.file_name());
    let file = disk.create(&path, capacity)?;
    file.write_at(&header(label), 0)?;
    file.sync_data()?;
    disk.sync_folder(folder)?;
    Ok(Fresh {
        path,
        file,
        capacity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_headers_round_trip() {
        let label = Label {
            number: 0x1f,
            nonce: 0xdead_beef,
            base: 1 << 40,
        };
        assert_eq!(label.file_name(), "000000000000001f-deadbeef.journal");
        assert_eq!(parse_name(&label.file_name()), Some((0x1f, 0xdead_beef)));
        assert_eq!(parse_name("x.journal"), None);
        let mut bytes = header(label);
        assert_eq!(parse_header(&bytes), Header::Valid(label));
        bytes[12] ^= 1;
        assert_eq!(parse_header(&bytes), Header::Damaged);
    }
}
