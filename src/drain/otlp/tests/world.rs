//! A journal that is drained and exported, and collectors for it.

use super::text;
use crate::config::{Address, OtlpTarget};
use crate::drain::otlp::{Endpoint, Exporting};
use crate::drain::tests::support::{closed, journal, open, pricing, store, until};
use crate::drain::{Counting, DrainHandle, DrainStats, start};
use crate::telemetry::OwnSpans;
use crate::telemetry::metrics::Metrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tollgate_journal::{Outcome, Position, Record, Writer};
use tollgate_store::Store;

/// What a collector makes of it.
pub(super) fn received(bytes: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(bytes).unwrap();
    let [resource] = request.resource_spans.as_slice() else {
        panic!("{request:?}")
    };
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    assert_eq!(text(attributes, "service.name"), "tollgate");
    let scopes = resource.scope_spans.iter();
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

/// A collector at an address of this machine; nothing listens at port 1.
pub(super) fn at(port: u16) -> OtlpTarget {
    OtlpTarget {
        endpoint: format!("http://127.0.0.1:{port}"),
        base: Address {
            tls: false,
            host: "127.0.0.1".to_owned(),
            port,
            path_prefix: String::new(),
        },
        path: "/v1/traces".to_owned(),
        headers: Vec::new(),
        ca_file: None,
        proxy: None,
        own_spans: true,
    }
}

/// Takes whatever comes, until the process ends.
pub(super) fn collector() -> (u16, Arc<Mutex<Vec<Span>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let spans = Arc::new(Mutex::new(Vec::new()));
    let taken = spans.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut reader = BufReader::new(connection.unwrap());
            loop {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let Some(length) = length else { break };
                let mut body = vec![0; length.parse().unwrap()];
                reader.read_exact(&mut body).unwrap();
                taken.lock().unwrap().extend(received(&body));
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                reader.get_mut().write_all(answer).unwrap();
            }
        }
    });
    (port, spans)
}

/// A journal of 8 MiB that is drained and exported.
pub(super) struct World {
    pub(super) store: Store,
    pub(super) writer: Writer,
    stats: Arc<DrainStats>,
    pub(super) metrics: Metrics,
    pub(super) handle: DrainHandle,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) fn new(targets: &[OtlpTarget]) -> Self {
        let (store, folder) = store();
        let writer = journal(&folder.path().join("journal"), Position::START, 1);
        let stats: Arc<DrainStats> = Arc::default();
        let metrics = Metrics::new().unwrap();
        let handle = start(
            store.clone(),
            writer.clone(),
            stats.clone(),
            pricing(),
            Counting::none(),
            Exporting {
                metrics: metrics.otlp.clone(),
                own: OwnSpans::default(),
                collectors: &Endpoint::resolve(targets).unwrap(),
            },
        )
        .unwrap();
        Self {
            store,
            writer,
            stats,
            metrics,
            handle,
            _folder: folder,
        }
    }

    /// So many requests of 200 KiB. The store keeps up, as it does, and who else is asked.
    pub(super) fn requests(&self, count: u64, keeps_up: impl Fn(u64) -> bool) {
        let body = vec![b'x'; 200 << 10];
        for number in 0..count {
            let id = (number % 200) as u8 + 1;
            let Record::Open(mut open) = open(id) else {
                panic!()
            };
            open.input = &body;
            let records = [Record::Open(open), closed(id, Outcome::Ok, b"")];
            let last = self.writer.append_all(&records).unwrap().as_u64();
            if number % 8 == 0 {
                let settled = || self.stats.settled.load(Ordering::Relaxed);
                until(|| settled() >= last && keeps_up(number));
            }
        }
    }
}
