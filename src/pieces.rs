//! Bytes that come in pieces. One piece is passed on as it is; only several are copied together.

use bytes::{Bytes, BytesMut};

#[derive(Default)]
pub struct Pieces {
    first: Bytes,
    joined: Option<BytesMut>,
}

impl Pieces {
    pub fn push(&mut self, piece: Bytes) {
        if let Some(joined) = &mut self.joined {
            joined.extend_from_slice(&piece);
        } else if self.first.is_empty() {
            self.first = piece;
        } else if !piece.is_empty() {
            let length = self.first.len().saturating_add(piece.len());
            let mut joined = BytesMut::with_capacity(length.saturating_mul(2));
            joined.extend_from_slice(&self.first);
            joined.extend_from_slice(&piece);
            self.first = Bytes::new();
            self.joined = Some(joined);
        }
    }

    pub fn len(&self) -> usize {
        self.joined.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn finish(self) -> Bytes {
        self.joined.map_or(self.first, BytesMut::freeze)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_piece_is_not_copied_and_several_keep_their_order() {
        let piece = Bytes::from(vec![1, 2, 3]);
        let mut pieces = Pieces::default();
        pieces.push(Bytes::new());
        pieces.push(piece.clone());
        pieces.push(Bytes::new());
        let whole = pieces.finish();
        assert_eq!(whole.as_ptr(), piece.as_ptr());

        let mut pieces = Pieces::default();
        for byte in 0..4u8 {
            pieces.push(Bytes::from(vec![byte]));
        }
        assert_eq!((pieces.len(), pieces.is_empty()), (4, false));
        assert_eq!(pieces.finish(), &[0, 1, 2, 3][..]);
    }
}
