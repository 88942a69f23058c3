//! The mock upstream: as little work as a server can do, so that what is measured is the proxy.
//! HTTP/1.1 by hand on one thread; the replies are rendered once, at start.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::http1;
use crate::payload;
use crate::work::Work;

const PACE: Duration = Duration::from_millis(10);
const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
    cache-control: no-cache\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n";

/// The replies of one dialect, ready to be written.
struct Replies {
    whole: Vec<u8>,
    burst: Vec<u8>,
    /// Each with its chunk framing; the head is in the first, the end of the body in the last.
    paced: Vec<Vec<u8>>,
    /// The head, the frames up to the first word, and no end.
    idle: Vec<u8>,
}

impl Replies {
    fn new(whole: &[u8], frames: &[Vec<u8>], frames_to_first_word: usize) -> Replies {
        let mut paced: Vec<Vec<u8>> = frames
            .iter()
            .map(|frame| payload::as_chunk(frame))
            .collect();
        if let Some(first) = paced.first_mut() {
            *first = [STREAM_HEAD, first].concat();
        }
        let idle = paced
            .iter()
            .take(frames_to_first_word)
            .flatten()
            .copied()
            .collect();
        if let Some(last) = paced.last_mut() {
            last.extend_from_slice(b"0\r\n\r\n");
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: {}\r\n\r\n",
            whole.len()
        );
        Replies {
            whole: [head.as_bytes(), whole].concat(),
            burst: paced.concat(),
            paced,
            idle,
        }
    }
}

struct Book {
    openai: Replies,
    anthropic: Replies,
}

/// Serves on `listener` until the process ends.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let book = Rc::new(Book {
        openai: Replies::new(&payload::openai_whole(), &payload::openai_frames(), 2),
        anthropic: Replies::new(&payload::anthropic_whole(), &payload::anthropic_frames(), 3),
    });
    loop {
        let (socket, _peer) = listener.accept().await?;
        let book = Rc::clone(&book);
        // A connection that breaks is its client's to report.
        tokio::task::spawn_local(async move { connection(socket, &book).await });
    }
}

async fn connection(mut socket: TcpStream, book: &Book) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut buffer = BytesMut::with_capacity(8 * 1024);
    while let Some(length) = next_request(&mut socket, &mut buffer).await? {
        let request = buffer.get(..length).unwrap_or_default();
        let is_anthropic = request.starts_with(b"POST /v1/messages");
        let work = asked_for(request);
        buffer.advance(length);
        let replies = if is_anthropic {
            &book.anthropic
        } else {
            &book.openai
        };
        match work {
            Some(Work::Whole) => socket.write_all(&replies.whole).await?,
            Some(Work::Burst) => socket.write_all(&replies.burst).await?,
            Some(Work::Paced) => paced(&mut socket, &replies.paced).await?,
            Some(Work::Idle) => {
                socket.write_all(&replies.idle).await?;
                // Until the other side leaves.
                while socket.read_buf(&mut buffer).await? > 0 {}
                return Ok(());
            }
            None => {
                socket
                    .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                    .await?;
            }
        }
    }
    Ok(())
}

async fn paced(socket: &mut TcpStream, frames: &[Vec<u8>]) -> io::Result<()> {
    let mut due = Instant::now();
    for frame in frames {
        tokio::time::sleep_until(due).await;
        socket.write_all(frame).await?;
        due += PACE;
    }
    Ok(())
}

/// Reads on until the buffer begins with a whole request, and tells its length; `None` once the
/// client has closed.
async fn next_request(socket: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<Option<usize>> {
    loop {
        if let Some(head) = http1::head_length(buffer) {
            let head_bytes = buffer.get(..head).unwrap_or_default();
            let body = match http1::framing(head_bytes) {
                http1::Framing::Length(length) => length,
                http1::Framing::Chunked => {
                    let error = "the mock upstream reads only requests with a content-length";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                }
            };
            if buffer.len() >= head + body {
                return Ok(Some(head + body));
            }
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

fn asked_for(request: &[u8]) -> Option<Work> {
    let at = memmem::find(request, b"\"mock-")? + 1;
    let name = request.get(at..)?;
    Work::ALL
        .into_iter()
        .find(|work| name.starts_with(work.model().as_bytes()))
}
