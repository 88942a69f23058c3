//! Load whose every request is known by a trace id of its own, and the ledger compared with the provider's own log.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tollgate::simulated::Entry;
use tollgate_domain::{Cost, NanoUsd, TraceId};
use tollgate_store::Store;
use tollgate_store::ledger::LedgerRow;

use crate::http::{self, Answer};
use crate::server::{KEY, Server};
use crate::upstream::Upstream;
use crate::wait;

/// What the clients know: how many requests they began, and those whose end they saw.
#[derive(Default)]
pub(super) struct Clients {
    begun: AtomicU64,
    is_over: AtomicBool,
    /// Nobody calls just now.
    is_paused: AtomicBool,
    finished: Mutex<BTreeMap<String, Instant>>,
    refused: AtomicU64,
    slowest: Mutex<Duration>,
}

impl Clients {
    /// Requests whose end was seen.
    pub(super) fn finished(&self) -> usize {
        self.finished.lock().unwrap().len()
    }

    /// Requests that were answered with 503.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The longest that a finished request took.
    pub(super) fn slowest(&self) -> Duration {
        *self.slowest.lock().unwrap()
    }

    /// Kills the server under load and starts it again, with something between; nobody calls while it is away.
    pub(super) fn kill_and_restart(&self, server: &mut Server, between: impl FnOnce()) {
        server.kill();
        self.is_paused.store(true, Ordering::Relaxed);
        between();
        server.restart();
        self.is_paused.store(false, Ordering::Relaxed);
    }

    /// Does something while so many clients call, each one request after the other.
    pub(super) fn call_while<T>(
        &self,
        count: usize,
        address: SocketAddr,
        work: impl FnOnce() -> T,
    ) -> T {
        /// Also when the work panics: the clients' threads are waited for.
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        thread::scope(|scope| {
            self.is_over.store(false, Ordering::Relaxed);
            let _end = End(&self.is_over);
            for _ in 0..count {
                scope.spawn(|| self.call(address));
            }
            work()
        })
    }

    fn call(&self, address: SocketAddr) {
        while !self.is_over.load(Ordering::Relaxed) {
            if self.is_paused.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
            } else {
                self.one(address);
            }
        }
    }

    /// Waits until so many more have finished.
    #[track_caller]
    pub(super) fn wait_for(&self, more: usize) {
        let before = self.finished();
        wait::until("requests under load", || self.finished() >= before + more);
    }

    #[expect(clippy::disallowed_methods, reason = "tests wait by the real clock")]
    fn one(&self, address: SocketAddr) {
        let (begun, number) = (Instant::now(), self.begin());
        let Ok(answer) = ask(address, number) else {
            return; // The server was away.
        };
        if answer.status == 503 {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        if answer.status == 200 && is_whole(&answer, is_streamed(number)) {
            let mut slowest = self.slowest.lock().unwrap();
            *slowest = begun.elapsed().max(*slowest);
            let mut finished = self.finished.lock().unwrap();
            finished.insert(trace_id(number), Instant::now());
        }
    }

    /// A request beside those of the clients.
    pub(super) fn try_one(&self, address: SocketAddr) -> std::io::Result<Answer> {
        ask(address, self.begin())
    }

    fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Stops the server, and compares what it left in the store with what provider and clients saw:
    ///
    /// - each request that the provider saw is in the ledger once, and a trace;
    /// - each whose end its client saw has exactly the usage that was reported, and exactly its cost;
    /// - nothing else is there but what never reached the provider.
    #[track_caller]
    pub(super) fn compare(&self, server: &mut Server, upstream: &Upstream) {
        let database = server.data().join("tollgate.db");
        self.compare_in(&database, server, upstream);
    }

    /// As [`Self::compare`], where the store is elsewhere.
    #[track_caller]
    pub(super) fn compare_in(&self, database: &Path, server: &mut Server, upstream: &Upstream) {
        self.compare_after(&Losses::default(), database, server, upstream);
    }

    /// As [`Self::compare_in`], after losses of power.
    #[track_caller]
    pub(super) fn compare_after(
        &self,
        losses: &Losses,
        database: &Path,
        server: &mut Server,
        upstream: &Upstream,
    ) {
        server.stop();
        let store = Store::open(database).unwrap();
        self.compare_with(&store, &upstream.log(), losses);
    }

    #[track_caller]
    fn compare_with(&self, store: &Store, log: &[Entry], losses: &Losses) {
        let finished = self.finished.lock().unwrap();
        let mut ledger: BTreeMap<String, Vec<LedgerRow>> = BTreeMap::new();
        for line in store.ledger(None, u32::MAX).unwrap() {
            let lines = ledger.entry(line.trace.to_string()).or_default();
            lines.push(line);
        }
        let (mut seen, mut lost) = (BTreeSet::new(), 0);
        for entry in log {
            let trace = trace_of(entry);
            assert!(seen.insert(trace.clone()), "{trace} was asked for twice");
            let lines = ledger.get(&trace).map_or(&[][..], Vec::as_slice);
            if lines.is_empty() && losses.allow(finished.get(&trace)) {
                lost += 1;
                continue;
            }
            let [line] = lines else {
                panic!("the provider saw {trace}; the ledger has {lines:?}")
            };
            if line.outcome == "interrupted" && losses.allow(finished.get(&trace)) {
                // A part of its records may be lost.
                continue;
            }
            let id: TraceId = trace.parse().unwrap();
            let stored = store.trace(id).unwrap().unwrap();
            assert_eq!(stored.spans.len(), 2, "{trace}");
            if finished.contains_key(&trace) && !losses.allow(finished.get(&trace)) {
                assert_eq!(line.outcome, "ok", "{trace}: its client saw the end");
            }
            match line.outcome.as_str() {
                "ok" => compare_account(line, entry),
                _ => assert!(line.usage.total() > 0, "{line:?}"),
            }
        }
        for trace in finished.keys() {
            assert!(seen.contains(trace), "the end of {trace} came from nowhere");
        }
        for (trace, lines) in &ledger {
            assert_eq!(lines.len(), 1, "{lines:?}");
            if !seen.contains(trace) {
                assert_ne!(lines[0].outcome, "ok", "{trace} never reached the provider");
            }
        }
        println!(
            "{} requests of the provider's, {} ends seen, {} lines, {lost} lost",
            seen.len(),
            finished.len(),
            ledger.len()
        );
    }
}

/// Losses of power, and what they may have taken.
#[derive(Default)]
pub(super) struct Losses {
    pub(super) moments: Vec<Instant>,
    /// Requests whose end was seen so shortly before one; None: not a single one of these.
    pub(super) grace: Option<Duration>,
}

impl Losses {
    /// Whether a request may be missing whose end was seen then, or never.
    fn allow(&self, ended: Option<&Instant>) -> bool {
        self.moments.iter().any(|moment| match (ended, self.grace) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(ended), Some(grace)) => *ended + grace >= *moment && *ended <= *moment + grace,
        })
    }
}

fn trace_id(number: u64) -> String {
    format!("{:032x}", (0x7011_u128 << 64) + u128::from(number))
}

fn is_streamed(number: u64) -> bool {
    number % 4 >= 2
}

/// One of four kinds: streamed or whole, translated or not.
fn ask(address: SocketAddr, number: u64) -> std::io::Result<Answer> {
    let model = match number % 4 {
        0 => "sim-gpt",
        1 => "sim-claude",
        2 => "sim-gpt+fault=pace:4,10",
        _ => "sim-claude+fault=pace:4,10",
    };
    let trace = trace_id(number);
    let content = format!("40 words, please, for {trace}");
    let messages = json!([{ "role": "user", "content": content }]);
    let body = json!({ "model": model, "messages": messages, "stream": is_streamed(number) });
    let bearer = format!("Bearer {KEY}");
    let parent = format!("00-{trace}-00000000000000aa-01");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("traceparent", parent.as_str()),
    ];
    http::post(address, "/v1/chat/completions", &headers, &body)
}

fn is_whole(answer: &Answer, is_streamed: bool) -> bool {
    if is_streamed {
        answer.body.contains("data: [DONE]")
    } else {
        serde_json::from_str::<Value>(&answer.body).is_ok()
    }
}

fn trace_of(entry: &Entry) -> String {
    let rest = entry.body.split("please, for ").nth(1);
    match rest.and_then(|rest| rest.get(..32)) {
        Some(trace) => trace.to_owned(),
        None => panic!("a request that no client sent: {}", entry.body),
    }
}

/// By the prices of [`crate::server::configuration`], in nano-dollars a token.
#[track_caller]
pub(super) fn compare_account(line: &LedgerRow, entry: &Entry) {
    let usage = entry.usage.as_ref().unwrap();
    let count = |path: &str| usage.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let (input, output, cost) = if entry.path.contains("messages") {
        let (fresh, read) = (count("/input_tokens"), count("/cache_read_input_tokens"));
        let written = count("/cache_creation_input_tokens");
        let output = count("/output_tokens");
        let input = fresh * 3_000 + read * 300 + written * 3_750;
        (fresh + read + written, output, (input, output * 15_000))
    } else {
        let (all, read) = (
            count("/prompt_tokens"),
            count("/prompt_tokens_details/cached_tokens"),
        );
        let output = count("/completion_tokens");
        (
            all,
            output,
            ((all - read) * 1_250 + read * 125, output * 10_000),
        )
    };
    let cost = Cost {
        input: NanoUsd(cost.0),
        output: NanoUsd(cost.1),
    };
    assert_eq!(line.usage.input_total() as i64, input, "{line:?}");
    assert_eq!(line.usage.output_total() as i64, output, "{line:?}");
    assert_eq!(line.cost, cost, "{line:?}");
    assert!(!line.usage.estimated && !line.unpriced, "{line:?}");
}
