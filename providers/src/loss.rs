//! What a translation could not carry over. Named to the caller in `x-tollgate-dropped-params` and on the span.

use std::borrow::Cow;
use std::fmt;

/// One thing of the request that the target was not told as the caller said it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loss {
    /// The caller's field, in the caller's dialect: `seed`, `messages[2].name`.
    pub param: Cow<'static, str>,
    /// What became of it.
    pub kind: LossKind,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossKind {
    /// Left out.
    Dropped,
    /// Sent with the nearest value that the target takes.
    Clamped,
    /// Said in another way that means less.
    Weakened,
}

impl Loss {
    /// A field that was left out.
    pub fn dropped(param: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param: param.into(),
            kind: LossKind::Dropped,
        }
    }

    /// A field whose value was moved into the target's range.
    pub fn clamped(param: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param: param.into(),
            kind: LossKind::Clamped,
        }
    }

    /// A field that was said in a weaker way.
    pub fn weakened(param: impl Into<Cow<'static, str>>) -> Self {
        Self {
            param: param.into(),
            kind: LossKind::Weakened,
        }
    }
}

impl fmt::Display for Loss {
    /// `seed`, `temperature=clamped`: an item of the header's comma list.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.param)?;
        match self.kind {
            LossKind::Dropped => Ok(()),
            LossKind::Clamped => f.write_str("=clamped"),
            LossKind::Weakened => f.write_str("=weakened"),
        }
    }
}
