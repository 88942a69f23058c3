//! How a record lies in a segment.
//!
//! | bytes | little endian |
//! | --- | --- |
//! | 0–3 | nonce of the run that wrote it |
//! | 4–7 | length of the payload |
//! | 8–15 | sequence number: the record's [`Position`](crate::Position) |
//! | 16, 17 | kind and layout version of the record |
//! | 18–19 | zero |
//! | 20–23 | CRC-32 of the payload |
//! | 24–27 | CRC-32 of bytes 0–23 |
//! | 28– | payload |
//!
//! The head has a checksum of its own so that a damaged payload costs no search: its length can still be trusted. The
//! nonce is what a search looks for where a head is damaged; a caller, whose body is inside a payload, does not know it
//! and can't forge a record there.

use crc32fast::hash;

pub(crate) const HEAD: usize = 28;

/// No payload is larger.
pub const MAX_RECORD: usize = 32 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) length: usize,
    pub(crate) sequence: u64,
    pub(crate) kind: u8,
    pub(crate) version: u8,
    checksum: u32,
}

impl Head {
    /// The head at the beginning of `bytes`, if one of this nonce is there and whole.
    pub(crate) fn parse(bytes: &[u8], nonce: u32) -> Option<Self> {
        let head = bytes.first_chunk::<HEAD>()?;
        let (covered, own) = head.split_last_chunk::<4>()?;
        if !covered.starts_with(&nonce.to_le_bytes()) || hash(covered) != u32::from_le_bytes(*own) {
            return None;
        }
        let [
            _,
            _,
            _,
            _,
            l0,
            l1,
            l2,
            l3,
            sequence @ ..,
            kind,
            version,
            _,
            _,
            c0,
            c1,
            c2,
            c3,
        ] = covered
        else {
            return None;
        };
        let head = Self {
            length: u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize,
            sequence: u64::from_le_bytes(sequence.try_into().ok()?),
            kind: *kind,
            version: *version,
            checksum: u32::from_le_bytes([*c0, *c1, *c2, *c3]),
        };
        (head.length <= MAX_RECORD).then_some(head)
    }

    pub(crate) fn fits(&self, payload: &[u8]) -> bool {
        hash(payload) == self.checksum
    }

    /// Head and payload together.
    pub(crate) fn frame_length(&self) -> u64 {
        (HEAD as u64).saturating_add(self.length as u64)
    }
}

/// Appends a frame to `out`; `encode` appends its payload. `Err` is the payload's length where it is too large, and
/// `out` is then as it was.
pub(crate) fn append(
    out: &mut Vec<u8>,
    nonce: u32,
    sequence: u64,
    (kind, version): (u8, u8),
    encode: impl FnOnce(&mut Vec<u8>),
) -> Result<(), usize> {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    encode(out);
    let frame = out.get_mut(start..).unwrap_or_default();
    let Some((head, payload)) = frame.split_first_chunk_mut::<HEAD>() else {
        return Err(0);
    };
    if payload.len() > MAX_RECORD {
        let length = payload.len();
        out.truncate(start);
        return Err(length);
    }
    let [nonce_at @ .., _, _, _, _] = head;
    let mut covered = [0u8; HEAD - 4];
    let fields: [&[u8]; 6] = [
        &nonce.to_le_bytes(),
        &(payload.len() as u32).to_le_bytes(),
        &sequence.to_le_bytes(),
        &[kind, version],
        &[0, 0],
        &hash(payload).to_le_bytes(),
    ];
    let mut rest = covered.as_mut_slice();
    for field in fields {
        let Some((place, after)) = rest.split_at_mut_checked(field.len()) else {
            break;
        };
        place.copy_from_slice(field);
        rest = after;
    }
    nonce_at.copy_from_slice(&covered);
    if let Some(own) = head.last_chunk_mut::<4>() {
        *own = hash(&covered).to_le_bytes();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_back_and_every_flipped_bit_is_noticed() {
        let mut bytes = Vec::new();
        append(&mut bytes, 77, 5, (3, 1), |out| {
            out.extend_from_slice(b"payload")
        })
        .unwrap();
        let whole = |bytes: &[u8]| {
            Head::parse(bytes, 77).is_some_and(|head| head.fits(&bytes[HEAD..HEAD + head.length]))
        };
        assert!(whole(&bytes));
        let head = Head::parse(&bytes, 77).unwrap();
        assert_eq!(
            (head.length, head.sequence, head.kind, head.version),
            (7, 5, 3, 1)
        );
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!whole(&bytes), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(
            Head::parse(&bytes, 78),
            None,
            "another run's frame is no frame"
        );
    }
}
