//! What this crate costs a request whose answer comes in one piece: time and allocations of each step, as the server
//! calls them. `cargo bench -p tollgate-providers`, with the beginning of a case's name for that alone; the work is that
//! of `benches/` (`make bench`): 1 KiB each way.
//!
//! *Warm* is the lowest of many batches in a loop: whatever else the machine does only ever adds. *Cold* is the median of
//! single calls after caches and branch predictors had other work, as between two requests of a server.
#![allow(unsafe_code)] // The counting allocator.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use bytes::Bytes;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tollgate_domain::{Endpoint, ProviderKind};
use tollgate_providers::{
    Call, CallerHeaders, ModelFacts, NoMemory, Outgoing, TargetModel, prepare,
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: each call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const PROSE: &str = "The toll keeper counts the carts that cross the bridge, notes what each one \
    carries, takes the coin and lifts the bar; at dusk the book and the purse must agree. ";
const SIZE: usize = 1024;
const BATCHES: usize = 300;
const BATCH: u32 = 500;
const COLD_CALLS: usize = 1000;
/// More than the cores' own caches hold, code and data alike.
const OTHER_WORK: usize = 4 << 20;

fn main() {
    println!(
        "{:<24}{:>12}{:>12}{:>14}",
        "ns a call", "warm", "cold", "allocations"
    );
    let request = request();
    let forward = (ProviderKind::OpenAi, "gpt-4o-mini");
    let translate = (ProviderKind::Anthropic, "mock-whole");
    case("OpenAI to OpenAI", &request, forward, &openai_reply());
    case(
        "OpenAI to Anthropic",
        &request,
        translate,
        &anthropic_reply(),
    );
}

fn case(name: &str, request: &Bytes, target: (ProviderKind, &str), reply: &Bytes) {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    if wanted.is_some_and(|wanted| !name.starts_with(&wanted)) {
        return;
    }
    println!("{name}");
    let call = scan(request);
    step("scan", || scan(request));
    step("prepare", || prepared(&call, target));
    step("all", || {
        let call = scan(request);
        let mut out = prepared(&call, target);
        let bytes = out.reply.whole(reply.clone()).unwrap();
        black_box(out.reply.seen());
        (call, out, bytes)
    });
}

/// Runs one step in batches and prints its cost; what it returns is dropped within its time.
fn step<T>(name: &str, mut run: impl FnMut() -> T) {
    for _ in 0..BATCH {
        black_box(run());
    }
    let before = ALLOCATIONS.load(Relaxed);
    black_box(run());
    let allocations = ALLOCATIONS.load(Relaxed) - before;
    let mut lowest = Duration::MAX;
    for _ in 0..BATCHES {
        let start = Instant::now();
        for _ in 0..BATCH {
            black_box(run());
        }
        lowest = lowest.min(start.elapsed());
    }
    let warm = lowest.as_nanos() / u128::from(BATCH);
    let mut other_work = vec![1_u8; OTHER_WORK];
    let mut singles: Vec<u128> = (0..COLD_CALLS)
        .map(|_| {
            other_work.iter_mut().for_each(|byte| *byte ^= 1);
            black_box(&mut other_work);
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_nanos()
        })
        .collect();
    singles.sort_unstable();
    let cold = singles[COLD_CALLS / 2];
    println!("  {name:<22}{warm:>12}{cold:>12}{allocations:>14}");
}

fn scan(request: &Bytes) -> Call {
    Call::scan(Endpoint::ChatCompletions, request.clone()).unwrap()
}

fn prepared(call: &Call, (kind, model): (ProviderKind, &str)) -> Outgoing {
    let target = TargetModel {
        kind,
        provider: "upstream",
        model: Some(model),
        stream_usage: true,
        facts: ModelFacts::default(),
        refuse_losses: false,
    };
    let mut out = prepare(call, &CallerHeaders::default(), &target, &NoMemory).unwrap();
    out.reply.created_at(1_760_000_000);
    out
}

fn request() -> Bytes {
    padded(
        r#"{"model":"mock-whole","messages":[{"role":"system","content":"You keep the bridge's book."},{"role":"user","content":"Entry 0000000000000000. "#,
        r#""}],"temperature":0.2,"max_tokens":256}"#,
    )
}

fn openai_reply() -> Bytes {
    padded(
        r#"{"id":"chatcmpl-9f1e2d3c4b5a","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"message":{"role":"assistant","content":""#,
        r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":212,"completion_tokens":118,"total_tokens":330,"prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_5a4b3c2d1e"}"#,
    )
}

fn anthropic_reply() -> Bytes {
    padded(
        r#"{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"mock-whole","content":[{"type":"text","text":""#,
        r#""}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":148,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":118}}"#,
    )
}

/// A body of [`SIZE`] bytes, prose in its middle.
fn padded(before: &str, after: &str) -> Bytes {
    let room = SIZE - before.len() - after.len();
    let prose: String = PROSE.chars().cycle().take(room).collect();
    [before, &prose, after].concat().into()
}
