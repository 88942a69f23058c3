//! What can still be told of a head that was refused.

use crate::pipeline::caller;
use tollgate_domain::Dialect;

/// The dialect to refuse in: by the path and the version header, as far as they can be made out.
pub fn dialect_of(raw: &[u8]) -> Dialect {
    let mut lines = raw
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .skip_while(|line| line.is_empty());
    let target = lines
        .next()
        .and_then(|line| line.split(|byte| *byte == b' ').nth(1))
        .unwrap_or_default();
    let path = String::from_utf8_lossy(target);
    let names_version = lines.any(|line| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"anthropic-version")
    });
    caller::dialect_by(&path, names_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_version_decide_also_in_a_bad_head() {
        let is_anthropic = |raw: &str| dialect_of(raw.as_bytes()) == Dialect::Anthropic;
        assert!(is_anthropic(
            "POST /v1/messages HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        ));
        assert!(is_anthropic("\r\nPOST /v1/messages/count_tokens HTTP/9\n"));
        assert!(is_anthropic(
            "GET /v1/models HTTP/1.1\r\nAnthropic-Version : 2023-06-01\r\n"
        ));
        assert!(!is_anthropic(
            "GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        ));
        assert!(!is_anthropic(""));
        assert!(!is_anthropic("\0\u{1}\n\n"));
    }
}
