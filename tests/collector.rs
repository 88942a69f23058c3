//! A collector of spans in the test's own process: takes OTLP over HTTP, answers as it is told, and can be away.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::free_address;
use crate::wait;

#[derive(Default)]
struct State {
    /// The next answers; then 200.
    answers: Mutex<VecDeque<String>>,
    /// The head of each call, and how it was answered.
    calls: Mutex<Vec<(String, String)>>,
    /// The spans of the calls that were answered with 200.
    spans: Mutex<Vec<Span>>,
    is_over: AtomicBool,
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self::at(free_address())
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::serving(address, None)
    }

    /// Over TLS.
    pub(crate) fn secured(tls: Arc<ServerConfig>) -> Self {
        Self::serving(free_address(), Some(tls))
    }

    fn serving(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.is_over.load(Ordering::Relaxed) {
                    return;
                }
                // Whoever breaks off tries again.
                let _ = connection.and_then(|connection| match &tls {
                    None => serve(connection, &shared),
                    Some(tls) => {
                        let session = ServerConnection::new(tls.clone());
                        let session = session.map_err(std::io::Error::other)?;
                        serve(StreamOwned::new(session, connection), &shared)
                    }
                });
            }
        });
        Self { address, state }
    }

    /// The next calls are answered so: a status, perhaps with a header after it (`429\r\nRetry-After: 1`).
    pub(crate) fn answer_next(&self, answers: &[&str]) {
        let mut next = self.state.answers.lock().unwrap();
        next.extend(answers.iter().map(|answer| (*answer).to_owned()));
    }

    pub(crate) fn calls(&self) -> Vec<(String, String)> {
        self.state.calls.lock().unwrap().clone()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.state.spans.lock().unwrap().clone()
    }

    /// How often each request's own span came, by trace id. Tollgate's spans about itself are not among them.
    pub(crate) fn traces(&self) -> BTreeMap<String, usize> {
        let mut traces = BTreeMap::new();
        let requests = self.spans().into_iter();
        for span in requests.filter(|span| span.kind == 2 && !span.trace_id.is_empty()) {
            *traces.entry(hexadecimal(&span.trace_id)).or_default() += 1;
        }
        traces
    }

    /// The traces, once there are at least so many.
    #[track_caller]
    pub(crate) fn at_least(&self, count: usize) -> BTreeMap<String, usize> {
        wait::for_some(&format!("{count} traces at the collector"), || {
            let found = self.traces();
            (found.len() >= count).then_some(found)
        })
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which closes the socket: from then on nobody is there.
        let _ = TcpStream::connect(self.address);
        wait::until("the collector to be away", || {
            TcpStream::connect(self.address).is_err()
        });
    }
}

fn serve(connection: impl Read + Write, state: &State) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let answer = state.answers.lock().unwrap().pop_front();
    let answer = answer.unwrap_or_else(|| "200".to_owned());
    state.calls.lock().unwrap().push((head, answer.clone()));
    if answer == "200" {
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let mut spans = state.spans.lock().unwrap();
        let scopes = request.resource_spans.into_iter();
        for scope in scopes.flat_map(|resource| resource.scope_spans) {
            spans.extend(scope.spans);
        }
    }
    let (status, headers) = answer.split_once("\r\n").unwrap_or((&answer, ""));
    let end = if headers.is_empty() { "" } else { "\r\n" };
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status} Said\r\n{headers}{end}Content-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
