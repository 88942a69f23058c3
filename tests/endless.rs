//! A provider that streams for as long as it is read.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A frame's content: large, so that buffers are full at once.
const CONTENT: usize = 8 << 10;

pub(crate) struct Endless {
    pub(crate) address: SocketAddr,
    under_way: Arc<AtomicUsize>,
}

impl Endless {
    /// Its threads end with their connections, and the accepting one with the test's process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let under_way = Arc::new(AtomicUsize::new(0));
        let count = under_way.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let count = count.clone();
                thread::spawn(move || {
                    count.fetch_add(1, Ordering::Relaxed);
                    stream(socket.unwrap());
                    count.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Self { address, under_way }
    }

    /// Streams that nobody has cancelled.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

fn stream(mut socket: TcpStream) {
    // The request is small, and what it says does not matter.
    let _ = socket.read(&mut [0; 4096]);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let content = "x".repeat(CONTENT);
    let frame = format!(
        "data: {{\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\
         \"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\"finish_reason\":null}}]}}\n\n"
    );
    let mut sent = socket.write_all(head.as_bytes());
    while sent.is_ok() {
        sent = socket.write_all(frame.as_bytes());
    }
}
