//! A request head, judged by its raw bytes. RFC 9112, with every leniency that it allows to a server withdrawn where two
//! parsers could read it differently.

use super::fields::Fields;
use super::reason::Reason;
use super::syntax::is_control;
use crate::token::is_token;

const LONGEST_TARGET: usize = 8 * 1024;

/// A head that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// From the first byte to the end of the empty line.
    pub length: usize,
    pub framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// This many bytes follow; 0 where there is no body.
    Length(u64),
    Chunked,
}

/// Judges the head at the beginning of `bytes`; `None` while its end is not among them. Lines are judged as they are
/// complete, so the verdict does not depend on how the bytes came.
pub fn inspect(bytes: &[u8]) -> Result<Option<Head>, Reason> {
    // Control characters are looked for in the whole head at once, which is fast; only where there are some, or where
    // something else is wrong, does it matter which line comes first.
    match read::<false>(bytes) {
        Ok(Some(head)) if has_no_controls(bytes.get(..head.length).unwrap_or_default()) => {
            Ok(Some(head))
        }
        _ => read::<true>(bytes),
    }
}

/// `CONTROLS`: whether values are searched for control characters.
pub(super) fn read<const CONTROLS: bool>(bytes: &[u8]) -> Result<Option<Head>, Reason> {
    let mut lines = Lines { bytes, at: 0 };
    let Some(mut line) = lines.next()? else {
        return Ok(None);
    };
    if line.is_empty() {
        // One empty line is forgiven: old clients send one after a body.
        match lines.next()? {
            Some(next) => line = next,
            None => return Ok(None),
        }
        if line.is_empty() {
            return Err(Reason::LeadingLines);
        }
    }
    let request = RequestLine::read(line)?;
    let mut fields = Fields::default();
    loop {
        match lines.next()? {
            None => return Ok(None),
            Some([]) => {
                return Ok(Some(Head {
                    length: lines.at,
                    framing: fields.finish(&request)?,
                }));
            }
            Some(line) => fields.read::<CONTROLS>(line)?,
        }
    }
}

/// True where each control character is a tab or half of a CRLF.
fn has_no_controls(head: &[u8]) -> bool {
    let after = head.get(1..).unwrap_or_default();
    let bad = head.iter().zip(after).fold(0u8, |bad, (byte, next)| {
        let is_alone = (*byte == b'\r') & (*next != b'\n');
        bad | u8::from(is_alone | (is_control(*byte) & (*byte != b'\r') & (*byte != b'\n')))
    });
    bad == 0
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next complete line without its CRLF.
    fn next(&mut self) -> Result<Option<&'a [u8]>, Reason> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            return Ok(None);
        };
        self.at += end + 1;
        match rest.get(..end).and_then(|line| line.strip_suffix(b"\r")) {
            Some(line) => Ok(Some(line)),
            None => Err(Reason::BareLineFeed),
        }
    }
}

pub(super) struct RequestLine<'a> {
    /// Of an absolute-form target.
    pub(super) authority: Option<&'a [u8]>,
    pub(super) is_http_1_0: bool,
}

impl<'a> RequestLine<'a> {
    fn read(line: &'a [u8]) -> Result<Self, Reason> {
        if line.starts_with(b"PRI * HTTP/2") {
            return Err(Reason::Http2);
        }
        let mut words = line.split(|byte| *byte == b' ');
        let (method, target, version, None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Reason::RequestLine);
        };
        let (Some(method), Some(target), Some(version)) = (method, target, version) else {
            return Err(Reason::RequestLine);
        };
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(Reason::RequestLine);
        }
        let is_http_1_0 = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            [b'H', b'T', b'T', b'P', b'/', ..] => return Err(Reason::Version),
            _ => return Err(Reason::RequestLine),
        };
        if method == b"CONNECT" {
            return Err(Reason::Connect);
        }
        Ok(Self {
            authority: authority(method, target)?,
            is_http_1_0,
        })
    }
}

fn authority<'a>(method: &[u8], target: &'a [u8]) -> Result<Option<&'a [u8]>, Reason> {
    if target.len() > LONGEST_TARGET {
        return Err(Reason::TargetTooLong);
    }
    let is_odd = |byte: u8| {
        !(0x21..=0x7e).contains(&byte) || matches!(byte, b'<' | b'>' | b'"' | b'`' | b'\\' | b'#')
    };
    if target.iter().fold(false, |odd, byte| odd | is_odd(*byte)) {
        return Err(Reason::Target);
    }
    match target {
        [b'/', ..] => Ok(None),
        b"*" if method == b"OPTIONS" => Ok(None),
        _ => {
            let rest =
                after_scheme(target, b"http://").or_else(|| after_scheme(target, b"https://"));
            let rest = rest.ok_or(Reason::Target)?;
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b'/' | b'?'))
                .unwrap_or(rest.len());
            Ok(Some(rest.get(..end).unwrap_or_default()))
        }
    }
}

fn after_scheme<'a>(target: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = target.split_at_checked(scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then_some(rest)
}
