//! A judged head's bytes as a request.

use super::body::RequestBody;
use crate::listen::guard::Reason;
use bytes::Bytes;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// What of a request decides how its answer is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) is_head: bool,
    pub(super) is_http_1_0: bool,
    pub(super) keeps_alive: bool,
}

impl About {
    pub(super) fn refused(raw: &[u8]) -> Self {
        Self {
            is_head: raw.starts_with(b"HEAD "),
            is_http_1_0: false,
            keeps_alive: false,
        }
    }
}

/// The head was judged: what fails here is what a URI or a header can't hold all the same.
pub(super) fn read(
    head: Bytes,
    body: RequestBody,
) -> Result<(Request<RequestBody>, About), (Bytes, Reason)> {
    match parts(&head) {
        Ok((method, uri, version, headers)) => {
            let is_http_1_0 = version == Version::HTTP_10;
            let about = About {
                is_head: method == Method::HEAD,
                is_http_1_0,
                keeps_alive: if is_http_1_0 {
                    names(&headers, "keep-alive")
                } else {
                    !names(&headers, "close")
                },
            };
            if !is_http_1_0 && headers.get(EXPECT).is_some_and(is_continue) {
                body.invite();
            }
            let mut request = Request::new(body);
            *request.method_mut() = method;
            *request.uri_mut() = uri;
            *request.version_mut() = version;
            *request.headers_mut() = headers;
            Ok((request, about))
        }
        Err(reason) => Err((head, reason)),
    }
}

fn is_continue(value: &HeaderValue) -> bool {
    value.as_bytes().eq_ignore_ascii_case(b"100-continue")
}

fn names(headers: &HeaderMap, option: &str) -> bool {
    headers.get_all(CONNECTION).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|named| named.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    })
}

fn parts(head: &Bytes) -> Result<(Method, Uri, Version, HeaderMap), Reason> {
    let mut lines = Lines { head, at: 0 };
    let mut line = lines.next().ok_or(Reason::RequestLine)?;
    if line.is_empty() {
        line = lines.next().ok_or(Reason::RequestLine)?;
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next())
    else {
        return Err(Reason::RequestLine);
    };
    let method = Method::from_bytes(method).map_err(|_| Reason::RequestLine)?;
    let uri = Uri::from_maybe_shared(head.slice_ref(target)).map_err(|_| Reason::Target)?;
    let version = match version {
        b"HTTP/1.0" => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let mut headers = HeaderMap::with_capacity(16);
    while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
        let colon = memchr::memchr(b':', line).ok_or(Reason::FieldName)?;
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let name = HeaderName::from_bytes(name).map_err(|_| Reason::FieldName)?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(value))
            .map_err(|_| Reason::FieldValue)?;
        headers.append(name, value);
    }
    Ok((method, uri, version, headers))
}

struct Lines<'a> {
    head: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its CRLF.
    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.head.get(self.at..)?;
        let end = memchr::memchr(b'\n', rest)?;
        self.at += end + 1;
        rest.get(..end)?.strip_suffix(b"\r")
    }
}
