//! Opening a connection: TCP, perhaps through a proxy, perhaps TLS, then HTTP/1 or HTTP/2 as the server offers.

use super::error::SendError;
use super::h1::H1;
use super::origin::Origin;
use super::pool::H2Sender;
use super::proxy;
use crate::config::Http2;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A socket to a provider, with or without TLS; through a proxy perhaps with TLS in TLS.
pub enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<Stream>>),
}

pub(super) enum Opened {
    H1(H1),
    H2(H2Sender),
}

pub(super) async fn open(origin: &Arc<Origin>, limit: Duration) -> Result<Opened, SendError> {
    match tokio::time::timeout(limit, establish(origin)).await {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(source)) => Err(SendError::Connect {
            address: origin.address(),
            source,
        }),
        Err(_) => Err(SendError::ConnectTimeout {
            address: origin.address(),
            limit,
        }),
    }
}

async fn establish(origin: &Arc<Origin>) -> io::Result<Opened> {
    let way = &origin.way;
    let stream = match &way.proxy {
        Some(proxy) => proxy::connect(proxy, origin).await?,
        None => tcp(&way.host, way.port).await?,
    };
    let (stream, is_h2) = match &origin.tls {
        Some(config) => tls(config, &way.host, stream).await?,
        None => (stream, way.http2 == Http2::Always),
    };
    if is_h2 {
        h2(stream).await
    } else {
        Ok(Opened::H1(H1::new(stream, Arc::clone(origin))))
    }
}

pub(super) async fn tcp(host: &str, port: u16) -> io::Result<Stream> {
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    Ok(Stream::Tcp(tcp))
}

/// TLS over a stream, and whether HTTP/2 was agreed on.
pub(super) async fn tls(
    config: &Arc<rustls::ClientConfig>,
    host: &str,
    stream: Stream,
) -> io::Result<(Stream, bool)> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let connector = TlsConnector::from(Arc::clone(config));
    // Its future is large, and each connection has but one.
    let tls = Box::pin(connector.connect(name, stream)).await?;
    let is_h2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok((Stream::Tls(Box::new(tls)), is_h2))
}

async fn h2(stream: Stream) -> io::Result<Opened> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(8 << 20)
        .keep_alive_interval(Duration::from_secs(30))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an HTTP/2 connection to a provider ended");
        }
    });
    Ok(Opened::H2(sender))
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
