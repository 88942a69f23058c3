//! A thousand streams at once.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::Barrier;

use crate::chat;
use crate::server::Server;
use crate::traces;
use crate::upstream::Upstream;

const STREAMS: usize = 1_000;
/// What a stream may take, with its two connections and its share of what the drain holds.
const MEMORY: u64 = 128 << 10;

/// Reads the first content, waits until every other stream has come so far, then reads to the end.
async fn stream(address: SocketAddr, number: usize, all_open: Arc<Barrier>) -> String {
    let content = format!("20 words for {number}");
    let body = chat::body("sim-gpt+fault=pace:1,20", &content, true);
    let request = chat::bytes("Connection: close\r\n", &body);
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let mut is_open = false;
    let mut piece = [0; 4096];
    loop {
        let length = socket.read(&mut piece).await.unwrap();
        read.extend_from_slice(&piece[..length]);
        if !is_open && (length == 0 || read.windows(8).any(|window| window == b"\"content")) {
            is_open = true;
            all_open.wait().await;
        }
        if length == 0 {
            return String::from_utf8_lossy(&read).into_owned();
        }
    }
}

#[test]
fn a_thousand_streams_at_once_all_end_properly_and_are_all_accounted() {
    let upstream = Upstream::start();
    let server = Server::before(&upstream);
    let before = server.peak_memory();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let ended = runtime.block_on(async {
        let all_open = Arc::new(Barrier::new(STREAMS));
        let streams: Vec<_> = (0..STREAMS)
            .map(|number| tokio::spawn(stream(server.address, number, all_open.clone())))
            .collect();
        let mut ended = 0;
        for stream in streams {
            let text = stream.await.unwrap();
            assert!(text.starts_with("HTTP/1.1 200"), "{text}");
            ended += usize::from(text.contains("data: [DONE]"));
        }
        ended
    });
    assert_eq!(ended, STREAMS);
    let each = (server.peak_memory() - before) / STREAMS as u64;
    println!("{each} bytes a stream");
    assert!(each <= MEMORY, "{each} bytes a stream");
    assert_eq!(traces::at_least(&server, STREAMS).len(), STREAMS);
}
