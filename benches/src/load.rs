//! The load generator: connections that are kept, each with one request under way at a time
//! (a closed loop). Every body is compared with what the upstream sent.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, BytesMut};
use hdrhistogram::Histogram;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::clock::now;
use crate::http1::{self, Dechunker, Framing, Step};
use crate::payload;
use crate::work::Work;

/// One run of load.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Load {
    /// The server to be loaded
    #[arg(long)]
    pub(crate) to: SocketAddr,
    #[arg(long, value_enum, default_value = "whole")]
    pub(crate) work: Work,
    /// Ask for the route that leads to an Anthropic upstream, and read its answer as OpenAI's
    #[arg(long)]
    pub(crate) translated: bool,
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// Requests in all
    #[arg(long, default_value_t = 20_000)]
    pub(crate) requests: u64,
    /// Stop after so many seconds, whatever is left
    #[arg(long, default_value_t = 20)]
    pub(crate) at_most: u64,
    /// Size of each request's body
    #[arg(long, default_value_t = 1024)]
    pub(crate) request_bytes: usize,
    #[arg(long, default_value = "bench-key")]
    pub(crate) key: String,
}

/// What a run saw; printed as one line of JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) first_error: Option<String>,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
    pub(crate) body_bytes: u64,
}

impl Default for Load {
    fn default() -> Load {
        Load {
            to: SocketAddr::from(([127, 0, 0, 1], 4000)),
            work: Work::Whole,
            translated: false,
            connections: 64,
            requests: 20_000,
            at_most: 20,
            request_bytes: 1024,
            key: "bench-key".into(),
        }
    }
}

impl Load {
    pub(crate) fn model(&self) -> &'static str {
        if self.translated {
            self.work.translated_route()
        } else {
            self.work.model()
        }
    }

    /// The request as it goes over the wire.
    pub(crate) fn request(&self) -> Vec<u8> {
        let body = payload::request(self.model(), self.work, self.request_bytes);
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             accept: application/json\r\nuser-agent: sidebyside\r\ncontent-length: {}\r\n\r\n",
            self.to,
            self.key,
            body.len()
        );
        [head.as_bytes(), &body].concat()
    }

    fn expected(&self) -> Expected {
        match (self.translated, self.work.is_streamed()) {
            (false, false) => Expected::Exactly(payload::openai_whole()),
            (false, true) => Expected::Exactly(payload::openai_frames().concat()),
            (true, false) => Expected::Holding {
                within: "\"chat.completion\"",
                end: "}",
            },
            (true, true) => Expected::Holding {
                within: "\"chat.completion.chunk\"",
                end: "data: [DONE]\n\n",
            },
        }
    }
}

enum Expected {
    /// The upstream's own bytes.
    Exactly(Vec<u8>),
    /// A translated answer: words of the upstream's text, the dialect's object, and its end.
    Holding {
        within: &'static str,
        end: &'static str,
    },
}

impl Expected {
    fn check(&self, body: &[u8]) -> Result<(), String> {
        let is_right = match self {
            Expected::Exactly(bytes) => body == bytes,
            Expected::Holding { within, end } => {
                body.ends_with(end.as_bytes())
                    && memmem::find(body, within.as_bytes()).is_some()
                    && memmem::find(body, b"keeper").is_some()
            }
        };
        if is_right {
            Ok(())
        } else {
            Err(format!("unexpected body: {}", beginning(body)))
        }
    }
}

struct Shared {
    left: u64,
    until: Instant,
    latency: Histogram<u64>,
    seen: Seen,
}

impl Shared {
    fn may_start(&mut self) -> bool {
        if self.left == 0 || now() > self.until {
            return false;
        }
        self.left -= 1;
        true
    }

    fn failed(&mut self, error: String) {
        self.seen.errors += 1;
        self.seen.first_error.get_or_insert(error);
    }
}

/// Carries out one run.
pub(crate) async fn run(load: &Load) -> io::Result<Seen> {
    let latency = Histogram::new_with_bounds(1, 120_000_000_000, 3).map_err(io::Error::other)?;
    let started = now();
    let shared = Rc::new(RefCell::new(Shared {
        left: load.requests,
        until: started + Duration::from_secs(load.at_most),
        latency,
        seen: Seen::default(),
    }));
    let expected = Rc::new(load.expected());
    // Streams would otherwise beat in step, which spares a proxy most of its wake-ups.
    let spread = if load.work == Work::Paced {
        Duration::from_millis(10)
    } else {
        Duration::ZERO
    };
    let mut clients = Vec::new();
    for number in 0..load.connections {
        let (shared, expected, load) = (Rc::clone(&shared), Rc::clone(&expected), load.clone());
        let delay = spread * number / load.connections.max(1);
        clients.push(tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            if let Err(error) = client(&load, u64::from(number), &expected, &shared).await {
                shared.borrow_mut().failed(error.to_string());
            }
        }));
    }
    for client in clients {
        client.await.map_err(io::Error::other)?;
    }
    let mut shared = shared.borrow_mut();
    let micros = |nanos: u64| nanos as f64 / 1000.0;
    shared.seen.seconds = started.elapsed().as_secs_f64();
    shared.seen.p50_us = micros(shared.latency.value_at_quantile(0.5));
    shared.seen.p99_us = micros(shared.latency.value_at_quantile(0.99));
    shared.seen.max_us = micros(shared.latency.max());
    Ok(shared.seen.clone())
}

async fn client(
    load: &Load,
    number: u64,
    expected: &Expected,
    shared: &RefCell<Shared>,
) -> io::Result<()> {
    let mut socket = TcpStream::connect(load.to).await?;
    socket.set_nodelay(true)?;
    let mut request = load.request();
    let serial = memmem::find(&request, payload::SERIAL);
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    let mut body = Vec::with_capacity(64 * 1024);
    let mut turn = 0_u64;
    while shared.borrow_mut().may_start() {
        turn += 1;
        if let Some(slot) = serial.and_then(|at| request.get_mut(at..at + payload::SERIAL.len())) {
            slot.copy_from_slice(format!("{number:04}{turn:012}").as_bytes());
        }
        let sent = now();
        socket.write_all(&request).await?;
        body.clear();
        let status = answer(&mut socket, &mut buffer, &mut body).await?;
        let took = sent.elapsed();
        let verdict = match status {
            200 => expected.check(&body),
            other => Err(format!("status {other}: {}", beginning(&body))),
        };
        let mut shared = shared.borrow_mut();
        shared.seen.requests += 1;
        shared.seen.body_bytes += body.len() as u64;
        shared
            .latency
            .saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        if let Err(error) = verdict {
            shared.failed(error);
        }
    }
    Ok(())
}

/// Reads one whole response; the body without its transfer coding goes into `body`.
async fn answer(
    socket: &mut TcpStream,
    buffer: &mut BytesMut,
    body: &mut Vec<u8>,
) -> io::Result<u16> {
    let head = read_head(socket, buffer).await?;
    let head_bytes = buffer.get(..head).unwrap_or_default();
    let (status, framing) = (http1::status(head_bytes), http1::framing(head_bytes));
    buffer.advance(head);
    match framing {
        Framing::Length(length) => {
            while buffer.len() < length {
                read_more(socket, buffer).await?;
            }
            body.extend_from_slice(buffer.get(..length).unwrap_or_default());
            buffer.advance(length);
        }
        Framing::Chunked => {
            let mut dechunker = Dechunker::default();
            loop {
                match dechunker.take(buffer, body) {
                    Step::Done => break,
                    Step::More => read_more(socket, buffer).await?,
                    Step::Malformed => {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidData,
                            "malformed chunk",
                        ));
                    }
                }
            }
        }
    }
    Ok(status)
}

/// Reads until the buffer begins with a whole head, and tells its length.
pub(crate) async fn read_head(socket: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<usize> {
    loop {
        if let Some(length) = http1::head_length(buffer) {
            return Ok(length);
        }
        read_more(socket, buffer).await?;
    }
}

pub(crate) async fn read_more(socket: &mut TcpStream, buffer: &mut BytesMut) -> io::Result<()> {
    if buffer.capacity() - buffer.len() < 8 * 1024 {
        buffer.reserve(32 * 1024);
    }
    if socket.read_buf(buffer).await? == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "closed before the answer's end",
        ));
    }
    Ok(())
}

fn beginning(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..200).unwrap_or(body)).into_owned()
}
