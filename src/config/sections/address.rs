//! URLs of servers, in parts.

use crate::config::read::{Located, Reader};
use crate::config::snapshot::Address;
use http::Uri;

/// A field's URL, or `None` once the mistake is noted. One with a login in it is not shown.
pub(crate) fn read(
    url: &Located<String>,
    example: &str,
    reader: &mut Reader<'_>,
) -> Option<Address> {
    match parse(url) {
        Ok(address) => Some(address),
        Err(wrong) => {
            if url.contains('@') {
                reader.problems.blot(url.place);
            }
            reader.note_at(url, format!("expected a URL such as `{example}`: {wrong}"));
            None
        }
    }
}

/// An `http` or `https` URL without credentials, query and fragment. Its path loses a trailing `/v1` and `/`.
pub(crate) fn parse(url: &str) -> Result<Address, &'static str> {
    if url.contains(['?', '#']) {
        return Err("without query and fragment");
    }
    let uri: Uri = url.parse().map_err(|_| "not a URL")?;
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("it begins with `http://` or `https://`"),
    };
    let authority = uri.authority().ok_or("a host is missing")?;
    if authority.as_str().contains('@') {
        return Err("credentials belong in `api_key` or `headers`, not in a URL");
    }
    let host = authority.host();
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    if host.is_empty() {
        return Err("a host is missing");
    }
    let after_host = authority.as_str().rsplit(']').next().unwrap_or_default();
    let port = match (authority.port_u16(), after_host.contains(':')) {
        (Some(0), _) | (None, true) => return Err("its port is not one"),
        (Some(port), _) => port,
        (None, false) if tls => 443,
        (None, false) => 80,
    };
    let path = uri.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path);
    Ok(Address {
        tls,
        host: host.to_ascii_lowercase(),
        port,
        path_prefix: path.trim_end_matches('/').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<(bool, &str, u16, &str), &str>) {
        let found = parse(url);
        let found = found
            .as_ref()
            .map(|a| (a.tls, a.host.as_str(), a.port, a.path_prefix.as_str()));
        assert_eq!(found.map_err(|e| *e), expected, "{url}");
    }

    #[test]
    fn a_base_url_is_taken_with_or_without_v1() {
        check(
            "https://api.openai.com",
            Ok((true, "api.openai.com", 443, "")),
        );
        check(
            "https://api.openai.com/v1",
            Ok((true, "api.openai.com", 443, "")),
        );
        check(
            "https://api.openai.com/v1/",
            Ok((true, "api.openai.com", 443, "")),
        );
        check(
            "http://LOCALHOST:8000//v1//",
            Ok((false, "localhost", 8000, "")),
        );
        check("http://[::1]:8000/x/v1", Ok((false, "::1", 8000, "/x")));
        check("http://[::1]", Ok((false, "::1", 80, "")));
        check("https://x/openai/v10", Ok((true, "x", 443, "/openai/v10")));
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        check(
            "api.openai.com",
            Err("it begins with `http://` or `https://`"),
        );
        check("ftp://x", Err("it begins with `http://` or `https://`"));
        check("http://x:0", Err("its port is not one"));
        check("http://x:99999", Err("its port is not one"));
        check("http://x/?a=b", Err("without query and fragment"));
        check("http://x y", Err("not a URL"));
        check("", Err("not a URL"));
        check(
            "https://user:word@x",
            Err("credentials belong in `api_key` or `headers`, not in a URL"),
        );
    }
}
