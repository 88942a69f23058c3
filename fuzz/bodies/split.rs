//! How an input says where its bytes are cut: its first four bytes are the sizes of the pieces, again and again.

const SIZES: usize = 4;

/// The sizes' bytes, and the bytes to cut.
pub fn plan(input: &[u8]) -> ([u8; SIZES], &[u8]) {
    match input.split_first_chunk() {
        Some((sizes, rest)) => (*sizes, rest),
        None => ([0; SIZES], input),
    }
}

/// Pieces of 1 to 64 bytes; `@` is 1, `A` is 2, so that seeds stay legible.
pub fn pieces(sizes: [u8; SIZES], mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    sizes.into_iter().cycle().map_while(move |size| {
        let (piece, rest) = bytes.split_at(bytes.len().min(usize::from(size % 64) + 1));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}
