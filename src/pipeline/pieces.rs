//! Bytes that come in pieces. One piece is passed on as it is; only several are copied together.

use bytes::{Bytes, BytesMut};

#[derive(Default)]
pub(super) struct Pieces {
    first: Bytes,
    joined: Option<BytesMut>,
}

impl Pieces {
    /// Adds a piece. `to_come` is how many bytes more are known to follow, for the buffer's size.
    pub(super) fn push(&mut self, piece: Bytes, to_come: usize) {
        if let Some(joined) = &mut self.joined {
            joined.extend_from_slice(&piece);
        } else if self.first.is_empty() {
            self.first = piece;
        } else if !piece.is_empty() {
            let length = self.first.len().saturating_add(piece.len());
            let room = length.saturating_add(to_come.max(length));
            let mut joined = BytesMut::with_capacity(room);
            joined.extend_from_slice(&self.first);
            joined.extend_from_slice(&piece);
            self.first = Bytes::new();
            self.joined = Some(joined);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.joined.as_ref().map_or(self.first.len(), BytesMut::len)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn finish(self) -> Bytes {
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
        pieces.push(Bytes::new(), 0);
        pieces.push(piece.clone(), 0);
        pieces.push(Bytes::new(), 0);
        let whole = pieces.finish();
        assert_eq!(whole.as_ptr(), piece.as_ptr());

        let mut pieces = Pieces::default();
        for byte in 0..4u8 {
            pieces.push(Bytes::from(vec![byte]), 0);
        }
        assert_eq!((pieces.len(), pieces.is_empty()), (4, false));
        assert_eq!(pieces.finish(), &[0, 1, 2, 3][..]);
    }
}
