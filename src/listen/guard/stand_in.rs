//! The head that stands in for one that was refused. It is well formed and names the reason in a header that no caller
//! can know, so that the service answers, in the caller's dialect, and closes.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName};

use super::reason::Reason;

const LONGEST_PATH: usize = 1024;
const LONGEST_VERSION: usize = 64;

/// `x-tollgate-refused-` and 128 random bits of this process.
static NAME: LazyLock<HeaderName> = LazyLock::new(|| {
    let name = format!("x-tollgate-refused-{}", uuid::Uuid::new_v4().simple());
    HeaderName::try_from(name).unwrap_or(HeaderName::from_static("x-tollgate-refused"))
});

/// Why the guard refused the request with these headers; `None` for a request that it let pass.
pub fn refusal_of(headers: &HeaderMap) -> Option<Reason> {
    let code = headers.get(&*NAME)?.to_str().ok()?;
    Reason::from_code(code)
}

/// Path and version are kept where they are clean: they decide the dialect of the answer.
pub(super) fn stand_in(refused: &[u8], reason: Reason) -> Vec<u8> {
    let text = String::from_utf8_lossy(refused);
    let mut lines = text
        .split('\n')
        .map(|line| line.trim_end_matches('\r'))
        .skip_while(|line| line.is_empty());
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = if words.next() == Some("GET") {
        "GET"
    } else {
        "POST"
    };
    let path = words.next().filter(|path| is_path(path)).unwrap_or("/");
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: refused.invalid\r\n{}: {}\r\n",
        *NAME,
        reason.code()
    );
    let version = lines
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| {
            let value = value.trim();
            let is_clean =
                value.len() <= LONGEST_VERSION && value.bytes().all(|byte| byte.is_ascii_graphic());
            (name.eq_ignore_ascii_case("anthropic-version") && is_clean).then_some(value)
        });
    if let Some(version) = version {
        head.push_str(&format!("anthropic-version: {version}\r\n"));
    }
    head.push_str("connection: close\r\n\r\n");
    head.into_bytes()
}

fn is_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~:?=&%".contains(&byte);
    path.starts_with('/') && path.len() <= LONGEST_PATH && path.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::guard::head::{Framing, inspect};

    #[test]
    fn a_stand_in_keeps_what_decides_the_dialect() {
        let check = |refused: &str, first_line: &str, version: Option<&str>| {
            let bytes = stand_in(refused.as_bytes(), Reason::TwoHosts);
            let head = inspect(&bytes).unwrap().unwrap();
            assert_eq!(
                (head.length, head.framing),
                (bytes.len(), Framing::Length(0))
            );
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.starts_with(&format!("{first_line}\r\n")), "{text}");
            let kept = text
                .lines()
                .find_map(|line| line.strip_prefix("anthropic-version: "));
            assert_eq!(kept, version);
            assert!(text.contains("connection: close"));
        };
        check(
            "GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /v1/models HTTP/1.1",
            None,
        );
        check(
            "\r\nGET /v1/models?x=1 HTTP/1.1\n",
            "GET /v1/models?x=1 HTTP/1.1",
            None,
        );
        check(
            "POST /v1/messages HTTP/1.1\r\nAnthropic-Version: 2023-06-01\r\n",
            "POST /v1/messages HTTP/1.1",
            Some("2023-06-01"),
        );
        check(
            "PUT /a\tb HTTP/1.1\r\nanthropic-version: a b\r\n",
            "POST / HTTP/1.1",
            None,
        );
        check("GET /é HTTP/1.1\r\n", "GET / HTTP/1.1", None);
        check("", "POST / HTTP/1.1", None);
        check("\0\0\0", "POST / HTTP/1.1", None);
    }

    #[test]
    fn only_the_guard_can_name_a_refusal() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-tollgate-refused",
            http::HeaderValue::from_static("two_hosts"),
        );
        assert_eq!(refusal_of(&headers), None);
        headers.insert(NAME.clone(), http::HeaderValue::from_static("two_hosts"));
        assert_eq!(refusal_of(&headers), Some(Reason::TwoHosts));
    }
}
