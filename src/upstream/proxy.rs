//! Forward proxies: a tunnel by `CONNECT` (RFC 9110, section 9.3.6), in plain text or over TLS.

use super::connect::{self, Stream};
use super::origin::Origin;
use crate::config::Proxy;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes of the proxy's answer.
const MAX_ANSWER: usize = 8192;

/// A socket to the origin through the proxy.
pub(super) async fn connect(proxy: &Proxy, origin: &Origin) -> io::Result<Stream> {
    let mut stream = connect::tcp(&proxy.host, proxy.port).await?;
    if let Some(config) = &origin.proxy_tls {
        let (secured, _) = connect::tls(config, &proxy.host, stream).await?;
        stream = secured;
    }
    let address = origin.address();
    let mut head = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
    if let Some(authorization) = &proxy.authorization {
        head.push_str("Proxy-Authorization: ");
        head.push_str(authorization.expose());
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > MAX_ANSWER {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        // Byte by byte: what follows the head already belongs to the tunnel.
        answer.push(stream.read_u8().await?);
    }
    match status(&answer) {
        Some(200..=299) => Ok(stream),
        Some(status) => Err(io::Error::other(format!(
            "the proxy refused to connect with status {status}"
        ))),
        None => Err(io::Error::other("the proxy's answer is no HTTP/1")),
    }
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.")?;
    let (_, rest) = line.split_at_checked(2)?;
    std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_proxys_answer_is_read() {
        assert_eq!(
            status(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            Some(200)
        );
        assert_eq!(status(b"HTTP/1.0 407 Who\r\n\r\n"), Some(407));
        assert_eq!(status(b"HTTP/1.1 200\r\n\r\n"), Some(200));
        assert_eq!(status(b"SSH-2.0\r\n\r\n"), None);
        assert_eq!(status(b"HTTP/1."), None);
    }
}
