//! Forward proxies: a tunnel by `CONNECT` (RFC 9110, section 9.3.6).

use super::connect::Origin;
use crate::config::Proxy;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of the proxy's answer.
const MAX_ANSWER: usize = 8192;

/// A socket to the origin through the proxy.
pub(super) async fn connect(proxy: &Proxy, origin: &Origin) -> io::Result<TcpStream> {
    if proxy.tls {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a proxy that is itself reached over TLS is not supported",
        ));
    }
    let mut tcp = TcpStream::connect((proxy.host.as_str(), proxy.port)).await?;
    let address = origin.address();
    let mut head = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n");
    if let Some(authorization) = &proxy.authorization {
        head.push_str("Proxy-Authorization: ");
        head.push_str(authorization.expose());
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    tcp.write_all(head.as_bytes()).await?;
    let mut answer = Vec::with_capacity(256);
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > MAX_ANSWER {
            return Err(io::Error::other("the proxy's answer is too long"));
        }
        // Byte by byte: what follows the head already belongs to the tunnel.
        answer.push(tcp.read_u8().await?);
    }
    let is_success = answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.0 200");
    if is_success {
        Ok(tcp)
    } else {
        Err(io::Error::other("the proxy refused to connect"))
    }
}
