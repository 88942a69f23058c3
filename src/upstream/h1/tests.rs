//! A connection to a scripted server.

use super::*;
use crate::config::{Address, Http2};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::coop;

/// A connection to a server that takes one request and answers with these pieces, a write each.
async fn connect(pieces: Vec<Vec<u8>>) -> H1 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = [0; 4096];
        let _request = socket.read(&mut head).await.unwrap();
        for piece in pieces {
            socket.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        // Open until the other side closes.
        let _closed = socket.read(&mut head).await;
    });
    let stream = TcpStream::connect(address).await.unwrap();
    H1::new(Stream::Tcp(stream), origin(address))
}

fn origin(address: SocketAddr) -> Arc<Origin> {
    let to = Address {
        tls: false,
        host: address.ip().to_string(),
        port: address.port(),
        path_prefix: String::new(),
    };
    Arc::new(Origin::other(&to, None, None, Http2::Never).unwrap())
}

async fn ask(pieces: Vec<Vec<u8>>) -> (StatusCode, Kept, Reading) {
    let head = b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n".to_vec();
    let connection = connect(pieces).await;
    let asked = connection.exchange(head, Bytes::from_static(b"{}"));
    asked.await.map_err(|none| none.error).unwrap()
}

fn text(pieces: &[&str]) -> Vec<Vec<u8>> {
    pieces
        .iter()
        .map(|piece| piece.as_bytes().to_vec())
        .collect()
}

#[tokio::test]
async fn a_large_body_comes_whole_however_it_is_cut() {
    let body: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let mut chunked = Vec::new();
    for piece in body.chunks(100_003) {
        chunked.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.extend_from_slice(piece);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let framed = [
        (head, body.clone()),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            chunked,
        ),
    ];
    for (head, bytes) in framed {
        let all = [head.into_bytes(), bytes].concat();
        for step in [9_001, 700_001, all.len()] {
            let pieces = all.chunks(step).map(<[u8]>::to_vec).collect();
            let (_, _, mut reading) = ask(pieces).await;
            assert_eq!(reading.collect(1 << 22).await.unwrap(), body, "by {step}");
        }
    }
}

#[tokio::test]
async fn what_came_before_a_break_is_told_first() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (_, _, mut reading) = ask(text(&[head, "5\r\nhello\r\nxyz"])).await;
    let mut next = async || std::future::poll_fn(|cx| reading.poll_chunk(cx)).await;
    assert_eq!(next().await.unwrap().unwrap(), "hello");
    assert!(matches!(next().await, Some(Err(BodyError::Chunk(_)))));
    assert!(next().await.is_none());
}

#[tokio::test]
async fn the_head_is_read_however_it_is_cut_and_bounds_hold() {
    let all = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow";
    let pieces: Vec<&str> = all.split_inclusive(|_: char| true).collect();
    let (status, kept, mut reading) = ask(text(&pieces)).await;
    assert_eq!(
        (status.as_u16(), kept.text("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(reading.collect(4).await.unwrap(), "slow");
    let (_, _, mut reading) = ask(text(&[all])).await;
    assert!(matches!(reading.collect(3).await, Err(BodyError::TooLarge)));
}

#[tokio::test]
async fn a_connection_that_says_more_than_was_asked_is_not_used_again() {
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (bytes, is_kept) in [
        (whole.to_owned(), true),
        (format!("{whole}HTTP/1.1"), false),
    ] {
        let (_, _, mut reading) = ask(text(&[&bytes])).await;
        let origin = reading.origin().unwrap();
        let piece = std::future::poll_fn(|cx| reading.poll_chunk(cx)).await;
        assert_eq!(piece.unwrap().unwrap(), "ok");
        let kept = super::super::pool::take(&origin);
        assert_eq!(kept.is_some(), is_kept, "{bytes}");
    }
}

#[tokio::test]
async fn a_closed_connection_is_seen_by_a_task_that_has_spent_its_budget() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    drop(listener.accept().await.unwrap());
    stream.readable().await.unwrap();
    let mut connection = H1::new(Stream::Tcp(stream), origin(address));
    while coop::has_budget_remaining() {
        coop::consume_budget().await;
    }
    assert!(!connection.is_usable());
}
