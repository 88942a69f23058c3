//! A forward proxy that takes `CONNECT`, in plain text or over TLS, and brings every tunnel to one address.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::background;

pub(crate) struct ForwardProxy {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ForwardProxy {
    /// Names need not exist: `target` is where all tunnels end. `answer` is its status line. Its thread ends with the
    /// test's process.
    pub(crate) fn start(
        target: SocketAddr,
        answer: &'static str,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        let address = background::serve(move |listener| async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (seen, tls) = (seen.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => tunnel(tcp, target, answer, &seen).await,
                        Some(tls) => {
                            // A client that does not like the certificate goes.
                            if let Ok(tls) = TlsAcceptor::from(tls).accept(tcp).await {
                                tunnel(tls, target, answer, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, heads }
    }

    /// The heads of all requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn tunnel<IO: AsyncRead + AsyncWrite + Unpin>(
    mut client: IO,
    target: SocketAddr,
    answer: &str,
    seen: &Mutex<Vec<String>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    seen.lock().unwrap().push(String::from_utf8(head).unwrap());
    let answer = format!("HTTP/1.1 {answer}\r\nX-Proxy: test\r\n\r\n");
    let mut upstream = TcpStream::connect(target).await.unwrap();
    if client.write_all(answer.as_bytes()).await.is_ok() && answer.starts_with("HTTP/1.1 200") {
        // Either side may go at any time.
        let _ = copy_bidirectional(&mut client, &mut upstream).await;
    }
}
