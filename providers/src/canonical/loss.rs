//! What a translation loses, and where in the caller's request it stood.

use crate::Loss;
use std::borrow::Cow;
use std::fmt;
use tollgate_domain::Refusal;

/// A value and the caller's name of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named<T> {
    pub(crate) value: T,
    pub(crate) name: &'static str,
}

/// The most losses that are named; a request can have no end of them.
const LOSSES_MAX: usize = 64;

/// The losses of one translation. Each is named once.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    list: Vec<Loss>,
}

impl Losses {
    pub(crate) fn dropped(&mut self, param: impl Into<Cow<'static, str>>) {
        self.add(Loss::dropped(param));
    }

    pub(crate) fn clamped(&mut self, param: impl Into<Cow<'static, str>>) {
        self.add(Loss::clamped(param));
    }

    pub(crate) fn weakened(&mut self, param: impl Into<Cow<'static, str>>) {
        self.add(Loss::weakened(param));
    }

    fn add(&mut self, loss: Loss) {
        let loss = Loss {
            param: shown(loss.param),
            ..loss
        };
        if self.list.len() > LOSSES_MAX || self.list.contains(&loss) {
            return;
        }
        let is_last = self.list.len() == LOSSES_MAX;
        self.list
            .push(if is_last { Loss::dropped("more") } else { loss });
    }

    /// The list, of which a route puts up with all; else a 400 that names them.
    pub(crate) fn settle(self, refuse: bool) -> Result<Vec<Loss>, Refusal> {
        let Some(first) = self.list.first().filter(|_| refuse) else {
            return Ok(self.list);
        };
        let list: Vec<String> = self.list.iter().map(Loss::to_string).collect();
        let message = format!(
            "the target can't be told all of this request, and the route refuses losses (`on_loss: refuse`): {}",
            list.join(", ")
        );
        Err(Refusal::BadRequest {
            message,
            param: Some(first.param.clone().into_owned()),
            code: Some("translation_loss"),
        })
    }
}

/// The most of a field's name that is shown.
const NAME_MAX: usize = 100;

/// A name as an item of a header's comma list can hold it. Callers may name fields as they like: other bytes than those
/// of names are percent-encoded, and long names cut.
fn shown(param: Cow<'static, str>) -> Cow<'static, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-[]$".contains(&byte);
    if param.len() <= NAME_MAX && param.bytes().all(is_plain) {
        return param;
    }
    let mut out = String::new();
    for byte in param.bytes() {
        if out.len() >= NAME_MAX {
            out.push_str("...");
            break;
        }
        match is_plain(byte) {
            true => out.push(char::from(byte)),
            false => out.push_str(&format!("%{byte:02X}")),
        }
    }
    Cow::Owned(out)
}

/// A place in the caller's request: `messages[2].content[0]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At {
    list: &'static str,
    item: usize,
    part: Option<usize>,
    inner: Option<usize>,
}

impl At {
    pub(crate) fn message(item: usize) -> Self {
        Self {
            list: "messages",
            item,
            part: None,
            inner: None,
        }
    }

    pub(crate) fn system(item: usize) -> Self {
        Self {
            list: "system",
            ..Self::message(item)
        }
    }

    /// The part of that index, or the part within the part.
    pub(crate) fn part(self, index: usize) -> Self {
        match self.part {
            None => Self {
                part: Some(index),
                ..self
            },
            Some(_) => Self {
                inner: Some(index),
                ..self
            },
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.item)?;
        for index in [self.part, self.inner].into_iter().flatten() {
            write!(f, ".content[{index}]")?;
        }
        Ok(())
    }
}

/// A 400 about what the target cannot express.
pub(crate) fn unsupported(param: impl fmt::Display, why: impl fmt::Display) -> Refusal {
    Refusal::BadRequest {
        message: format!("`{param}`: {why}"),
        param: Some(param.to_string()),
        code: Some("unsupported"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_kinds_fit_a_header() {
        let long = "k".repeat(5_000);
        for (name, expected) in [
            ("messages[2].content[0].x-y", "messages[2].content[0].x-y"),
            ("a,b", "a%2Cb"),
            ("e\r\nset-cookie: z", "e%0D%0Aset-cookie%3A%20z"),
            ("é", "%C3%A9"),
            (&long, &format!("{}...", "k".repeat(100))),
        ] {
            let mut losses = Losses::default();
            losses.dropped(name.to_owned());
            assert_eq!(losses.settle(false).unwrap()[0].param, expected);
        }
    }

    #[test]
    fn losses_have_an_end_and_are_named_once() {
        let mut losses = Losses::default();
        losses.dropped("seed");
        losses.dropped("seed");
        for index in 0..1000 {
            losses.dropped(format!("{}.name", At::message(index)));
        }
        let list = losses.settle(false).unwrap();
        assert_eq!(list.len(), LOSSES_MAX + 1);
        assert_eq!(list.last(), Some(&Loss::dropped("more")));
    }
}
