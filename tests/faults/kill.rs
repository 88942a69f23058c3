//! `kill -9` under load, then the accounts compared with the provider's own books (promises D1 and A1).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::http;
use crate::server::{KEY, Server};
use crate::traces;
use crate::upstream::Upstream;
use crate::wait;

const CLIENTS: u64 = 16;
/// Finished requests before the first kill, and between kills.
const FINISHED: usize = 150;
const KILLS: usize = 3;

/// What the clients know: the traces that they began, and those whose end they saw.
#[derive(Default)]
struct Seen {
    next: AtomicU64,
    is_over: AtomicBool,
    /// Between a kill and the next start nobody calls.
    is_away: AtomicBool,
    finished: Mutex<BTreeSet<String>>,
}

impl Seen {
    fn finished(&self) -> usize {
        self.finished.lock().unwrap().len()
    }
}

#[test]
fn after_kill_9_under_load_each_request_that_the_provider_saw_is_in_the_store_once() {
    let upstream = Upstream::start();
    let mut server = Server::before(&upstream);
    let address = server.address;
    let seen = Seen::default();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !seen.is_over.load(Ordering::Relaxed) {
                    wait::until("the restart", || !seen.is_away.load(Ordering::Relaxed));
                    let number = seen.next.fetch_add(1, Ordering::Relaxed) + 1;
                    one_request(address, number, &seen);
                }
            });
        }
        for _ in 0..KILLS {
            let before = seen.finished();
            wait::until("requests under load", || {
                seen.finished() >= before + FINISHED
            });
            server.kill();
            seen.is_away.store(true, Ordering::Relaxed);
            server.restart();
            seen.is_away.store(false, Ordering::Relaxed);
        }
        seen.is_over.store(true, Ordering::Relaxed);
    });
    // A client that never reached the server has no trace; every request that the provider saw has one.
    let mut stored: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for trace in traces::at_least(&server, upstream.log().len()) {
        stored
            .entry(traces::id(&trace).to_owned())
            .or_default()
            .push(trace);
    }
    compare(&upstream, &seen, &stored);
}

fn trace_id(number: u64) -> String {
    format!(
        "{:032x}",
        0x7011_0000_0000_0000_u64 as u128 * 0x1_0000_0000 + u128::from(number)
    )
}

/// One call with a trace id of its own, every other one streamed and slow enough to be cut.
fn one_request(address: std::net::SocketAddr, number: u64, seen: &Seen) {
    let trace = trace_id(number);
    let is_streamed = number.is_multiple_of(2);
    let body = json!({
        "model": if is_streamed { "sim-gpt+fault=pace:4,10" } else { "sim-gpt" },
        "messages": [{ "role": "user", "content": format!("40 words, please, for {trace}") }],
        "stream": is_streamed,
    });
    let bearer = format!("Bearer {KEY}");
    let parent = format!("00-{trace}-00000000000000aa-01");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("traceparent", parent.as_str()),
    ];
    let Ok(answer) = http::post(address, "/v1/chat/completions", &headers, &body) else {
        return; // The server was away.
    };
    let is_whole = if is_streamed {
        answer.body.contains("data: [DONE]")
    } else {
        serde_json::from_str::<Value>(&answer.body).is_ok()
    };
    if answer.status == 200 && is_whole {
        seen.finished.lock().unwrap().insert(trace);
    }
}

fn compare(upstream: &Upstream, seen: &Seen, traces: &BTreeMap<String, Vec<Value>>) {
    let finished = seen.finished.lock().unwrap();
    let mut provider_saw = 0;
    for entry in upstream.log() {
        let Some(trace) = entry
            .body
            .split("please, for ")
            .nth(1)
            .and_then(|rest| rest.get(..32))
        else {
            panic!("a request that no client sent: {}", entry.body)
        };
        provider_saw += 1;
        let found = traces.get(trace).map_or(0, Vec::len);
        assert_eq!(
            found, 1,
            "the provider saw {trace}; the store has it {found} times"
        );
        if finished.contains(trace) {
            let metadata = &traces[trace][0]["trace_metadata"];
            let usage: Value =
                serde_json::from_str(metadata["mlflow.trace.tokenUsage"].as_str().unwrap())
                    .unwrap();
            let reported = entry.usage.as_ref().unwrap();
            assert_eq!(usage["input_tokens"], reported["prompt_tokens"], "{trace}");
            assert_eq!(
                usage["output_tokens"], reported["completion_tokens"],
                "{trace}"
            );
            assert_eq!(traces[trace][0]["state"], "OK", "{trace}");
        }
    }
    for trace in finished.iter() {
        assert!(
            traces.contains_key(trace),
            "a client saw the end of {trace}; the store lost it"
        );
    }
    println!(
        "{provider_saw} requests, {} ends seen, {} traces",
        finished.len(),
        traces.len()
    );
}
