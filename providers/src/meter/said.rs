//! What a model says on a stream whose usage nobody will report: kept, to be counted when it is over.

use crate::wire::json::{Cursor, SyntaxError};

/// More than this is not kept.
const MAX: usize = 1 << 20;

/// Adds the texts of a chunk: content, reasoning, refusals, names and arguments of calls.
pub(super) fn keep(data: &[u8], kept: &mut String) {
    if kept.len() < MAX {
        // What is no JSON is somebody else's to complain of.
        let _ = read(data, kept);
    }
}

fn read(data: &[u8], kept: &mut String) -> Result<(), SyntaxError> {
    let mut cursor = Cursor::new(data)?;
    cursor.object(|cursor, key| match key {
        "choices" => texts(cursor, kept),
        _ => cursor.skip(),
    })
}

/// Every text of a value, but for those that only name things.
fn texts(cursor: &mut Cursor<'_>, kept: &mut String) -> Result<(), SyntaxError> {
    match cursor.peek() {
        Some(b'{') => cursor.object(|cursor, key| match key {
            "id" | "type" | "role" | "finish_reason" | "logprobs" | "signature" | "data" => {
                cursor.skip()
            }
            _ => texts(cursor, kept),
        }),
        Some(b'[') => cursor.array(|cursor| texts(cursor, kept)),
        _ => {
            if let Some(text) = cursor.text()? {
                kept.push_str(&text);
            }
            Ok(())
        }
    }
}
