//! `/sim/*`: the same control that a test in this process has, over HTTP.

use http::Method;
use http::request::Parts;
use serde_json::Value;

use super::Simulator;
use super::failure::Failure;
use super::fault::Fault;
use super::json::{Json, object};

pub(crate) fn answer(simulator: &Simulator, parts: &Parts, body: &[u8]) -> Result<Json, Failure> {
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/sim/faults") => {
            let queue = read_queue(body)?;
            let queued = queue.len();
            queue
                .into_iter()
                .for_each(|faults| simulator.push_faults(faults));
            Ok(object! { "queued": queued })
        }
        (&Method::GET, "/sim/log") => Ok(object! { "requests": simulator.log_after(after(parts)) }),
        (&Method::POST, "/sim/reset") => {
            simulator.reset();
            Ok(object! {})
        }
        _ => Err(Failure::new(
            404,
            "invalid_request_error",
            "no such control",
        )),
    }
}

/// `{"next": [one request's faults, the next's, …]}`, each a name, a list joined by `+`, or an array of names.
fn read_queue(body: &[u8]) -> Result<Vec<Vec<Fault>>, Failure> {
    let expected = || Failure::bad("expected {\"next\": [\"FAULT\" or [\"FAULT\", …], …]}");
    let body: Value = serde_json::from_slice(body).map_err(|_| expected())?;
    let next = body
        .get("next")
        .and_then(Value::as_array)
        .ok_or_else(expected)?;
    let names = next.iter().map(|entry| match entry {
        Value::String(names) => Ok(names.clone()),
        Value::Array(names) => {
            let names: Option<Vec<_>> = names.iter().map(Value::as_str).collect();
            names.map(|names| names.join("+")).ok_or_else(expected)
        }
        _ => Err(expected()),
    });
    names
        .map(|names| Fault::parse_all(&names?).map_err(|unknown| Failure::bad(unknown.to_string())))
        .collect()
}

/// `?after=SEQ`: only what came later.
fn after(parts: &Parts) -> Option<u64> {
    parts.uri.query()?.strip_prefix("after=")?.parse().ok()
}
