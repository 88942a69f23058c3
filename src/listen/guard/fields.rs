//! The fields of a head that frame the request or say where it goes.

use super::head::{Framing, RequestLine};
use super::reason::Reason;
use super::syntax::{digits, is_alike, is_control, is_host, trim};
use crate::token::is_token;

/// More than any client sends.
const MOST_FIELDS: usize = 100;

/// What the fields seen so far say about the request's frame.
#[derive(Default)]
pub(super) struct Fields<'a> {
    count: usize,
    host: Option<&'a [u8]>,
    length: Option<u64>,
    is_chunked: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn read<const CONTROLS: bool>(&mut self, line: &'a [u8]) -> Result<(), Reason> {
        self.count += 1;
        if self.count > MOST_FIELDS {
            return Err(Reason::TooManyFields);
        }
        let colon = line
            .iter()
            .position(|byte| !is_token(*byte))
            .unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(colon).unwrap_or_default();
        let value = match rest {
            [b':', value @ ..] if !name.is_empty() => value,
            [b' ' | b'\t', ..] if name.is_empty() => return Err(Reason::FoldedLine),
            [b' ' | b'\t', ..] if rest.trim_ascii_start().starts_with(b":") => {
                return Err(Reason::SpaceBeforeColon);
            }
            _ => return Err(Reason::FieldName),
        };
        if CONTROLS && value.iter().any(|byte| is_control(*byte)) {
            return Err(Reason::FieldValue);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(trim(value)),
            7 if name.eq_ignore_ascii_case(b"upgrade") => upgrade(trim(value)),
            10 if name.eq_ignore_ascii_case(b"connection") => connection(value),
            14 if is_alike(name, b"content-length") => self.length(name, trim(value)),
            17 if is_alike(name, b"transfer-encoding") => self.encoding(name, trim(value)),
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &'a [u8]) -> Result<(), Reason> {
        if self.host.is_some() {
            return Err(Reason::TwoHosts);
        }
        if !is_host(value) {
            return Err(Reason::Host);
        }
        self.host = Some(value);
        Ok(())
    }

    fn length(&mut self, name: &[u8], value: &[u8]) -> Result<(), Reason> {
        if name.contains(&b'_') {
            return Err(Reason::DisguisedName);
        }
        if self.length.is_some() {
            return Err(Reason::TwoLengths);
        }
        self.length = Some(digits(value).ok_or(Reason::Length)?);
        self.not_both()
    }

    fn encoding(&mut self, name: &[u8], value: &[u8]) -> Result<(), Reason> {
        if name.contains(&b'_') {
            return Err(Reason::DisguisedName);
        }
        if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Reason::TransferEncoding);
        }
        self.is_chunked = true;
        self.not_both()
    }

    fn not_both(&self) -> Result<(), Reason> {
        if self.is_chunked && self.length.is_some() {
            Err(Reason::LengthAndChunked)
        } else {
            Ok(())
        }
    }

    pub(super) fn finish(&self, request: &RequestLine<'_>) -> Result<Framing, Reason> {
        if self.is_chunked && request.is_http_1_0 {
            return Err(Reason::TransferEncoding);
        }
        match (self.host, request.authority) {
            (None, _) if !request.is_http_1_0 => return Err(Reason::NoHost),
            (None, Some(_)) => return Err(Reason::OtherHost),
            (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority) => {
                return Err(Reason::OtherHost);
            }
            _ => {}
        }
        if self.is_chunked {
            return Ok(Framing::Chunked);
        }
        Ok(Framing::Length(self.length.unwrap_or(0)))
    }
}

/// `Upgrade: h2c` is what some clients (Java's) put on a first request; we stay with HTTP/1.1, as a server may. Anything
/// else waits for a switch that will not come.
fn upgrade(value: &[u8]) -> Result<(), Reason> {
    if value.eq_ignore_ascii_case(b"h2c") {
        Ok(())
    } else {
        Err(Reason::Upgrade)
    }
}

/// What Connection names is dropped by whoever forwards the request: credentials must not be among it.
fn connection(value: &[u8]) -> Result<(), Reason> {
    const OWN: [&[u8]; 7] = [
        b"keep-alive",
        b"close",
        b"te",
        b"upgrade",
        b"http2-settings",
        b"trailer",
        b"proxy-connection",
    ];
    let mut options = value
        .split(|byte| *byte == b',')
        .map(trim)
        .filter(|option| !option.is_empty());
    match options.all(|option| OWN.iter().any(|own| own.eq_ignore_ascii_case(option))) {
        true => Ok(()),
        false => Err(Reason::Connection),
    }
}
