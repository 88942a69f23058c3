//! Names and values of a record that has no field for them.

use super::codec::{Decoder, Encoder, Malformed};
use std::collections::BTreeMap;
use std::fmt;

/// A list of names and values: the caller's when it is written, the record's own bytes when it is read.
#[derive(Clone, Copy)]
pub struct Pairs<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    Slice(&'a [(&'a str, &'a str)]),
    Map(&'a BTreeMap<String, String>),
    /// Checked when it was decoded: `count` pairs of texts.
    Encoded {
        count: usize,
        bytes: &'a [u8],
    },
}

impl<'a> Pairs<'a> {
    pub const EMPTY: Self = Self(Form::Slice(&[]));

    pub fn new(pairs: &'a [(&'a str, &'a str)]) -> Self {
        Self(Form::Slice(pairs))
    }

    pub fn of(map: &'a BTreeMap<String, String>) -> Self {
        Self(Form::Map(map))
    }

    pub fn len(&self) -> usize {
        match self.0 {
            Form::Slice(pairs) => pairs.len(),
            Form::Map(map) => map.len(),
            Form::Encoded { count, .. } => count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (slice, map, encoded) = match self.0 {
            Form::Slice(pairs) => (pairs, None, &[][..]),
            Form::Map(map) => (&[][..], Some(map), &[][..]),
            Form::Encoded { bytes, .. } => (&[][..], None, bytes),
        };
        let of_map = map.into_iter().flatten();
        let mut from = Decoder::new(encoded);
        slice
            .iter()
            .copied()
            .chain(of_map.map(|(name, value)| (name.as_str(), value.as_str())))
            .chain(std::iter::from_fn(move || {
                (!from.rest().is_empty())
                    .then(|| pair(&mut from).ok())
                    .flatten()
            }))
    }

    pub(super) fn encode(&self, to: &mut Encoder<'_>) {
        to.varint(self.len() as u64);
        for (name, value) in self.iter() {
            to.text(name);
            to.text(value);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'a>) -> Result<Self, Malformed> {
        let count = from.narrow("attributes")?;
        let all = from.rest();
        for _ in 0..count {
            pair(from)?;
        }
        let used = all.len().saturating_sub(from.rest().len());
        Ok(Self(Form::Encoded {
            count,
            bytes: all.get(..used).unwrap_or_default(),
        }))
    }
}

fn pair<'a>(from: &mut Decoder<'a>) -> Result<(&'a str, &'a str), Malformed> {
    Ok((from.text("attribute")?, from.text("attribute")?))
}

impl Default for Pairs<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl PartialEq for Pairs<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Pairs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
