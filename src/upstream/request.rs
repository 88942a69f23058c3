//! One request to a provider: the part of its head that never changes is written once, in advance.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use http_body_util::Full;
use std::borrow::Cow;
use std::io::Write as _;
use zeroize::Zeroizing;

/// What every request to a provider carries: as headers, and as the lines that HTTP/1 sends.
pub struct Template {
    headers: HeaderMap,
    /// Holds the credential.
    lines: Zeroizing<Vec<u8>>,
}

impl Template {
    pub fn new(mut headers: HeaderMap) -> Self {
        // The message's framing is ours.
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
            headers.remove(name);
        }
        let mut lines = Vec::with_capacity(512);
        for (name, value) in &headers {
            line(&mut lines, name.as_str(), value.as_bytes());
        }
        Self {
            headers,
            lines: Zeroizing::new(lines),
        }
    }
}

/// A POST to a provider. Headers of this one call stand behind those of the template, which win.
pub struct Outgoing<'a> {
    pub template: &'a Template,
    /// Begins with a slash and holds no space.
    pub path: Cow<'a, str>,
    pub headers: &'a [(&'static str, String)],
    pub body: Bytes,
}

impl Outgoing<'_> {
    /// The headers of this call that may go out.
    fn extra(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let is_open = |(name, value): &&(&'static str, String)| {
            !self.template.headers.contains_key(*name)
                && value
                    .bytes()
                    .all(|byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f))
        };
        self.headers
            .iter()
            .filter(is_open)
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// The head as HTTP/1.1 sends it.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.template.lines.len() + 256);
        head.extend_from_slice(b"POST ");
        head.extend_from_slice(self.path.as_bytes());
        head.extend_from_slice(b" HTTP/1.1\r\n");
        head.extend_from_slice(&self.template.lines);
        for (name, value) in self.extra() {
            line(&mut head, name, value.as_bytes());
        }
        let _infallible = write!(head, "content-length: {}\r\n\r\n", self.body.len());
        head
    }

    /// The same for HTTP/2, where the target is a whole URI.
    pub(super) fn for_h2(&self, is_tls: bool) -> Option<http::Request<Full<Bytes>>> {
        let authority = self.template.headers.get(HOST)?.to_str().ok()?;
        let uri = Uri::builder()
            .scheme(if is_tls { "https" } else { "http" })
            .authority(authority)
            .path_and_query(self.path.as_ref())
            .build()
            .ok()?;
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        let headers = request.headers_mut();
        headers.clone_from(&self.template.headers);
        headers.remove(HOST);
        for (name, value) in self.extra() {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Some(request)
    }
}

fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::AUTHORIZATION;

    fn template() -> Template {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("provider.test"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer sk-1"));
        Template::new(headers)
    }

    #[test]
    fn what_the_template_has_wins_and_no_value_makes_a_line() {
        let template = template();
        let outgoing = Outgoing {
            template: &template,
            path: "/v1/messages".into(),
            headers: &[
                ("authorization", "Bearer other".to_owned()),
                ("anthropic-beta", "one\r\nx-evil: 1".to_owned()),
                ("anthropic-version", "2023-06-01".to_owned()),
            ],
            body: Bytes::from_static(b"{}"),
        };
        assert_eq!(
            String::from_utf8(outgoing.head()).unwrap(),
            "POST /v1/messages HTTP/1.1\r\nhost: provider.test\r\nauthorization: Bearer sk-1\r\n\
             anthropic-version: 2023-06-01\r\ncontent-length: 2\r\n\r\n"
        );
        let request = outgoing.for_h2(true).unwrap();
        assert_eq!(request.uri(), "https://provider.test/v1/messages");
        let names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["authorization", "anthropic-version"]);
    }
}
